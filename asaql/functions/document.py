"""Prints docs/functions.md, the page of all functions: `python -m asaql.functions.document > docs/functions.md`."""

import json
import sys
from collections.abc import Iterator
from typing import Any

from asaql.functions import Function, Parameter, functions
from asaql.functions.aggregates import Aggregate, AggregateExample, aggregates
from asaql.functions.foreign import foreign_names
from asaql.model import Instant

_INTRODUCTION = """# Functions and operators

Names of functions ignore case. Types belong to values: what a function does is decided for every event by the values
it meets. Unless said otherwise, NULL as an argument gives NULL, and a value of a kind that the function does not take
fails the job. Where text is expected, numbers, bits and datetimes are converted to text; where a number is expected,
text that holds one is converted; where a datetime is expected, text in ISO 8601 form is."""

_CHAPTERS = (
    "Operators",
    "Comparisons",
    "Conversions",
    "Strings",
    "Date and time",
    "Mathematics",
    "Records and arrays",
    "Geospatial",
)


def functions_page() -> str:
    """Return the page as Markdown."""
    blocks = [_INTRODUCTION]
    for chapter in _CHAPTERS:
        blocks.append(f"## {chapter}")
        for each in functions():
            if each.category == chapter:
                blocks += _function(each)
    blocks.append("## Aggregates")
    for aggregate in aggregates():
        blocks += _aggregate(aggregate)
    blocks.append("## Names of other dialects")
    blocks.append("These functions of other SQL dialects are not in this one. What to write instead:")
    rows = "\n".join(f"| `{name}` | {_code(help_)} |" for name, help_ in foreign_names())
    blocks.append(f"| other dialects | here |\n|---|---|\n{rows}")
    return "\n\n".join(blocks) + "\n"


def signature(function: Function) -> str:
    """Return how a function or an operator is written, with the names of its parameters."""
    name, parameters = function.name, function.parameters
    names = [each.name for each in parameters]
    if " AS " in name:
        cast, kind = name.split(" AS ")
        return f"{cast}(expression AS {kind})"
    if name.endswith("BETWEEN"):
        return f"{names[0]} {name} {names[1]} AND {names[2]}"
    if name in ("IN", "NOT IN"):
        return f"{names[0]} {name} ({names[1]}, ..)"
    if name in ("LIKE", "NOT LIKE") or (not name[0].isalpha() and len(names) == 2):
        return f"{names[0]} {name} {names[1]}"
    if name == "NEGATE" or not name[0].isalpha():
        return f"{'-' if name == 'NEGATE' else name} {names[0]}"
    return f"{name}({', '.join(_parameter(each) for each in parameters)})"


def _parameter(parameter: Parameter) -> str:
    name = f"{parameter.name}, .." if parameter.is_repeated else parameter.name
    return f"[{name}]" if parameter.is_optional else name


def _function(function: Function) -> Iterator[str]:
    yield f"### `{signature(function)}`"
    yield f"{function.summary} Result: {function.returns}."
    if function.parameters and function.category not in ("Comparisons", "Conversions"):
        yield _types(function.parameters)
    if function.notes:
        yield " ".join(function.notes)
    if function.examples:
        rows = "\n".join(f"| {_code(each.expression)} | {_code(_literal(each.value))} |" for each in function.examples)
        yield f"| expression | value |\n|---|---|\n{rows}"


def _types(parameters: tuple[Parameter, ...]) -> str:
    """Return the parameters with their types, each name once."""
    types = {each.name: each.type for each in parameters}
    return "Takes: " + ", ".join(f"`{name}` {type_}" for name, type_ in types.items()) + "."


def _aggregate(aggregate: Aggregate) -> Iterator[str]:
    names = (["n"] if aggregate.takes_literal else []) + [_parameter(each) for each in aggregate.parameters]
    distinct = "[DISTINCT] " if aggregate.takes_distinct else ""
    order = " OVER (ORDER BY key)" if aggregate.takes_order else ""
    yield f"### `{aggregate.name}({distinct}{', '.join(names)}){order}`"
    yield f"{aggregate.summary} Result: {aggregate.returns}."
    if aggregate.notes:
        yield " ".join(aggregate.notes)
    if aggregate.examples:
        rows = "\n".join(_aggregate_example(each) for each in aggregate.examples)
        yield f"| expression | values | result |\n|---|---|---|\n{rows}"


def _aggregate_example(example: AggregateExample) -> str:
    values = ", ".join(_literal(each) for each in example.values)
    return f"| {_code(example.call)} | {_code(values)} | {_code(_literal(example.result))} |"


def _literal(value: Any) -> str:
    """Return a value as a query, or an output, writes it."""
    if value is None:
        return "NULL"
    if isinstance(value, str):
        return f"'{value}'"
    return str(value) if isinstance(value, Instant) else json.dumps(value, default=str)


def _code(text: str) -> str:
    """Return a text as code that may stand in a table."""
    escaped = text.replace("|", "\\|")
    return f"`{escaped}`"


if __name__ == "__main__":
    sys.stdout.write(functions_page())
