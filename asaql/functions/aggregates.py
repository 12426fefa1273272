"""The aggregates of the dialect: one declaration each, found by name.

An aggregate computes whole groups at once. It is a `Summary` if its state has a fixed size, else a `Gathering`, whose
state is the rows. Both can be merged, so partial aggregation is always legal.
"""

from collections.abc import Callable
from typing import TypeAlias

from msgspec import Struct

from asaql.functions.aggregates_gathering import Collect, CountDistinct, Gathering, Percentile, Top
from asaql.functions.aggregates_summary import Average, Count, Extreme, Merge, Sum, Summary, Variance
from asaql.functions.registry import Parameter
from asaql.model import Value


class AggregateOptions(Struct, frozen=True):
    """What a call of an aggregate says beside its argument.

    Attributes:
        is_distinct: COUNT(DISTINCT x).
        is_text: MIN or MAX of something that the query casts to nvarchar(max), so that text is compared as text.
        parameter: n of CollectTop, p of a percentile.
        descending: For each ORDER BY key, whether it is DESC.
    """

    is_distinct: bool = False
    is_text: bool = False
    parameter: int | float | None = None
    descending: tuple[bool, ...] = ()


class AggregateExample(Struct, frozen=True):
    """The values of one group and their aggregate; run as a test and printed in the documentation."""

    call: str
    values: tuple[Value, ...]
    result: Value
    options: AggregateOptions = AggregateOptions()


Maker: TypeAlias = Callable[[AggregateOptions], Summary | Gathering]


class Aggregate(Struct, frozen=True):
    """An aggregate function of the dialect.

    Attributes:
        name: The documented spelling.
        parameters: In order; without the literal parameter of CollectTop and the percentiles.
        returns: The result's type in words.
        summary: One sentence.
        make: Returns what computes a call.
        examples: Runnable examples.
        notes: Further rules, one sentence each.
        takes_literal: Whether the first argument is a literal: n of CollectTop, p of a percentile.
        takes_order: Whether `OVER (ORDER BY ..)` belongs to the call, also in a grouped SELECT.
        takes_distinct: Whether DISTINCT may stand before the argument.
        allows_over: Whether `OVER (.. LIMIT DURATION ..)` makes it a running value.
    """

    name: str
    parameters: tuple[Parameter, ...]
    returns: str
    summary: str
    make: Maker
    examples: tuple[AggregateExample, ...] = ()
    notes: tuple[str, ...] = ()
    takes_literal: bool = False
    takes_order: bool = False
    takes_distinct: bool = False
    allows_over: bool = True

    @property
    def arity(self) -> tuple[int, int]:
        """The least and the greatest number of arguments, a literal parameter included."""
        literals = int(self.takes_literal)
        least = sum(not each.is_optional for each in self.parameters)
        return literals + least, literals + len(self.parameters)

    def __repr__(self) -> str:
        return f"Aggregate({self.name!r})"

    def __reduce__(self) -> tuple[Callable[[str], "Aggregate"], tuple[str]]:
        return aggregate_named, (self.name,)


_NUMBER = (Parameter("expression", "bigint or float"),)
_ANY = (Parameter("expression", "any", is_optional=True),)
_NULLS = "NULL is skipped; of a group of NULLs only, the result is NULL."
_TEXT_NUMBERS = "Text that holds a number is taken for a float; other text fails the job."


def _count(options: AggregateOptions) -> Summary | Gathering:
    return CountDistinct() if options.is_distinct else Count()


def _variance(name: str, *, is_sample: bool, is_root: bool, summary: str, example: Value) -> Aggregate:
    return Aggregate(
        name,
        _NUMBER,
        "float",
        summary,
        lambda _: Variance(name, is_sample=is_sample, is_root=is_root),
        (AggregateExample(f"{name}(v)", (2, 4, 4, 4, 5, 5, 7, 9), example),),
        (_NULLS, _TEXT_NUMBERS, *(("Of a single value the result is NULL.",) if is_sample else ())),
    )


def _percentile(name: str, *, is_continuous: bool, returns: str, summary: str, example: Value) -> Aggregate:
    return Aggregate(
        name,
        (),
        returns,
        summary,
        lambda options: Percentile(
            name,
            options.parameter or 0,
            is_descending=options.descending[0],
            is_continuous=is_continuous,
        ),
        (
            AggregateExample(
                f"{name}(0.95) OVER (ORDER BY v)",
                (0.98, 0.93, 0.78, 0.99, 0.89),
                example,
                AggregateOptions(parameter=0.95, descending=(False,)),
            ),
        ),
        (_NULLS, _TEXT_NUMBERS, "The percentile is a literal from 0 to 1."),
        takes_literal=True,
        takes_order=True,
        allows_over=False,
    )


_TOP_NOTES = (
    "Keys of ORDER BY are bigint, float or datetime; NULL is the smallest value.",
    "Events with equal keys stand in the order of arrival.",
)

