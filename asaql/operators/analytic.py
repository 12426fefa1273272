"""Functions with OVER: LAG, LAST, ISFIRST and running aggregates, one value for every row."""

from collections.abc import Iterable, Sequence
from typing import Final

import polars as pl

from asaql.diagnostics import Placed, Span
from asaql.functions.windowers import ceil_to_grid
from asaql.model import Batch, Column, Kind
from asaql.operators.aggregation import ORDER, TIME, AggregateColumn, Aggregation
from asaql.operators.chunks import ChunkReader, ChunkWriter
from asaql.operators.contract import Emission, Operator
from asaql.operators.row_store import GROUP, RowStore, rows_up_to

_FORMAT: Final = ("analytic", 1)
_ROW: Final = ".row"
"""Column of the place of a row in the present batch; null for rows of the history."""
_COUNTS: Final = ".counts"
"""Column that says whether a row satisfies WHEN."""
_VALUE: Final = "value"
_MOST_HISTORY: Final = 4
"""A history of more than so many times the rows of a batch is searched for their keys instead of grouped with them."""


class AnalyticColumn(Placed, frozen=True):
    """One function with OVER, its inputs evaluated into columns of the batch.

    Attributes:
        slot: Name of the column that it gives.
        name: LAG, LAST, ISFIRST or the registered name of an aggregate.
        limit: Ticks of LIMIT DURATION; a row that old or older does not count. For ISFIRST the length of the interval.
        argument: Slot of the value; None for COUNT(*) and ISFIRST.
        partition_by: Slots of the keys that split the history.
        when: Slot of the WHEN condition, of kind bit; None if every row counts.
        offset: How many rows LAG goes back; at least 1.
        default: Slot of what LAG and LAST give where there is no such row; None for NULL.
        order_by: Slots of the keys of TopOne and CollectTop, each with whether it is DESC.
        is_text: MIN or MAX of an expression cast to nvarchar(max).
        parameter: n of CollectTop.
        span: The call in the query.
    """

    slot: str
    name: str
    limit: int
    argument: str | None = None
    partition_by: tuple[str, ...] = ()
    when: str | None = None
    offset: int = 1
    default: str | None = None
    order_by: tuple[tuple[str, bool], ...] = ()
    is_text: bool = False
    parameter: int | float | None = None
    span: Span | None = None


class AnalyticOperator(Operator):
    """Adds a column for each function. Rows pass at once and keep their order and event times.

    What is kept: for LAG, LAST and ISFIRST at most as many rows of a partition as the function can reach back to; for
    aggregates the rows within LIMIT DURATION.

    Args:
        calls: The functions.
    """

    def __init__(self, calls: Sequence[AnalyticColumn]) -> None:
        self._histories = [_history_of(each) for each in calls]
        self._row_count = 0

    @property
    def rows_held(self) -> int:
        """Rows that later rows may look back to."""
        return sum(each.rows_held for each in self._histories)

    def on_batch(self, batch: Batch, port: int = 0) -> Iterable[Emission]:
        """Return the rows with the values of the functions."""
        if batch.height == 0:
            return ()
        first, self._row_count = self._row_count, self._row_count + batch.height
        return (batch.with_columns({each.call.slot: each.values(batch, first) for each in self._histories}),)

    def snapshot(self) -> dict[str, bytes]:
        """Return the histories."""
        writer = ChunkWriter(*_FORMAT)
        writer.add_json("rows", self._row_count)
        for number, history in enumerate(self._histories):
            history.rows.snapshot(writer, f"history{number}")
        return writer.chunks

    def restore(self, chunks: dict[str, bytes]) -> None:
        """Take the histories of a snapshot."""
        reader = ChunkReader(chunks, *_FORMAT)
        self._row_count = reader.get_json("rows")
        for number, history in enumerate(self._histories):
            history.rows.restore(reader, f"history{number}")


