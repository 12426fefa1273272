"""CROSS and OUTER APPLY: one row per element of an array or property of a record."""

from collections.abc import Iterable
from typing import Any

import polars as pl
from msgspec import Struct

from asaql.analysis.bound import BoundExpression
from asaql.functions import describe
from asaql.model import Batch, Column, Kind
from asaql.operators.contract import Emission, Operator
from asaql.operators.evaluate import EvaluationError, Evaluator
from asaql.operators.project import guarded


class UnnestSpec(Struct, frozen=True):
    """An APPLY.

    Attributes:
        function: GetArrayElements or GetRecordProperties.
        argument: What is taken apart.
        key_slot: Receives the index or the name.
        value_slot: Receives the element or the value.
        is_outer: Whether a row without elements stays, with NULLs.
    """

    function: str
    argument: BoundExpression
    key_slot: str
    value_slot: str
    is_outer: bool


class UnnestOperator(Operator):
    """Repeats each row for every element of its argument."""

    def __init__(self, spec: UnnestSpec, evaluator: Evaluator) -> None:
        self._spec = spec
        self._evaluator = evaluator
        self._wanted: type = list if spec.function == "GetArrayElements" else dict

    def on_batch(self, batch: Batch, port: int = 0) -> Iterable[Emission]:
        """Return the repeated rows, elements in their order."""
        spec = self._spec
        values = guarded(self._values, batch)
        rows: list[int] = []
        keys: list[Any] = []
        elements: list[Any] = []
        for row, value in enumerate(values):
            if not value:
                if spec.is_outer:
                    rows.append(row)
                    keys.append(None)
                    elements.append(None)
                continue
            rows += [row] * len(value)
            if isinstance(value, dict):
                keys += value.keys()
                elements += value.values()
            else:
                keys += range(len(value))
                elements += value
        if not rows:
            return ()
        unnested = batch.gather(pl.Series(rows, dtype=pl.UInt32))
        added = {spec.key_slot: Column.from_values(keys), spec.value_slot: Column.from_values(elements)}
        return (unnested.with_columns(added),)

    def _values(self, batch: Batch) -> list[Any]:
        values = self._evaluator.column(self._spec.argument, batch).expand(batch.height).to_values()
        for row, value in enumerate(values):
            if value is not None and type(value) is not self._wanted:
                kind = Kind.ARRAY if self._wanted is list else Kind.RECORD
                message = f"{self._spec.function} takes a value of type {kind}, and this is {describe(value)}"
                raise EvaluationError(message, "AQ305", self._spec.argument.span, row)
        return values
