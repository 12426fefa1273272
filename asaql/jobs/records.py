"""Shapes that hold others: lists, records with known keys, mappings from chosen names."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from asaql.diagnostics import did_you_mean
from asaql.jobs.document import Items, Mapping, Node, Scalar, to_python
from asaql.jobs.problems import Problems
from asaql.jobs.shapes import Shape, report_expected
from asaql.model import BIGINT_MAX, BIGINT_MIN


class ListOf(Struct, frozen=True):
    """A list whose items have one shape."""

    item: Shape

    def read(self, node: Node, problems: Problems) -> tuple[Any, ...] | None:
        """Return the items."""
        if not isinstance(node, Items):
            report_expected("a list", node, problems)
            return None
        return tuple(self.item.read(each, problems) for each in node.items)

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the list."""
        return {"type": "array", "items": self.item.json_schema()}


class Event(Struct, frozen=True):
    """One event: any keys, any values that the dialect has."""

    def read(self, node: Node, problems: Problems) -> dict[str, Any] | None:
        """Return the event."""
        if not isinstance(node, Mapping):
            report_expected("an event with its fields", node, problems)
            return None
        _check_numbers(node, problems)
        event: dict[str, Any] = to_python(node)
        return event

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of an event."""
        return {"type": "object"}


def _check_numbers(node: Node, problems: Problems) -> None:
    if isinstance(node, Mapping):
        for entry in node:
            _check_numbers(entry.value, problems)
    elif isinstance(node, Items):
        for item in node.items:
            _check_numbers(item, problems)
    elif isinstance(node.value, int) and not BIGINT_MIN <= node.value <= BIGINT_MAX:
        problems.error("AQ701", "a whole number does not fit a bigint", node, label="more than 64 bits")


class Field(Struct, frozen=True):
    """A key of a record.

    Attributes:
        name: The key.
        shape: What its value must be.
        summary: One sentence, for the published schema.
        is_required: Whether the key must be there.
    """

    name: str
    shape: Shape
    summary: str
    is_required: bool = False


class Record(Struct, frozen=True):
    """A mapping with known keys.

    Attributes:
        what: What it describes, with its article: `an input`.
        fields: The keys.
        one_of: Keys of which exactly one must be there.
        at_most_one_of: Keys of which no two may be there.
        short: The key that a text in place of the mapping stands for.
    """

    what: str
    fields: tuple[Field, ...]
    one_of: tuple[str, ...] = ()
    at_most_one_of: tuple[str, ...] = ()
    short: str | None = None

    def read(self, node: Node, problems: Problems) -> dict[str, Any] | None:
        """Return the values of the keys that are there, without those that could not be read."""
        if self.short is not None and isinstance(node, Scalar) and node.value is not None:
            value = self._field(self.short).shape.read(node, problems)
            return None if value is None else {self.short: value}
        if not isinstance(node, Mapping):
            report_expected(f"the keys of {self.what}", node, problems)
            return None
        values: dict[str, Any] = {}
        known = {each.name: each for each in self.fields}
        seen: set[str] = set()
        supposed: set[str] = set()
        for entry in node:
            if entry.name not in known:
                meant = self._report_unknown(entry.key, problems)
                supposed |= {meant} if meant else set()
            elif entry.name in seen:
                problems.error("AQ202", f'the key "{entry.name}" is given twice', entry.key, label="again here")
            else:
                seen.add(entry.name)
                value = known[entry.name].shape.read(entry.value, problems)
                if value is not None:
                    values[entry.name] = value
        self._check_presence(node, seen | supposed, problems)
        return values

    def _field(self, name: str) -> Field:
        return next(each for each in self.fields if each.name == name)

    def _report_unknown(self, key: Scalar, problems: Problems) -> str | None:
        """Report a key that is not known; return the one that was probably meant, which then is not missing too."""
        names = [each.name for each in self.fields]
        near = did_you_mean(str(key.value), names)
        problems.error(
            "AQ701",
            f'{self.what} has no key "{key.value}"',
            key,
            label="not known here",
            notes=() if near else (f"{self.what} has the keys {', '.join(names)}",),
            help=f'did you mean "{near}"?' if near else None,
        )
        return near

    def _check_presence(self, node: Mapping, seen: set[str], problems: Problems) -> None:
        for each in self.fields:
            if each.is_required and each.name not in seen:
                problems.error("AQ701", f'{self.what} needs the key "{each.name}"', node, label="missing here")
        if self.one_of and not seen & set(self.one_of):
            problems.error("AQ701", f"{self.what} needs {_any_of(self.one_of)}", node, label="missing here")
        for group in (self.one_of, self.at_most_one_of):
            given = [each for each in node if each.name in group]
            if len({each.name for each in given}) > 1:
                first, second = given[0], next(each for each in given if each.name != given[0].name)
                problems.error(
                    "AQ701",
                    f'{self.what} has both "{first.name}" and "{second.name}"',
                    second.key,
                    label="one of the two is enough",
                )

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the record."""
        schema: dict[str, Any] = {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                each.name: {"description": each.summary, **each.shape.json_schema()} for each in self.fields
            },
        }
        required = [each.name for each in self.fields if each.is_required]
        if required:
            schema["required"] = required
        if self.one_of:
            schema["oneOf"] = [{"required": [each]} for each in self.one_of]
        if self.at_most_one_of:
            schema["not"] = {"required": list(self.at_most_one_of)}
        if self.short is not None:
            return {"anyOf": [self._field(self.short).shape.json_schema(), schema]}
        return schema


def _any_of(names: Sequence[str]) -> str:
    return " or ".join(f'"{each}"' for each in names)


class Named(Struct, frozen=True):
    """A mapping from names that the user chooses to values of one shape; names must differ in more than case."""

    what: str
    value: Shape

    def read(self, node: Node, problems: Problems) -> dict[str, Any] | None:
        """Return the values by name, without those that could not be read."""
        if not isinstance(node, Mapping):
            report_expected(f"names of {self.what}s with their settings", node, problems)
            return None
        values: dict[str, Any] = {}
        seen: dict[str, str] = {}
        for entry in node:
            folded = entry.name.casefold()
            if folded in seen:
                problems.error(
                    "AQ202",
                    f'the {self.what} "{entry.name}" is declared twice',
                    entry.key,
                    label="again here",
                    notes=(f'it is the same name as "{seen[folded]}": case does not count',)
                    if seen[folded] != entry.name
                    else (),
                )
                continue
            seen[folded] = entry.name
            value = self.value.read(entry.value, problems)
            if value is not None:
                values[entry.name] = value
        return values

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the mapping."""
        return {"type": "object", "additionalProperties": self.value.json_schema()}
