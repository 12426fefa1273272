"""What a CSV record is, said once: the rules that hold for every record, however fast it is read.

A record ends with a line break that stands in no quoted value. A value is quoted if its first character is a quotation
mark; it then goes on to the next single mark, two marks stand for one, and whatever follows up to the delimiter is
taken as it stands. Blank lines are no records. A quoted value without an end makes the line on which it begins
malformed, and reading goes on with the next line.
"""

import re
from functools import lru_cache

from msgspec import Struct

MAX_RECORD_BYTES = 1 << 24
"""How long a record may be before its first line counts as malformed."""


class Grammar(Struct, frozen=True):
    """The patterns of one delimiter.

    Attributes:
        record: Matches a record with its line break.
        value: Matches a value and the delimiter or the end behind it; groups: quoted part, rest.
    """

    record: re.Pattern[bytes]
    value: re.Pattern[bytes]


@lru_cache(maxsize=16)
def grammar_of(delimiter: str) -> Grammar:
    """Return the grammar for a delimiter of one ASCII character."""
    mark = re.escape(delimiter.encode())
    quoted = rb'"(?:[^"]++|"")*+"'
    plain = rb"(?!\")[^%b\n]*+" % mark
    value = rb"(?:%b[^%b\n]*+|%b)" % (quoted, mark, plain)
    return Grammar(
        record=re.compile(rb"%b(?:%b%b)*+\n" % (value, mark, value)),
        value=re.compile(rb"(?:(%b)([^%b\n]*+)|(%b))(%b|\Z)" % (quoted, mark, plain, mark)),
    )


def values_of(record: bytes, grammar: Grammar) -> list[bytes]:
    """Return the values of one record without its line break."""
    values = []
    at = 0
    while True:
        match = grammar.value.match(record, at)
        assert match is not None, record
        quoted, rest, plain, delimiter = match.groups()
        values.append(plain if quoted is None else quoted[1:-1].replace(b'""', b'"') + rest)
        if not delimiter:
            return values
        at = match.end()


def without_line_break(record: bytes) -> bytes:
    """Return a record without the line break, of either kind, that ends it."""
    return record.removesuffix(b"\n").removesuffix(b"\r")
