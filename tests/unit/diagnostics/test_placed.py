import pickle

from asaql.diagnostics import Span
from asaql.syntax.ast import Identifier, IntegerLiteral, NullLiteral, PatternAny


def test_the_place_does_not_count() -> None:
    here, there = IntegerLiteral(1, span=Span(0, 1)), IntegerLiteral(1, span=Span(5, 6))
    assert here == there
    assert hash(here) == hash(there)
    assert repr(here) == "IntegerLiteral(value=1)"


def test_how_a_name_is_quoted_does_not_count() -> None:
    assert len({Identifier("a", is_double_quoted=True), Identifier("a"), Identifier("A")}) == 2


def test_values_of_two_types_differ() -> None:
    assert NullLiteral() == NullLiteral()
    assert NullLiteral() != PatternAny()
    assert IntegerLiteral(1) != IntegerLiteral(2)
    assert IntegerLiteral(1) != 1


def test_the_place_survives_pickling() -> None:
    name = Identifier("a", is_double_quoted=True, span=Span(3, 6))
    copied = pickle.loads(pickle.dumps(name))
    assert (copied, copied.span, copied.is_double_quoted) == (name, name.span, True)
