"""AnomalyDetection_SpikeAndDip and AnomalyDetection_ChangePoint: one record for every row.

Each partition has a model of its own: the values of its last rows. A row is scored against the values before it and
then joins them.

A model learns from rows that satisfy WHEN and whose value is a number; all others get NULL and leave no trace. It holds
at most `history_size` values, and looks at none that is as old as the limit or older. Its first `history_size - 1` rows
are scored and never flagged. A model all of whose values have become too old starts anew.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final, TypeAlias

import polars as pl

from asaql.diagnostics import Diagnostic, JobError, Placed, Span
from asaql.functions import FunctionError, anomaly
from asaql.functions.aggregates_summary import numbers
from asaql.model import Batch, Column, Kind
from asaql.operators.aggregation import ORDER, TIME
from asaql.operators.chunks import ChunkReader, ChunkWriter
from asaql.operators.contract import Emission, Operator
from asaql.operators.row_store import GROUP, RowStore, number_groups, rows_up_to

_FORMAT: Final = ("anomaly", 1)
_ROW: Final = ".row"
"""Column of the place of a row in the present batch; null for rows of the history."""
_VALUE: Final = ".value"
_AGE: Final = ".age"
"""Column of how many rows the model had learned before this one; null until it is known."""
_STAKE: Final = ".stake"
"""Column of the logarithm of what a row multiplies the martingale by; null until it is known."""
_FLAGGED: Final = ".flagged"
"""Column that says whether a row was told to be a change of level."""


class Mode(StrEnum):
    """Which values are anomalies."""

    SPIKES = "spikes"
    DIPS = "dips"
    SPIKES_AND_DIPS = "spikesanddips"


class AnomalyColumn(Placed, frozen=True):
    """One anomaly detector, its inputs evaluated into columns of the batch.

    Attributes:
        slot: Name of the column that it gives.
        name: AnomalyDetection_SpikeAndDip or AnomalyDetection_ChangePoint.
        argument: Slot of the value.
        limit: Ticks of LIMIT DURATION; a row that old or older does not count.
        confidence: From 1 to 100; the lower, the more anomalies.
        history_size: How many values a model holds; at least 1.
        mode: What AnomalyDetection_SpikeAndDip looks for; None for AnomalyDetection_ChangePoint.
        partition_by: Slots of the keys that split the models.
        when: Slot of the WHEN condition, of kind bit; None if every row counts.
        span: The call in the query.
    """

    slot: str
    name: str
    argument: str
    limit: int
    confidence: float
    history_size: int
    mode: Mode | None = None
    partition_by: tuple[str, ...] = ()
    when: str | None = None
    span: Span | None = None


class AnomalyOperator(Operator):
    """Adds a column of records for each detector. Rows pass at once and keep their order and event times.

    Of a partition at most `history_size` rows are kept, and none of a partition that fell silent for the limit.

    Args:
        calls: The detectors.

    Raises:
        JobError: From `on_batch`, for a value that is no number.
    """

    def __init__(self, calls: Sequence[AnomalyColumn]) -> None:
        self._models = [_Models(each) for each in calls]
        self._row_count = 0

    @property
    def rows_held(self) -> int:
        """Rows that later rows may be compared with."""
        return sum(each.rows.height for each in self._models)

    def on_batch(self, batch: Batch, port: int = 0) -> Iterable[Emission]:
        """Return the rows with their scores."""
        if batch.height == 0:
            return ()
        first, self._row_count = self._row_count, self._row_count + batch.height
        return (batch.with_columns({each.call.slot: each.scores(batch, first) for each in self._models}),)

    def snapshot(self) -> dict[str, bytes]:
        """Return the models."""
        writer = ChunkWriter(*_FORMAT)
        writer.add_json("rows", self._row_count)
        for number, models in enumerate(self._models):
            models.rows.snapshot(writer, f"models{number}")
        return writer.chunks

    def restore(self, chunks: dict[str, bytes]) -> None:
        """Take the models of a snapshot."""
        reader = ChunkReader(chunks, *_FORMAT)
        self._row_count = reader.get_json("rows")
        for number, models in enumerate(self._models):
            models.rows.restore(reader, f"models{number}")


_Scores: TypeAlias = tuple[pl.Series, pl.Series]
"""Whether each row is an anomaly, and its score."""


class _Models:
    """The models of all partitions for one detector: their rows, in the order of arrival."""

    def __init__(self, call: AnomalyColumn) -> None:
        self.call = call
        self.rows = RowStore([f"key{number}" for number in range(len(call.partition_by))])
        self._checked_height = 0

    def scores(self, batch: Batch, first: int) -> Column:
        """Score the rows of a batch, and learn from them.

        Args:
            batch: Rows that follow those of the batches before.
            first: The number of the first of them, counted over the whole stream.
        """
        records: list[dict[str, int | float] | None] = [None] * batch.height
        learned = self._learned(batch)
        if learned.height:
            now = int(batch.times[-1])
            held = self.rows.height
            places = learned.get_column(_ROW).cast(pl.UInt32)
            keys = {
                name: batch.columns[slot].expand(batch.height).gather(places)
                for name, slot in zip(self.rows.keys, self.call.partition_by, strict=True)
            }
            unknown = {_AGE: pl.Int64} if self.call.mode else {_AGE: pl.Int64, _STAKE: pl.Float64, _FLAGGED: pl.Boolean}
            plain = learned.with_columns(
                (pl.col(_ROW) + first).alias(ORDER),
                *(pl.lit(None, dtype=each).alias(name) for name, each in unknown.items()),
            )
            self.rows.append({each.name: each for each in plain}, keys)
            touched, others, new = self._split(held, learned.height)
            rows = self._aged(number_groups(pl.concat([touched, new], how="diagonal"), self.rows.keys))
            rows, (is_anomaly, score) = self._scored(rows)
            asked = rows.get_column(_ROW).drop_nulls()
            for row, flag, value in zip(asked, is_anomaly.cast(pl.Int64), score, strict=True):
                records[row] = {"IsAnomaly": flag, "Score": value}
            rows = rows.with_columns(pl.lit(None, dtype=pl.Int64).alias(_ROW))
            self.rows.replace(pl.concat([others, self._remaining(rows, now)], how="diagonal"))
            self._forget_others(now)
        return Column(Kind.RECORD, pl.Series(records, dtype=pl.Object))

    def _learned(self, batch: Batch) -> pl.DataFrame:
        """Return time, place and value of the rows that the models learn from."""
        frame = pl.DataFrame({TIME: batch.times, _ROW: pl.int_range(batch.height, dtype=pl.Int64, eager=True)})
        argument = batch.columns[self.call.argument].expand(batch.height)
        if self.call.when is not None:
            condition = batch.columns[self.call.when].expand(batch.height)
            if condition.kind is Kind.NULL:
                return frame.clear()
            mask = condition.series.fill_null(False)
            frame, argument = frame.filter(mask), argument.filter(mask)
        try:
            integers, floats = numbers(self.call.name, argument)
        except FunctionError as error:
            raise JobError(Diagnostic(error.code, str(error), self.call.span, help=error.help)) from error
        given = [each.cast(pl.Float64) for each in (integers, floats) if each is not None]
        if not given:
            return frame.clear()
        values = given[0] if len(given) == 1 else given[0].zip_with(given[0].is_not_null(), given[1])
        return frame.with_columns(values.alias(_VALUE)).filter(values.is_finite().fill_null(False))

    def _split(self, held: int, count: int) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
        """Return the held rows of partitions that have new rows, those of the others, and the new rows."""
        frame = self.rows.frame()
        before, new = frame.head(held), frame.tail(count)
        keys = list(self.rows.keys)
        if not keys or not held:
            return before, before.clear(), new
        present = new.select(keys).unique()
        touched = before.join(present, on=keys, how="semi", nulls_equal=True, maintain_order="left")
        others = before.join(present, on=keys, how="anti", nulls_equal=True, maintain_order="left")
        return touched, others, new

    def _aged(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return the rows sorted by group and arrival, each with its age; 0 where a model starts anew."""
        rows = rows.sort(GROUP, ORDER)
        is_start = (pl.col(GROUP) != pl.col(GROUP).shift(1)) | (pl.col(TIME) - pl.col(TIME).shift(1) >= self.call.limit)
        place = pl.int_range(pl.len(), dtype=pl.Int64)
        known = pl.col(_AGE).fill_null(pl.when(is_start.fill_null(True)).then(0))
        return rows.with_columns((place - (place - known).forward_fill()).alias(_AGE))

    def _scored(self, rows: pl.DataFrame) -> tuple[pl.DataFrame, _Scores]:
        """Return the rows with what is to be kept of them, and the scores of the new ones in their order."""
        places = rows.select(
            pl.int_range(pl.len(), dtype=pl.Int64).alias("place"),
            pl.int_range(pl.len(), dtype=pl.Int64).min().over(GROUP).alias("group_start"),
        )
        rows = rows.with_columns(places)
        asked = rows.filter(pl.col(_ROW).is_not_null())
        place = asked.get_column("place")
        too_old = rows_up_to(rows, TIME, asked.get_column(GROUP), asked.get_column(TIME) - self.call.limit)
        reach = place - self.call.history_size
        low = too_old.zip_with(too_old > reach, reach)
        shares = anomaly.upper_shares(rows.get_column(_VALUE), low, place)
        kept, scores = self._spikes(rows, asked, shares) if self.call.mode else self._changes(rows, asked, shares)
        return kept.drop("place", "group_start"), scores

    def _spikes(self, rows: pl.DataFrame, asked: pl.DataFrame, shares: pl.Series) -> tuple[pl.DataFrame, _Scores]:
        match self.call.mode:
            case Mode.SPIKES:
                p_values = anomaly.spike_p_values(shares)
            case Mode.DIPS:
                p_values = anomaly.dip_p_values(shares)
            case _:
                p_values = anomaly.two_sided_p_values(shares)
        return rows, (self._is_warm(asked) & (p_values <= 1 - self.call.confidence / 100), p_values)

    def _changes(self, rows: pl.DataFrame, asked: pl.DataFrame, shares: pl.Series) -> tuple[pl.DataFrame, _Scores]:
        size = self.call.history_size
        place = asked.get_column("place")
        stakes = anomaly.log_stakes(anomaly.two_sided_p_values(shares))
        start = (place - asked.get_column(_AGE)).clip(lower_bound=0)
        group_start = asked.get_column("group_start")
        start = start.zip_with(start > group_start, group_start)
        new = pl.DataFrame({"place": place, "stake": stakes})
        known = rows.join(new, on="place", how="left", maintain_order="left")
        rows = rows.with_columns(pl.coalesce(known.get_column(_STAKE), known.get_column("stake")).alias(_STAKE))
        logarithms = anomaly.moving_log_martingales(rows.get_column(_STAKE), start, place, size)
        is_high = self._is_warm(asked) & (logarithms >= anomaly.log_martingale_limit(self.call.confidence, size))
        before = rows.filter(pl.col(_FLAGGED)).get_column("place").to_list()
        flagged = pl.Series([*before, *_spaced(before, place.filter(is_high).to_list(), size)], dtype=pl.Int64)
        rows = rows.with_columns(pl.col("place").is_in(flagged.implode()).alias(_FLAGGED))
        return rows, (place.is_in(flagged.implode()), anomaly.martingales(logarithms))

    def _is_warm(self, asked: pl.DataFrame) -> pl.Series:
        """Return which rows complete a history of full size, or come after one."""
        return asked.get_column(_AGE) >= self.call.history_size - 1

    def _remaining(self, rows: pl.DataFrame, now: int) -> pl.DataFrame:
        """Return those of the rows that later rows, none of them earlier than `now`, can still reach."""
        behind = pl.len().over(GROUP) - pl.int_range(pl.len()).over(GROUP)
        recent = rows.filter(behind <= self.call.history_size).drop(GROUP)
        return self._remaining_any(recent, now)

    def _remaining_any(self, rows: pl.DataFrame, now: int) -> pl.DataFrame:
        if self.call.mode is not None:
            return rows.filter(pl.col(TIME) > now - self.call.limit)
        # A martingale goes on with the rows behind it until the whole partition is too old.
        last = pl.col(TIME).max().over(self.rows.keys) if self.rows.keys else pl.col(TIME).max()
        return rows.filter(last > now - self.call.limit)

    def _forget_others(self, now: int) -> None:
        """Drop rows of partitions that fell silent, whenever the state has doubled."""
        if self.rows.height > 2 * self._checked_height + 1024:
            self.rows.replace(self._remaining_any(self.rows.frame(), now))
            self._checked_height = self.rows.height


def _spaced(before: list[int], candidates: list[int], distance: int) -> list[int]:
    """Return the candidates that are flagged: none within `distance` rows behind another of the same model.

    No model has candidates among its first `distance - 1` rows, so flags of one never hold back those of the next.

    Args:
        before: Places flagged before, ascending.
        candidates: Places, ascending; of one model all behind those of `before`.
        distance: How many rows apart two flagged rows of a model are at least.
    """
    flagged: list[int] = []
    last, at = -distance, 0
    for place in candidates:
        while at < len(before) and before[at] < place:
            last, at = max(last, before[at]), at + 1
        if place - last >= distance:
            flagged.append(place)
            last = place
    return flagged