class History:
    """The rows that one function can look back to, and the function itself.

    Args:
        call: The function.
        values: Names of the values that are kept of every row.
    """

    def __init__(self, call: AnalyticColumn, values: Sequence[str]) -> None:
        self.call = call
        self.rows = RowStore([f"key{number}" for number in range(len(call.partition_by))], values)
        self._checked_height = 0

    @property
    def rows_held(self) -> int:
        """Rows now kept."""
        return self.rows.height

    def values(self, batch: Batch, first: int) -> Column:
        """Return the function's value for each row of a batch.

        Args:
            batch: Rows that follow those of the batches before.
            first: The number of the first of them, counted over the whole stream.
        """
        height = batch.height
        counts = self._when(batch)
        keys = {
            name: batch.columns[slot].expand(height)
            for name, slot in zip(self.rows.keys, self.call.partition_by, strict=True)
        }
        plain = {
            TIME: batch.times,
            ORDER: pl.int_range(first, first + height, dtype=pl.Int64, eager=True),
            _ROW: pl.int_range(height, dtype=pl.Int64, eager=True),
            _COUNTS: counts,
            **self._lifted(batch, counts),
        }
        held = self.rows.height
        self.rows.append(plain, {**keys, **self._kept(batch)})
        frame = self.rows.frame()
        rows, others = self._split(frame, held)
        groups, places = by_group(rows, self.rows.keys)
        found, remaining = self._look(rows, groups, places, batch)
        remaining = remaining.with_columns(pl.lit(None, dtype=pl.Int64).alias(_ROW))
        self.rows.replace(remaining if others is None else pl.concat([others, remaining]))
        self._forget_others(int(batch.times[-1]))
        return found

    def _look(
        self, rows: pl.DataFrame, groups: pl.Series, places: pl.Series, batch: Batch
    ) -> tuple[Column, pl.DataFrame]:
        """Return the value for each row of a batch, and the rows that later rows can still reach.

        Args:
            rows: Rows of the history and then those of the batch.
            groups: Groups, one after the other, each as often as it has rows.
            places: Where its rows stand in `rows`, in their order.
            batch: The batch.
        """
        grouped = rows[places].with_columns(groups.alias(GROUP))
        counting = grouped.filter(pl.col(_COUNTS))
        asking = grouped.filter(pl.col(_ROW).is_not_null())
        result = self._answers(counting, asking, batch)
        order = asking.get_column(_ROW).arg_sort().cast(pl.UInt32)
        remaining = self._remaining(counting, int(batch.times[-1]))
        return result.gather(order), remaining.select(rows.columns)

    def _lifted(self, batch: Batch, counts: pl.Series) -> dict[str, pl.Series]:
        """Return partial columns of the rows, null for rows that do not count."""
        return {}

    def _kept(self, batch: Batch) -> dict[str, Column]:
        """Return the values to keep of the rows."""
        raise AssertionError(type(self))

    def _answers(self, counting: pl.DataFrame, asking: pl.DataFrame, batch: Batch) -> Column:
        """Return the value for each row of `asking` from the rows that count; both sorted by group and order."""
        raise AssertionError(type(self))

    def _remaining(self, counting: pl.DataFrame, now: int) -> pl.DataFrame:
        """Return those of the rows that later rows, none of them earlier than `now`, can still reach."""
        return counting.filter(pl.col(TIME) > now - self.call.limit)

    def _when(self, batch: Batch) -> pl.Series:
        if self.call.when is None:
            return pl.repeat(True, batch.height, dtype=pl.Boolean, eager=True)
        column = batch.columns[self.call.when].expand(batch.height)
        if column.kind is Kind.NULL:
            return pl.repeat(False, batch.height, dtype=pl.Boolean, eager=True)
        return column.series.fill_null(False)

    def _split(self, frame: pl.DataFrame, held: int) -> tuple[pl.DataFrame, pl.DataFrame | None]:
        """Return the rows of the batch behind those of the history that may have their keys, and the other rows.

        Args:
            frame: All rows.
            held: How many of them are of the history.
        """
        keys = list(self.rows.keys)
        height = frame.height - held
        if not keys or held <= _MOST_HISTORY * height:
            return frame, None
        before, new = frame.head(held), frame.tail(height)
        present = new.select(keys).unique()
        touched = before.join(present, on=keys, how="semi", nulls_equal=True, maintain_order="left")
        others = before.join(present, on=keys, how="anti", nulls_equal=True, maintain_order="left")
        return pl.concat([touched, new]), others

    def _forget_others(self, now: int) -> None:
        """Drop rows of partitions that fell silent, whenever the history has doubled."""
        if self.rows.height > 2 * self._checked_height + 1024:
            self.rows.replace(self._remaining_any(self.rows.frame(), now))
            self._checked_height = self.rows.height

    def _remaining_any(self, rows: pl.DataFrame, now: int) -> pl.DataFrame:
        return rows.filter(pl.col(TIME) > now - self.call.limit)

    def _ranges(self, counting: pl.DataFrame, asking: pl.DataFrame, last: pl.Series) -> tuple[pl.Series, pl.Series]:
        """Return the ranges of rows that count: young enough, and up to the order `last`."""
        groups = asking.get_column(GROUP)
        low = rows_up_to(counting, TIME, groups, asking.get_column(TIME) - self.call.limit)
        return low, rows_up_to(counting, ORDER, groups, last)


