from collections.abc import Callable

import pytest

from asaql.functions import Example, Function, find_datepart, functions
from asaql.model import Value

EXAMPLES = [(function, example) for function in functions() for example in function.examples]
NEEDS_NO_EXAMPLE = {"GetMetadataPropertyValue", "CAST AS record", "CAST AS array"}


@pytest.mark.parametrize(("function", "example"), EXAMPLES, ids=lambda each: getattr(each, "expression", None))
def test_an_example_has_the_value_it_shows(
    function: Function, example: Example, value_of: Callable[..., Value]
) -> None:
    value = value_of(example.expression)
    assert value == example.value
    assert type(value) is type(example.value)


def test_every_documented_function_has_an_example() -> None:
    without = {each.name for each in functions() if each.category and not each.examples}
    assert without == NEEDS_NO_EXAMPLE


def test_every_declaration_is_complete() -> None:
    for each in functions():
        assert each.summary.endswith("."), each.name
        assert all(note.endswith(".") for note in each.notes), each.name
        optional = [parameter.is_optional for parameter in each.parameters]
        assert optional == sorted(optional), each.name
        assert not any(parameter.is_repeated for parameter in each.parameters[:-1]), each.name
        for parameter in each.parameters:
            assert parameter.type != "datepart" or parameter is each.parameters[0]


def test_dateparts_have_the_documented_abbreviations_and_plurals() -> None:
    spellings = {"yy": "year", "yyyy": "year", "qq": "quarter", "q": "quarter", "mm": "month", "m": "month"}
    spellings |= {"dy": "dayofyear", "y": "dayofyear", "dd": "day", "d": "day", "wk": "week", "ww": "week"}
    spellings |= {"dw": "weekday", "w": "weekday", "dayofweek": "weekday", "hh": "hour", "mi": "minute", "n": "minute"}
    spellings |= {"ss": "second", "s": "second", "ms": "millisecond", "mcs": "microsecond", "HOURS": "hour"}
    assert {each: find_datepart(each) for each in spellings} == spellings
    assert find_datepart("nanosecond") is None


def test_operators_casts_and_variants_cannot_be_called_by_name() -> None:
    callable_names = {each.name for each in functions() if each.is_callable}
    assert {"COALESCE", "LEFT", "CONCAT_WS", "ST_WITHIN"} <= callable_names
    assert callable_names.isdisjoint({"NEGATE", "LIKE", "IN", "+", "CAST AS bigint", "ST_WITHIN (level 1.0)"})
