"""Reading single fields out of JSON lines without building the events they stand in.

The needed fields become a generated msgspec Struct; everything else is skipped by the parser. A Struct knows exact
spellings only, names of the dialect ignore case: so a reader learns which spellings the data uses. Wherever an event
lacks the spelling of the query, it counts the quoted names of a chunk in lower case. If there are more of them than
of the spellings known, it looks the others up and starts again with a Struct that knows them too.

A field whose values have been of one plain kind is expected to stay so: the parser then holds every value to that
kind, and no one has to look through the types again. The first value of another kind ends the expectation.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Union

import msgspec

from asaql.formats.json_events import DECODE_ERRORS
from asaql.formats.json_search import Scan
from asaql.formats.names import fold, value_at
from asaql.model import Column, Kind

MAX_SPELLINGS = 8
"""How many spellings of one name a reader follows before it gives up."""

_ODD_BYTE = re.compile(rb"[\\\x80-\xff]")
_REST_OF_TEXT = re.compile(rb'(?:[^"\\]++|\\.)*+"', re.DOTALL)
_COLON = re.compile(rb"[ \t\r\n]*:")
_NOT_IN_STRUCT = re.compile(r'["\\\x00-\x1f]')
_TYPES: dict[Kind, Any] = {Kind.BIGINT: int | None, Kind.NVARCHAR: str | None, Kind.BIT: bool | None}
"""The kinds that the parser tells from all others; it takes 1 for a float."""
_Listing = Callable[[Sequence[Any]], list[Any]]


class CannotReadFieldsError(Exception):
    """The chunk has to be read event by event."""


class _NewSpellingsError(Exception):
    """The reader has learned a name; read again."""


class _Field:
    """A name below one record: read as a value, or descended into."""

    __slots__ = ("attributes", "below", "expected", "is_value", "struct")

    def __init__(self) -> None:
        self.is_value = False
        self.expected: Kind | None = None
        self.below: dict[str, _Field] = {}
        self.attributes: dict[str, str] = {}
        self.struct: Any = None


class FieldReader:
    """Reads the values at some paths from JSON lines.

    Args:
        paths: The paths, each at least one name.
    """

    def __init__(self, paths: Iterable[tuple[str, ...]]) -> None:
        self._paths = tuple(dict.fromkeys(paths))
        self._fields: dict[str, _Field] = {}
        self._spellings: dict[str, list[str]] = {}
        self._ends: dict[tuple[str, ...], _Field] = {}
        self._may_expect = True
        self.is_possible = True
        for path in self._paths:
            self._add(path)
        if self.is_possible:
            self._generate()

    def _add(self, path: tuple[str, ...]) -> None:
        fields = self._fields
        for position, name in enumerate(path):
            self._learn(name)
            field = fields.setdefault(fold(name), _Field())
            if position == len(path) - 1:
                field.is_value = True
                self._ends[path] = field
            fields = field.below

    def _learn(self, name: str) -> None:
        spellings = self._spellings.setdefault(fold(name), [])
        if name not in spellings:
            spellings.append(name)
        if len(spellings) > MAX_SPELLINGS or _NOT_IN_STRUCT.search(name):
            self.is_possible = False

    def _generate(self) -> None:
        self._decoder = msgspec.json.Decoder(self._struct_of(self._fields))
        self._listings: dict[str, _Listing] = {}

    def _listed(self, attribute: str, rows: Sequence[Any]) -> list[Any]:
        """Return an attribute, or one of an attribute, of all rows.

        Raises:
            AttributeError: A row does not have it.
        """
        listing = self._listings.get(attribute)
        if listing is None:
            listing = self._listings[attribute] = _listing_of(attribute)
        return listing(rows)

    def _struct_of(self, fields: dict[str, _Field]) -> Any:
        members = []
        for number, (folded, field) in enumerate(fields.items()):
            spellings = self._spellings[folded]
            field.attributes = {name: f"f{number}_{i}" for i, name in enumerate(spellings)}
            type_: Any = Any if field.expected is None else _TYPES[field.expected]
            if not field.is_value:
                field.struct = self._struct_of(field.below)
                type_ = Union[field.struct, None, bool, int, float, str, list[Any]]  # noqa: UP007 (built at run time)
            default = None if len(spellings) == 1 else msgspec.UNSET
            members += [
                (attribute, type_, msgspec.field(name=name, default=default))
                for name, attribute in field.attributes.items()
            ]
        return msgspec.defstruct("Fields", members, gc=False)

    def read(self, scan: Scan) -> tuple[dict[tuple[str, ...], Column], int]:
        """Return a column for every path, and the number of events.

        Args:
            scan: One JSON object a line, in UTF-8, no line blank.

        Raises:
            CannotReadFieldsError: A line is malformed, or names are spelled in ways that a Struct cannot follow.
        """
        while self.is_possible:
            try:
                rows = self._decoder.decode_lines(scan.data)
                columns = self._columns(rows, scan)
                self._expect(columns)
                return columns, len(rows)
            except _NewSpellingsError:
                if self.is_possible:
                    self._generate()
            except (*DECODE_ERRORS, OverflowError) as error:
                if not self._expects_nothing(error):
                    continue
                raise CannotReadFieldsError from error
        raise CannotReadFieldsError

    def _expect(self, columns: dict[tuple[str, ...], Column]) -> None:
        """Expect the kinds of these columns from now on."""
        if not self._may_expect:
            return
        is_news = False
        for path, field in self._ends.items():
            kind = columns[path].kind
            if field.expected is None and kind in _TYPES and not field.below and len(field.attributes) == 1:
                field.expected = kind
                is_news = True
        if is_news:
            self._generate()

    def _expects_nothing(self, error: Exception) -> bool:
        """Return whether an error cannot be due to an expectation; if it can, give up all of them."""
        expecting = [each for each in self._ends.values() if each.expected is not None]
        if not expecting or not isinstance(error, msgspec.ValidationError):
            return True
        self._may_expect = False
        for each in expecting:
            each.expected = None
        self._generate()
        return False

    def _columns(self, rows: list[Any], scan: Scan) -> dict[tuple[str, ...], Column]:
        columns: dict[tuple[str, ...], Column] = {}
        doubtful: dict[str, int] = {}
        for path in self._paths:
            expected = self._ends[path].expected
            values = self._values(rows, self._fields, path, doubtful)
            column = Column.from_values(values) if expected is None else Column.of_plain(expected, values)
            nulls = column.null_count()
            if nulls:
                present = len(rows) - nulls if len(path) == 1 else 0
                for name in path:
                    doubtful[fold(name)] = max(present, doubtful.get(fold(name), 0))
            columns[path] = column
        if b"\\" in scan.data or (doubtful and not scan.data.isascii()):
            self._look_for_odd_names(scan.data)
        if doubtful:
            self._look_for_spellings(scan, doubtful)
        return columns

    def _values(
        self, rows: Sequence[Any], fields: dict[str, _Field], path: tuple[str, ...], doubtful: dict[str, int]
    ) -> list[Any]:
        name, rest = path[0], path[1:]
        folded = fold(name)
        field = fields[folded]
        if rest and not field.is_value:
            direct = self._values_of_all(rows, fields, path)
            if direct is not None:
                return direct
        values = self._listed(field.attributes[name], rows)
        if len(field.attributes) > 1 and msgspec.UNSET in values:
            others = [attribute for spelling, attribute in field.attributes.items() if spelling != name]
            values, present = _first_set(values, [self._listed(each, rows) for each in others])
            doubtful[folded] = max(present, doubtful.get(folded, 0))
        if not rest:
            return values
        if field.is_value:
            return [value_at(each, rest) for each in values]
        struct = field.struct
        below = [each for each in values if type(each) is struct]
        found = self._values(below, field.below, rest, doubtful)
        if len(below) == len(values):
            return found
        following = iter(found)
        return [next(following) if type(each) is struct else None for each in values]

    def _values_of_all(self, rows: Sequence[Any], fields: dict[str, _Field], path: tuple[str, ...]) -> list[Any] | None:
        """Return the values at a path, or None if some record on the way is missing or a name has several spellings."""
        attributes = []
        for name in path[:-1]:
            field = fields[fold(name)]
            if field.is_value or len(field.attributes) > 1:
                return None
            attributes.append(field.attributes[name])
            fields = field.below
        last = fields[fold(path[-1])]
        if len(last.attributes) > 1:
            return None
        try:
            return self._listed(".".join((*attributes, last.attributes[path[-1]])), rows)
        except AttributeError:
            return None

    def _look_for_spellings(self, scan: Scan, doubtful: dict[str, int]) -> None:
        """Learn the spellings in use; `doubtful` has how many occurrences of a name are known ones at least."""
        lines = scan.data
        lowered = None
        learned = False
        for folded, present in doubtful.items():
            if not folded.isascii():
                continue
            name = folded.encode()
            most = scan.most_occurrences(name) if name else None
            if most == present:
                continue
            known = [b'"' + each.encode() + b'"' for each in self._spellings[folded] if each.isascii()]
            known_occurrences = sum(map(lines.count, known))
            if most == known_occurrences:
                continue
            lowered = lowered or lines.lower()
            if lowered.count(b'"' + name + b'"') in (present, known_occurrences):
                continue
            in_use = re.findall(b'"' + re.escape(name) + b'"', lines, re.IGNORECASE)
            for each in sorted(set(in_use).difference(known)):
                self._learn(each[1:-1].decode())
                learned = True
        if learned:
            raise _NewSpellingsError

    def _look_for_odd_names(self, lines: bytes) -> None:
        """Learn the names with characters beyond ASCII; give up where a name is written with an escape."""
        learned = False
        for name, has_escape in _odd_names(lines):
            spellings = self._spellings.get(fold(name))
            if spellings is None:
                continue
            if has_escape:
                raise CannotReadFieldsError
            if name not in spellings:
                self._learn(name)
                learned = True
        if learned:
            raise _NewSpellingsError


def _listing_of(attribute: str) -> _Listing:
    """Return what lists an attribute of rows of one Struct.

    Where the name stands in the code, the interpreter learns where the attribute lies: that takes half the time of
    `attrgetter`. It learns so for one type at a time, so the function is made anew for every Struct.
    """
    listing: _Listing = eval(f"lambda rows: [row.{attribute} for row in rows]")
    return listing


def _first_set(values: list[Any], others: list[list[Any]]) -> tuple[list[Any], int]:
    """Return each value that is set, else the one that another spelling has, else None; and how many were set."""
    unset = msgspec.UNSET
    if len(others) == 1:
        chosen = others[0] if values.count(unset) == len(values) else _either(values, others[0])
    else:
        chosen = _one_of(values, others)
    missing = chosen.count(unset)
    if missing:
        chosen = [None if each is unset else each for each in chosen]
    return chosen, len(chosen) - missing


def _either(values: list[Any], others: list[Any]) -> list[Any]:
    unset = msgspec.UNSET
    return [other if value is unset else value for value, other in zip(values, others, strict=True)]


def _one_of(values: list[Any], others: list[list[Any]]) -> list[Any]:
    """Return each value that is set, else the only one set among `others`; which of several comes first is unknown."""
    unset = msgspec.UNSET
    chosen = []
    for value, *rest in zip(values, *others, strict=True):
        present = [each for each in rest if each is not unset] if value is unset else [value]
        if len(present) > 1:
            raise CannotReadFieldsError
        chosen.append(present[0] if present else unset)
    return chosen


def _odd_names(lines: bytes) -> set[tuple[str, bool]]:
    """Return the names that hold a backslash or a byte beyond ASCII, and whether they are written with an escape."""
    names = set()
    look = _ODD_BYTE.search
    match = look(lines)
    while match:
        rest = _REST_OF_TEXT.match(lines, match.start())
        if rest is None:
            raise CannotReadFieldsError
        end = rest.end()
        if _COLON.match(lines, end):
            text = lines[lines.rindex(b'"', 0, match.start()) : end]
            names.add((msgspec.json.decode(text, type=str), b"\\" in text))
        match = look(lines, end)
    return names
