"""What a JSON event is, said once: the rules that hold for every event, however fast it is read.

An event is a JSON object in UTF-8. It is dropped if anything in it is malformed or does not fit a value of the dialect,
also in fields that no one reads: a whole number beyond 64 bits, a fraction beyond a double, half of a surrogate pair,
nesting beyond what the parser takes. Of two equal names in one object the last one counts.
"""

import re
from typing import Any

import msgspec

from asaql.formats.json_search import Scan
from asaql.model import BIGINT_MAX, BIGINT_MIN

DECODE_ERRORS = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError)
"""What msgspec raises for bytes that are no JSON, or JSON of another shape."""

_WHOLE = msgspec.json.Decoder()
_RAW = msgspec.json.Decoder(msgspec.Raw)
_ELEMENTS = msgspec.json.Decoder(list[msgspec.Raw])
_LONG_NUMBER = re.compile(rb"[0-9]{19}")
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"|["\[\]{}]', re.DOTALL)
_BLANK = b" \t\r\n"

# Digits and the plus sign become 0, e and E become e, all else a blank: what may not fit then holds 0000000000000000000
# (a whole number of 19 digits) or 0e000 (an exponent of three).
_OUTLINE = bytes(48 if chr(i) in "0123456789+" else 101 if chr(i) in "eE" else 32 for i in range(256))
_LONG_WHOLE_NUMBER = b"0" * 19
_LONG_EXPONENT = b"0e000"
_BEFORE_NUMBER = frozenset(b":,[ \t\r\n")
_IN_NUMBER = frozenset(b"0123456789+-.")


class MalformedEvent(ValueError):
    """Bytes that are no event; the text is the reason."""


def parse(text: bytes) -> Any:
    """Return the value of one JSON text.

    Raises:
        MalformedEvent: It is not JSON, or holds a number that has no value in the dialect.
    """
    try:
        value = _WHOLE.decode(text)
    except DECODE_ERRORS as error:
        raise MalformedEvent(reason_of(error)) from None
    if _LONG_NUMBER.search(text):
        _check_numbers(value)
    return value


def reason_of(error: Exception) -> str:
    """Return why a text is malformed, in words, from the parser's error."""
    if isinstance(error, UnicodeDecodeError):
        return "not UTF-8"
    if isinstance(error, RecursionError):
        return "nested too deeply"
    text = str(error)
    if text.startswith("Number out of range"):
        return "a number does not fit a float"
    if text == "Input data was truncated":
        return "malformed JSON: the text ends too early"
    return "malformed JSON: " + text.removeprefix("JSON is malformed: ")


def _check_numbers(value: Any) -> None:
    pending = [value]
    while pending:
        each = pending.pop()
        if type(each) is int:
            if not BIGINT_MIN <= each <= BIGINT_MAX:
                message = f"the whole number {_shortened(each)} does not fit 64 bits"
                raise MalformedEvent(message)
        elif type(each) is dict:
            pending.extend(each.values())
        elif type(each) is list:
            pending.extend(each)


def _shortened(number: int) -> str:
    return str(number) if abs(number) < 10**40 else "of more than 40 digits"


def events_of_line(line: bytes) -> list[dict[str, Any] | MalformedEvent]:
    """Return the events of one bare line, malformed ones as errors; see `texts_of_line`."""
    return [_event(text) for text in texts_of_line(line)]


def bare_line(line: bytes) -> bytes:
    """Return a line without the blanks around it and without the commas that end it, as between array elements."""
    return line.lstrip(_BLANK).rstrip(_BLANK + b",")


def texts_of_line(line: bytes) -> list[bytes]:
    """Return the texts of the events of one bare line.

    A line holds an object, or an array of objects, or several of these one behind the other, with or without commas.
    What is none of this is one text as it stands.
    """
    texts = []
    pending = [line]
    while pending:
        text = pending.pop()
        parts = _parts(text)
        if parts is None:
            texts.append(text)
        else:
            pending.extend(reversed(parts))
    return texts


def _parts(text: bytes) -> list[bytes] | None:
    """Return the texts that a text is made of, or None if it is one event or malformed."""
    is_array = text.startswith(b"[")
    if not is_array and not text.startswith(b"{"):
        return None
    try:
        elements = (_ELEMENTS if is_array else _RAW).decode(text)
    except DECODE_ERRORS:
        parts = split_values(text)
        return None if parts is None or len(parts) <= 1 else parts
    return [bytes(each).strip(_BLANK) for each in elements] if is_array else None


def _event(text: bytes) -> dict[str, Any] | MalformedEvent:
    try:
        value = parse(text)
    except MalformedEvent as error:
        return error
    return value if type(value) is dict else MalformedEvent(f"{_in_words(value)} is no JSON object")


def _in_words(value: Any) -> str:
    words = {list: "an array", str: "a text", bool: "a truth value", type(None): "null"}
    return words.get(type(value), "a number")


def split_values(text: bytes) -> list[bytes] | None:
    """Return the objects and arrays that follow one another in a text, or None if anything else stands between them."""
    values = []
    depth = start = end = 0
    for token in _TOKEN.finditer(text):
        mark = text[token.start()]
        if mark == 0x22:
            if depth == 0 or token.end() - token.start() == 1:
                return None
        elif mark in b"[{":
            if depth == 0:
                if text[end : token.start()].strip(_BLANK + b","):
                    return None
                start = token.start()
            depth += 1
        else:
            depth -= 1
            if depth < 0:
                return None
            if depth == 0:
                end = token.end()
                values.append(text[start:end])
    return None if depth or text[end:].strip(_BLANK + b",") else values


def all_numbers_fit(scan: Scan) -> bool:
    """Return whether every number of these lines has a value in the dialect; each line is a JSON object in UTF-8.

    Typed decoding skips the fields that no one reads without looking at their numbers. This looks at all of them,
    at a third of the cost of decoding at most.
    """
    if not scan.may_hold_long_numbers():
        return True
    lines = scan.data
    outline = lines.translate(_OUTLINE)
    for needle in (_LONG_WHOLE_NUMBER, _LONG_EXPONENT):
        at = outline.find(needle)
        while at >= 0:
            end = _end_of_run(outline, at)
            if _is_number(lines, at) and not _fits(lines[at:end]):
                start = lines.rfind(b"\n", 0, at) + 1
                end = lines.find(b"\n", at)
                end = len(lines) if end < 0 else end
                try:
                    parse(lines[start:end])
                except MalformedEvent:
                    return False
            at = outline.find(needle, end)
    return True


def _end_of_run(outline: bytes, at: int) -> int:
    end = outline.find(b" ", at)
    return len(outline) if end < 0 else end


def _fits(number: bytes) -> bool:
    return number.isdigit() and int(number[:20]) <= BIGINT_MAX


def _is_number(text: bytes, at: int) -> bool:
    """Return whether the digit at `at` may belong to a number, as opposed to a text such as a hexadecimal key."""
    while at >= 0 and text[at] in _IN_NUMBER:
        at -= 1
    return at < 0 or text[at] in _BEFORE_NUMBER