class LookBack(History):
    """LAG and LAST."""

    def __init__(self, call: AnalyticColumn) -> None:
        super().__init__(call, (_VALUE,))
        self._is_lag = call.name.casefold() == "lag"
        self._reach = call.offset if self._is_lag else 1

    def _kept(self, batch: Batch) -> dict[str, Column]:
        assert self.call.argument is not None
        return {_VALUE: batch.columns[self.call.argument].expand(batch.height)}

    def _look(
        self, rows: pl.DataFrame, groups: pl.Series, places: pl.Series, batch: Batch
    ) -> tuple[Column, pl.DataFrame]:
        counts = rows.get_column(_COUNTS)
        if counts.all():
            reached, their_groups = (each.shift(self._reach if self._is_lag else 0) for each in (places, groups))
            last_ones = places.filter((groups != groups.shift(-self._reach)).fill_null(value=True))
        else:
            is_counting = counts[places]
            counting, counting_groups = places.filter(is_counting), groups.filter(is_counting)
            number = is_counting.cast(pl.Int64).cum_sum() - self._reach
            number = number - is_counting.cast(pl.Int64) if self._is_lag else number
            number = number.zip_with(number >= 0, pl.Series([None], dtype=pl.Int64)).cast(pl.UInt32)
            reached, their_groups = counting[number], counting_groups[number]
            is_last = (counting_groups != counting_groups.shift(-self._reach)).fill_null(value=True)
            last_ones = counting.filter(is_last)
        times = rows.get_column(TIME)
        is_found = (their_groups == groups) & (times[reached] > times[places] - self.call.limit)
        no_place = pl.Series([None], dtype=pl.UInt32)
        found = no_place.new_from_index(0, rows.height)
        found = found.scatter(places, reached.zip_with(is_found.fill_null(value=False), no_place))
        found = found.slice(rows.height - batch.height)
        values = self.rows.column(rows, _VALUE).gather(found)
        if self.call.default is not None and found.has_nulls():
            values = choose(found.is_not_null(), values, batch.columns[self.call.default].expand(batch.height))
        return values, self._remaining_any(rows[last_ones], int(batch.times[-1]))