_AGGREGATES = {
    each.name.casefold(): each
    for each in (
        Aggregate(
            "COUNT",
            _ANY,
            "bigint",
            "The number of events, or of values that are not NULL.",
            _count,
            (
                AggregateExample("COUNT(v)", (1, None, 1), 2),
                AggregateExample("COUNT(DISTINCT v)", (1, None, 1, 1.0, "1"), 2, AggregateOptions(is_distinct=True)),
            ),
            ("COUNT(*) and COUNT() count every event.", "With DISTINCT, equal values count once."),
            takes_distinct=True,
        ),
        Aggregate(
            "SUM",
            _NUMBER,
            "bigint if all values are, else float",
            "The sum of the values.",
            lambda _: Sum(),
            (AggregateExample("SUM(v)", (1, 2, None), 3), AggregateExample("SUM(v)", (1, 0.5), 1.5)),
            (
                _NULLS,
                _TEXT_NUMBERS,
                "A sum outside bigint fails the job.",
                "Floats are summed without rounding errors.",
            ),
        ),
        Aggregate(
            "AVG",
            _NUMBER,
            "float",
            "The average of the values.",
            lambda _: Average(),
            (AggregateExample("AVG(v)", (1, 2, None), 1.5),),
            (_NULLS, _TEXT_NUMBERS),
        ),
        Aggregate(
            "MIN",
            (Parameter("expression", "bit, bigint, float, datetime or text"),),
            "the type of the values",
            "The least of the values.",
            lambda options: Extreme("MIN", Merge.MIN, is_text=options.is_text),
            (
                AggregateExample("MIN(v)", (3, 1.5, None), 1.5),
                AggregateExample("MIN(CAST(v AS nvarchar(max)))", ("9", "10"), "10", AggregateOptions(is_text=True)),
            ),
            (_NULLS, "Text is compared as text only where the query casts it to nvarchar(max).", _TEXT_NUMBERS),
        ),
        Aggregate(
            "MAX",
            (Parameter("expression", "bit, bigint, float, datetime or text"),),
            "the type of the values",
            "The greatest of the values.",
            lambda options: Extreme("MAX", Merge.MAX, is_text=options.is_text),
            (
                AggregateExample("MAX(v)", ("9", "10", "-3"), 10.0),
                AggregateExample("MAX(v)", (True, False), True),
            ),
            (_NULLS, "Text is compared as text only where the query casts it to nvarchar(max).", _TEXT_NUMBERS),
        ),
        _variance(
            "STDEV", is_sample=True, is_root=True, summary="The sample standard deviation.", example=2.138089935299395
        ),
        _variance("STDEVP", is_sample=False, is_root=True, summary="The population standard deviation.", example=2.0),
        _variance("VAR", is_sample=True, is_root=False, summary="The sample variance.", example=32 / 7),
        _variance("VARP", is_sample=False, is_root=False, summary="The population variance.", example=4.0),
        _percentile(
            "PERCENTILE_CONT",
            is_continuous=True,
            returns="float",
            summary="The value at a percentile, interpolated between the two values beside it.",
            example=0.988,
        ),
        _percentile(
            "PERCENTILE_DISC",
            is_continuous=False,
            returns="the type of the values",
            summary="The first value in order that a percentile of the values does not exceed.",
            example=0.99,
        ),
        Aggregate(
            "Collect",
            _ANY,
            "array",
            "An array of the group's events as records, or of an expression's values.",
            lambda _: Collect(),
            (AggregateExample("Collect(v)", (2, None, 1), [2, 1]),),
            ("Values stand in the order of event time, then of arrival.", "NULL values of an expression are left out."),
        ),
        Aggregate(
            "CollectTop",
            _ANY,
            "array of records with rank and value",
            "The first n events by the ORDER BY keys, or an expression's values for them.",
            lambda options: Top("CollectTop", int(options.parameter or 0), options.descending),
            (
                AggregateExample(
                    "CollectTop(2, v) OVER (ORDER BY v DESC)",
                    (1, 3, 2),
                    [{"rank": 1, "value": 3}, {"rank": 2, "value": 2}],
                    AggregateOptions(parameter=2, descending=(True,)),
                ),
            ),
            _TOP_NOTES,
            takes_literal=True,
            takes_order=True,
        ),
        Aggregate(
            "TopOne",
            _ANY,
            "record, or the type of the expression",
            "The first event by the ORDER BY keys, or an expression's value for it.",
            lambda options: Top("TopOne", None, options.descending),
            (
                AggregateExample(
                    "TopOne(v) OVER (ORDER BY v DESC)", (1, None, 2.5), 2.5, AggregateOptions(descending=(True,))
                ),
            ),
            _TOP_NOTES,
            takes_order=True,
        ),
    )
}


def find_aggregate(name: str) -> Aggregate | None:
    """Return the aggregate of this name, case aside, or None."""
    return _AGGREGATES.get(name.casefold())


def aggregate_named(name: str) -> Aggregate:
    """Return the aggregate of a name that is known to exist."""
    return _AGGREGATES[name.casefold()]


def aggregates() -> tuple[Aggregate, ...]:
    """Return all aggregates, by name."""
    return tuple(sorted(_AGGREGATES.values(), key=lambda each: each.name.casefold()))
