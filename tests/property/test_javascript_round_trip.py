"""Values that go through V8 come back as the type table says, however they are cut into batches."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asaql.diagnostics import Source
from asaql.model import TICKS_PER_MILLISECOND, Column, Instant
from asaql.udf.javascript import ScriptHost
from asaql.udf.script_spec import ScriptFunction

_IDENTITY = "function main(value) { return value; }"
_texts = st.text(st.characters(codec="utf-8"), max_size=8)
_names = st.one_of(_texts, st.sampled_from(["$", "__proto__", "constructor", "toString", "0"]))
_instants = st.integers(0, 3_155_378_975_999_999_999).map(Instant)
_scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    _texts,
    _instants,
)
_values = st.recursive(
    _scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_names, inner, max_size=3)),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def host() -> Iterator[ScriptHost]:
    opened = ScriptHost([ScriptFunction("f", Source("f.js", _IDENTITY))])
    yield opened
    opened.close()


def through(value: Any) -> Any:
    """Return what a value is after a journey into JavaScript and back, as the documentation has it."""
    if isinstance(value, bool) or not isinstance(value, (int, float, Instant, list, dict)):
        return value
    if isinstance(value, Instant):
        return Instant(value.ticks - value.ticks % TICKS_PER_MILLISECOND)
    if isinstance(value, list):
        return [through(each) for each in value]
    if isinstance(value, dict):
        return {name: through(each) for name, each in sorted(value.items(), key=_property_order)}
    number = float(value)
    if number - number != 0:
        return None
    is_bigint = number.is_integer() and -(2.0**63) <= number < 2.0**63
    return int(number) if is_bigint else number


def _property_order(item: tuple[str, Any]) -> tuple[bool, int]:
    """JavaScript puts names that are array indices first; the others keep their order."""
    name = item[0]
    is_index = name.isascii() and name.isdigit() and str(int(name)) == name and int(name) < 2**32 - 1
    return (not is_index, int(name) if is_index else 0)


def typed(value: Any) -> Any:
    """Return a value with the type of each part beside it, so that 1, 1.0 and true differ, and fields in order."""
    if isinstance(value, list):
        return [typed(each) for each in value]
    if isinstance(value, dict):
        return [(name, typed(each)) for name, each in value.items()]
    return type(value), value


@settings(max_examples=150)
@given(values=st.lists(_values, min_size=1, max_size=6), cut=st.integers(0, 6))
def test_values_come_back_whatever_stands_beside_them(host: ScriptHost, values: list[Any], cut: int) -> None:
    expected = [typed(through(each)) for each in values]
    whole = host.call("f", [Column.from_values(values)], len(values)).to_values()
    parts = [
        value
        for part in (values[:cut], values[cut:])
        for value in host.call("f", [Column.from_values(part)], len(part)).to_values()
    ]
    assert [typed(each) for each in whole] == expected
    assert [typed(each) for each in parts] == expected


@settings(max_examples=60)
@given(values=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
def test_every_finite_float_is_exact(host: ScriptHost, values: list[float]) -> None:
    assert host.call("f", [Column.from_values(values)], len(values)).to_values() == values