class FirstOfInterval(History):
    """ISFIRST: 1 for the first row that counts in its interval, which is aligned as a tumbling window."""

    def __init__(self, call: AnalyticColumn) -> None:
        super().__init__(call, ())

    def _kept(self, batch: Batch) -> dict[str, Column]:
        return {}

    def _answers(self, counting: pl.DataFrame, asking: pl.DataFrame, batch: Batch) -> Column:
        interval = ceil_to_grid(counting.get_column(TIME), self.call.limit)
        groups = counting.get_column(GROUP)
        is_same = (groups == groups.shift(1)) & (interval == interval.shift(1))
        first = counting.select(_ROW).with_columns((~is_same.fill_null(False)).cast(pl.Int64).alias("first"))
        found = asking.select(_ROW).join(first, on=_ROW, how="left", maintain_order="left")
        return Column(Kind.BIGINT, found.get_column("first").fill_null(0))

    def _remaining(self, counting: pl.DataFrame, now: int) -> pl.DataFrame:
        return self._remaining_any(counting.filter(pl.col(GROUP) != pl.col(GROUP).shift(-1).fill_null(-1)), now)

    def _remaining_any(self, rows: pl.DataFrame, now: int) -> pl.DataFrame:
        present = ceil_to_grid(pl.Series([now]), self.call.limit)
        return rows.filter(ceil_to_grid(rows.get_column(TIME), self.call.limit) >= present)


class RunningAggregate(History):
    """An aggregate over the rows within LIMIT DURATION, the present one included."""

    def __init__(self, call: AnalyticColumn) -> None:
        aggregate = AggregateColumn(
            call.slot,
            call.name,
            call.argument,
            call.order_by,
            is_text=call.is_text,
            parameter=call.parameter,
            span=call.span,
        )
        self._aggregation = Aggregation([aggregate])
        super().__init__(call, self._aggregation.values)

    def _kept(self, batch: Batch) -> dict[str, Column]:
        return self._aggregation.gather(batch)

    def _lifted(self, batch: Batch, counts: pl.Series) -> dict[str, pl.Series]:
        if counts.all():
            return self._aggregation.lift(batch)
        partials = self._aggregation.lift(batch.filter(counts))
        place = (counts.cast(pl.UInt32).cum_sum() - 1).zip_with(counts, pl.Series([None], dtype=pl.UInt32))
        return {name: series[place] for name, series in partials.items()}

    def _answers(self, counting: pl.DataFrame, asking: pl.DataFrame, batch: Batch) -> Column:
        low, high = self._ranges(counting, asking, asking.get_column(ORDER))
        columns = self._aggregation.over_ranges(counting, low, high, lambda name: self.rows.column(counting, name))
        return columns[self.call.slot]


def by_group(frame: pl.DataFrame, keys: Sequence[str]) -> tuple[pl.Series, pl.Series]:
    """Return the rows of a frame group by group, rows of equal `keys` in their present order.

    Returns:
        The number of each row's group, Int64, and the place of the row in `frame`.
    """
    place = pl.int_range(pl.len(), dtype=pl.UInt32).alias("place")
    if not keys:
        return pl.repeat(0, frame.height, dtype=pl.Int64, eager=True), frame.select(place).to_series()
    groups = frame.select(*keys, place).group_by(keys).agg("place").select("place")
    rows = groups.with_row_index(GROUP).explode("place")
    return rows.get_column(GROUP).cast(pl.Int64), rows.get_column("place")


def choose(mask: pl.Series, where_true: Column, where_false: Column) -> Column:
    """Return, row by row, the value of one column or of another; neither is constant."""
    kinds = {where_true.kind, where_false.kind} - {Kind.NULL}
    if len(kinds) == 1 and not (kind := next(iter(kinds))).is_object:
        return Column(kind, where_true.cast_null(kind).series.zip_with(mask, where_false.cast_null(kind).series))
    pairs = zip(mask.to_list(), where_true.to_values(), where_false.to_values(), strict=True)
    return Column.from_values([left if is_true else right for is_true, left, right in pairs])


def _history_of(call: AnalyticColumn) -> History:
    match call.name.casefold():
        case "lag" | "last":
            return LookBack(call)
        case "isfirst":
            return FirstOfInterval(call)
        case _:
            return RunningAggregate(call)
