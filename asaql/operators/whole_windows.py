"""Windows of which all rows are at hand: nothing has to wait, and few of their groups have anything to merge."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

import polars as pl

from asaql.model import Batch, Column
from asaql.operators.aggregation import Aggregation
from asaql.operators.partial_window import ROWS
from asaql.operators.window import WindowAggregateOperator, WindowPlan
from asaql.operators.window_state import END


class WholeWindows:
    """Computes what a `WindowAggregateOperator` gives for rows that are all there is of their windows.

    Where rows are states of groups, most groups have one, made where all their rows were read. Their results follow
    from it at once. Only windows in which some group has several states are left to the operator.

    Args:
        plan: What to compute; every instant is in exactly one window.
    """

    def __init__(self, plan: WindowPlan) -> None:
        windows = plan.disjoint_windows
        assert windows is not None
        self._plan = plan
        self._windows = windows
        self._aggregation = Aggregation(plan.aggregates)

    def rows(self, batch: Batch) -> Batch:
        """Return a row for each window and group, in the order of window end and first appearance of the group.

        Args:
            batch: Rows in the order of event time, at least one.
        """
        if not self._plan.takes_states:
            return self._merged(batch)
        ends = self._windows.pane_ends(batch.times)
        mixed = self._mixed_windows(batch, ends)
        if mixed is None:
            return self._merged(batch)
        if not mixed:
            return self._alone(batch, ends)
        is_mixed = ends.is_in(mixed)
        if int(is_mixed.sum()) * 2 > batch.height:
            return self._merged(batch)
        is_alone = ~is_mixed
        alone = self._alone(batch.filter(is_alone), ends.filter(is_alone))
        return _interleaved(alone, self._merged(batch.filter(is_mixed)), mixed)

    def _mixed_windows(self, batch: Batch, ends: pl.Series) -> list[int] | None:
        """Return the ends of windows in which a group may have several states; None if that takes as long as merging.

        Args:
            batch: States.
            ends: The end of the window of each.
        """
        columns = [ends.alias(END)]
        for number, key in enumerate(self._plan.keys):
            column = batch.columns[key.source].expand(batch.height)
            if column.kind.is_object:
                return None
            columns.append(column.series.alias(str(number)))
        # Sorted numbers show what is repeated; two groups of equal numbers are taken for one, which does no harm.
        numbers = pl.DataFrame(columns).hash_rows()
        ordered = numbers.sort()
        following = ordered.slice(1)
        repeated = following.filter(following == ordered.slice(0, batch.height - 1))
        if not len(repeated):
            return []
        return ends.filter(numbers.is_in(repeated.implode())).unique().sort().to_list()

    def _alone(self, batch: Batch, ends: pl.Series) -> Batch:
        """Return the rows of groups of one state each."""
        columns = {key.slot: batch.columns[key.source].expand(batch.height) for key in self._plan.keys}
        columns |= self._aggregation.results_of_states(batch, ROWS)
        if self._plan.identity_slot is not None:
            columns[self._plan.identity_slot] = Column.constant(self._plan.windows[0].identity)
        return Batch(columns, ends)

    def _merged(self, batch: Batch) -> Batch:
        operator = WindowAggregateOperator(self._plan)
        operator.on_batch(batch)
        return Batch.concat([each for each in operator.on_end() if isinstance(each, Batch)])


def _interleaved(rows: Batch, others: Batch, ends: Sequence[int]) -> Batch:
    """Return rows and the rows of other windows in the order of window ends.

    Args:
        rows: In the order of window ends.
        others: Likewise.
        ends: The windows of the others, in order.
    """
    parts: list[Batch] = []
    start = other_start = 0
    for end in ends:
        stop, other_stop = bisect_left(rows.times, end), bisect_right(others.times, end)
        parts += [rows.slice(start, stop - start), others.slice(other_start, other_stop - other_start)]
        start, other_start = stop, other_stop
    parts.append(rows.slice(start, rows.height - start))
    return Batch.concat([each for each in parts if each.height])
