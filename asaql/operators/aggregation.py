"""Aggregates applied to groups of rows: the part that all kinds of windows and OVER have in common."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol, TypeVar

import polars as pl
from msgspec import Struct

from asaql.diagnostics import Diagnostic, JobError, Placed, Span
from asaql.functions.aggregates import AggregateOptions, aggregate_named
from asaql.functions.aggregates_gathering import Gathered, Gathering
from asaql.functions.aggregates_partial import Packing, packing_of
from asaql.functions.aggregates_summary import Merge, Summary
from asaql.functions.registry import FunctionError
from asaql.model import Batch, Column, Value
from asaql.operators.row_store import GROUP

ORDER: Final = ".order"
"""Column of the number of the first row of a group, counted over the whole stream."""
TIME: Final = ".time"
"""Column of event times."""
Result = TypeVar("Result")
_EXPANDED_ROWS: Final = 1 << 20
"""How many rows may be spread over overlapping windows at once."""


class AggregateColumn(Placed, frozen=True):
    """One aggregate of an operator, its inputs evaluated into columns of the batch.

    Attributes:
        slot: Name of the column that it gives.
        name: The aggregate's registered name; of a JavaScript aggregate, its alias.
        argument: Slot of what is aggregated; None for COUNT(*) and percentiles; a record for Collect() and TopOne().
        order_by: Slots of the ORDER BY keys, each with whether it is DESC.
        is_distinct: COUNT(DISTINCT ..).
        is_text: MIN or MAX of an expression cast to nvarchar(max).
        parameter: n of CollectTop, p of a percentile.
        is_script: Whether this is a JavaScript aggregate.
        span: The call in the query.
    """

    slot: str
    name: str
    argument: str | None = None
    order_by: tuple[tuple[str, bool], ...] = ()
    is_distinct: bool = False
    is_text: bool = False
    parameter: int | float | None = None
    is_script: bool = False
    span: Span | None = None


class ScriptAggregates(Protocol):
    """JavaScript aggregates, as far as operators need them."""

    def aggregate(
        self, name: str, sizes: Sequence[int], values: Sequence[Value], ticks: Sequence[int]
    ) -> Sequence[Value]:
        """Return the result of the aggregate `name` for each of several groups.

        Args:
            name: The alias under which the aggregate is declared.
            sizes: The number of rows of each group, none of them zero.
            values: The argument of every row, group after group, in the order of arrival; NULLs included.
            ticks: The event time of every row.
        """
        ...


class Aggregation:
    """The aggregates of one operator, ready to work on frames.

    Args:
        aggregates: What to compute.
        scripts: Computes the JavaScript ones; may be left out if there are none.
    """

    def __init__(self, aggregates: Sequence[AggregateColumn], scripts: ScriptAggregates | None = None) -> None:
        self._aggregates = tuple(aggregates)
        self._scripts = scripts
        self._summaries: dict[int, Summary] = {}
        self._gatherings: dict[int, Gathering] = {}
        self._arguments: dict[str, str] = {}
        for number, each in enumerate(self._aggregates):
            if not each.is_script:
                options = AggregateOptions(
                    each.is_distinct, each.is_text, each.parameter, tuple(descending for _, descending in each.order_by)
                )
                function = aggregate_named(each.name).make(options)
                if isinstance(function, Summary):
                    self._summaries[number] = function
                    continue
                self._gatherings[number] = function
            if each.argument is not None:
                self._arguments[f"{number}.argument"] = each.argument
            self._arguments |= {f"{number}.key{at}": slot for at, (slot, _) in enumerate(each.order_by)}
        # One packed state serves all aggregates that pack the same argument in the same way.
        packers: dict[tuple[object, ...], int] = {}
        self._packers: dict[int, int] = {}
        for number, summary in self._summaries.items():
            key = (self._aggregates[number].argument, *packing_of(summary).key)
            self._packers[number] = packers.setdefault(key, number)
        self._packings = {number: packing_of(self._summaries[number]) for number in packers.values()}

    @property
    def values(self) -> tuple[str, ...]:
        """Names of the values that have to be kept of every row; none if all states have a fixed size."""
        return tuple(self._arguments)

    @property
    def needs_rows(self) -> bool:
        """Whether rows have to be kept."""
        return len(self._summaries) < len(self._aggregates)

    def gather(self, batch: Batch) -> dict[str, Column]:
        """Return the values to keep of every row of `batch`."""
        return {name: batch.columns[slot].expand(batch.height) for name, slot in self._arguments.items()}

    def lift(self, batch: Batch) -> dict[str, pl.Series]:
        """Return the state of each row of `batch` taken for itself, as partial columns."""
        partials: dict[str, pl.Series] = {}
        for number, summary in self._summaries.items():
            slot = self._aggregates[number].argument
            column = None if slot is None else batch.columns[slot].expand(batch.height)
            lifted = self._blaming(number, lambda s=summary, c=column: s.lift(c, batch.height))  # type: ignore[misc]
            partials |= {f"{number}.{name}": series for name, series in lifted.items()}
        return partials

    def pack(self, batch: Batch) -> dict[str, Column]:
        """Return the state of each row of `batch` taken for itself, as columns that may travel in a batch.

        Every batch has columns of the same names. Only where no rows are needed.
        """
        columns: dict[str, Column] = {}
        for number, packing in self._packings.items():
            slot = self._aggregates[number].argument
            argument = None if slot is None else batch.columns[slot].expand(batch.height)
            packed = self._blaming(number, lambda p=packing, c=argument: p.pack(c))  # type: ignore[misc]
            columns |= {f"{number}.{name}": packed[name] for name in packing.names}
        return columns

    def foldable(self, columns: Mapping[str, Column]) -> dict[str, tuple[Column, Merge]] | None:
        """Return packed states of rows such that groups of them can be merged natively, and how.

        Args:
            columns: What `pack` returned.

        Returns:
            None if native sums could be inexact.
        """
        found: dict[str, tuple[Column, Merge]] = {}
        for number, packing in self._packings.items():
            folded = packing.foldable({name: columns[f"{number}.{name}"] for name in packing.names})
            if folded is None:
                return None
            found |= {f"{number}.{name}": (folded[name], packing.merge(name)) for name in packing.names}
        return found

    def unpack(self, batch: Batch, rows: str) -> dict[str, pl.Series]:
        """Return packed states as partial columns; `rows` is the slot of how many rows each is made of."""
        counts = batch.columns[rows].expand(batch.height).series
        partials: dict[str, pl.Series] = {}
        for number, summary in self._summaries.items():
            packing = packing_of(summary)
            packed = self._packed(batch, number, packing)
            unpacked = self._blaming(number, lambda k=packing, p=packed: k.unpack(p, counts))  # type: ignore[misc]
            partials |= {f"{number}.{name}": series for name, series in unpacked.items()}
        return partials

    def results_of_states(self, batch: Batch, rows: str) -> dict[str, Column]:
        """Return the aggregates of groups, by slot, from packed states: each row is all there is of its group.

        Args:
            batch: Packed states.
            rows: The slot of how many rows each is made of.
        """
        counts = batch.columns[rows].expand(batch.height).series
        columns: dict[str, Column] = {}
        for number, summary in self._summaries.items():
            packing = packing_of(summary)
            packed = self._packed(batch, number, packing)
            columns[self._aggregates[number].slot] = self._blaming(
                number,
                lambda k=packing, s=summary, p=packed: k.result(s, p, counts),  # type: ignore[misc]
            )
        return columns

    def _packed(self, batch: Batch, number: int, packing: Packing) -> dict[str, Column]:
        packer = self._packers[number]
        return {name: batch.columns[f"{packer}.{name}"].expand(batch.height) for name in packing.names}

    def merges(self, names: Sequence[str]) -> dict[str, Merge]:
        """Return, for those of the names that are partial columns, how they are merged."""
        merges = {}
        for name in names:
            number, _, partial = name.partition(".")
            if number.isdigit() and int(number) in self._summaries:
                merges[name] = self._summaries[int(number)].merge(partial)
        return merges

    def merge(self, frame: pl.DataFrame, by: Sequence[str], shown: Sequence[str] = ()) -> pl.DataFrame:
        """Return the states of groups from those of rows or of parts of groups, by first appearance.

        Args:
            frame: Has the columns `by`, `ORDER`, partial columns, and `shown`.
            by: What makes a group.
            shown: Columns of which the value at the first row is kept.
        """
        expressions = [pl.col(ORDER).min()]
        for name, merge in self.merges(frame.columns).items():
            column = pl.col(name)
            expressions.append(
                column.sum() if merge is Merge.SUM else column.min() if merge is Merge.MIN else column.max()
            )
        expressions += [pl.col(name).sort_by(ORDER).first() for name in shown]
        return frame.group_by(by, maintain_order=True).agg(expressions)

    def compacted(self, rows: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
        """Return the rows that can still have a bearing on the result of their group, where that is easy to tell.

        Args:
            rows: Rows with `ORDER`, the columns `by` and the kept values.
            by: What makes a group.
        """
        if len(self._gatherings) != 1 or len(self._gatherings) + len(self._summaries) < len(self._aggregates):
            return rows
        number = next(iter(self._gatherings))
        each = self._aggregates[number]
        if each.is_distinct:
            return rows.unique([*by, f"{number}.argument"], keep="first", maintain_order=True)
        keys = [f"{number}.key{at}" for at in range(len(each.order_by))]
        is_native = all(rows.schema[key] in (pl.Int64, pl.Float64) for key in keys)
        if each.argument is None or not keys or not is_native:
            return rows
        limit = 1 if each.parameter is None else int(each.parameter)
        descending = [is_descending for _, is_descending in each.order_by]
        first = rows.sort(*keys, ORDER, descending=[*descending, False], nulls_last=[*descending, False])
        return first.group_by(by, maintain_order=True).head(limit).select(rows.columns).sort(ORDER)

    def results(self, states: pl.DataFrame, rows: "GatheredRows | None" = None) -> dict[str, Column]:
        """Return the aggregates of groups, by slot.

        Args:
            states: One row a group, with its partial columns.
            rows: The rows of the groups, if rows are needed.
        """
        columns: dict[str, Column] = {}
        for number, each in enumerate(self._aggregates):
            summary = self._summaries.get(number)
            if summary is not None:
                own = {
                    name.partition(".")[2]: states.get_column(name)
                    for name in self.merges(states.columns)
                    if name.startswith(f"{number}.")
                }
                columns[each.slot] = self._blaming(
                    number,
                    lambda s=summary, o=own: s.result(o, states.height),  # type: ignore[misc]
                )
            else:
                assert rows is not None
                columns[each.slot] = self._gathered(number, each, rows, states.height)
        return columns

    def over_ranges(self, rows: pl.DataFrame, low: pl.Series, high: pl.Series, values: "Values") -> dict[str, Column]:
        """Return the aggregates of ranges of rows, by slot.

        Args:
            rows: Rows with `TIME` and partial columns, in such an order that every group is a range of rows.
            low: The first row of each group.
            high: The row after the last one of each group; equal to `low` for a group without rows.
            values: Returns a kept value of `rows` as a column.
        """
        partials = {
            name: merge_ranges(rows[name], merge, low, high) for name, merge in self.merges(rows.columns).items()
        }
        states = pl.DataFrame({ORDER: low, **partials})
        if not self.needs_rows:
            return self.results(states)
        kept = {name: values(name) for name in self.values}
        parts = [
            self.results(states.slice(start, length), _spread_ranges(rows, kept, low, high, start, length))
            for start, length in _bounded_parts(high - low)
        ]
        if len(parts) == 1:
            return parts[0]
        return {slot: Column.concat([part[slot] for part in parts]) for slot in parts[0]}

    def _gathered(self, number: int, each: AggregateColumn, rows: "GatheredRows", count: int) -> Column:
        argument = rows.columns.get(f"{number}.argument")
        if each.is_script:
            assert self._scripts is not None
            assert argument is not None
            sizes = rows.groups.value_counts().sort(rows.groups.name).get_column("count").to_list()
            values = self._scripts.aggregate(each.name, sizes, argument.to_values(), rows.times.to_list())
            present = iter(values)
            # Groups are numbered from 0, and one without rows has no result.
            filled = set(rows.groups.unique().to_list())
            return Column.from_values([next(present) if group in filled else None for group in range(count)])
        keys = tuple(rows.columns[f"{number}.key{at}"] for at in range(len(each.order_by)))
        gathered = Gathered(rows.groups, count, argument, keys)
        return self._blaming(number, lambda: self._gatherings[number].result(gathered))

    def _blaming(self, number: int, compute: Callable[[], Result]) -> Result:
        try:
            return compute()
        except FunctionError as error:
            span = self._aggregates[number].span
            raise JobError(Diagnostic(error.code, str(error), span)) from error


Values = Callable[[str], Column]
"""Returns a kept value of all rows as a column."""


class GatheredRows(Struct, frozen=True):
    """The rows of groups, sorted by group and then by arrival.

    Attributes:
        groups: Number of the group of each row, Int64.
        times: Event times.
        columns: The kept values by name.
    """

    groups: pl.Series
    times: pl.Series
    columns: Mapping[str, Column]


def merge_ranges(partial: pl.Series, merge: Merge, low: pl.Series, high: pl.Series) -> pl.Series:
    """Return a partial column merged over ranges of rows `low <= row < high`; a null for an empty range of MIN, MAX."""
    if merge is Merge.SUM:
        zero = pl.Series(partial.name, [0], dtype=partial.dtype)
        sums = pl.concat([zero, partial.fill_null(0).cum_sum()])
        return sums.gather(high) - sums.gather(low)
    return _extremes_of_ranges(partial, merge, low, high)


def _extremes_of_ranges(partial: pl.Series, merge: Merge, low: pl.Series, high: pl.Series) -> pl.Series:
    """Return the extreme of each range as that of two overlapping spans, whose lengths are powers of two."""
    lengths = high - low
    ranges = pl.DataFrame({"low": low, "high": high, "row": pl.int_range(len(low), eager=True)})
    picked: list[pl.DataFrame] = []
    spans, span, longest = partial, 1, lengths.max() or 0
    assert isinstance(longest, int)
    while span <= longest:
        here = ranges.filter((lengths >= span) & (lengths < 2 * span))
        ends = (spans.gather(here["low"]), spans.gather(here["high"] - span))
        picked.append(pl.DataFrame({"row": here["row"], "value": _extreme(*ends, merge)}))
        spans, span = _extreme(spans, spans.shift(-span), merge), 2 * span
    if not picked:
        return pl.Series([None] * len(low), dtype=partial.dtype)
    found = pl.concat(picked)
    return ranges.join(found, on="row", how="left", maintain_order="left").get_column("value")


def _extreme(left: pl.Series, right: pl.Series, merge: Merge) -> pl.Series:
    frame = pl.DataFrame({"left": left, "right": right})
    return frame.select((pl.min_horizontal if merge is Merge.MIN else pl.max_horizontal)("left", "right")).to_series()


def _bounded_parts(lengths: pl.Series) -> list[tuple[int, int]]:
    """Return (start, number) of consecutive groups, so that no part but one of a single group is too long."""
    if not len(lengths):
        return [(0, 0)]
    parts: list[tuple[int, int]] = []
    start, held = 0, 0
    for row, length in enumerate(lengths.to_list()):
        if held and held + length > _EXPANDED_ROWS:
            parts.append((start, row - start))
            start, held = row, 0
        held += length
    return [*parts, (start, len(lengths) - start)]


def _spread_ranges(
    rows: pl.DataFrame, kept: Mapping[str, Column], low: pl.Series, high: pl.Series, start: int, length: int
) -> GatheredRows:
    low, high = low.slice(start, length), high.slice(start, length)
    ranges = pl.DataFrame({GROUP: pl.int_range(length, dtype=pl.Int64, eager=True), "low": low, "high": high})
    spread = ranges.filter(pl.col("high") > pl.col("low")).select(
        GROUP, pl.int_ranges("low", "high", dtype=pl.UInt32).alias("row")
    )
    spread = spread.explode("row", empty_as_null=False, keep_nulls=False)
    index = spread.get_column("row")
    columns = {name: column.gather(index) for name, column in kept.items()}
    return GatheredRows(spread.get_column(GROUP), rows.get_column(TIME).gather(index), columns)
