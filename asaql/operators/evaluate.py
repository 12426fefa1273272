"""Bound expressions over batches, a column at a time.

A function with a kernel for the kinds at hand computes whole columns; every other one runs its scalar body row by row.
What may fail is evaluated only for the rows that reach it: the operands of AND and OR from left to right, the branches
of CASE only where their condition is the first to hold.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import repeat
from typing import Any, Protocol, TypeVar

import polars as pl

from asaql.analysis.bound import (
    BoundExpression,
    Branch,
    ColumnRef,
    Conditional,
    Constant,
    EventTime,
    FieldOf,
    Invoke,
    Logical,
    LogicalOperator,
    MakeRecord,
    Negation,
    NullTest,
    ScriptCall,
    children,
)
from asaql.diagnostics import Span
from asaql.functions import FunctionError, describe, field_of
from asaql.model import Batch, Column, Kind, Value

_T = TypeVar("_T")

_NEVER_FAIL = frozenset(
    name + suffix
    for name in (*("=", "<>", "<", "<=", ">", ">=", "LIKE", "NOT LIKE", "IN", "NOT IN", "BETWEEN", "NOT BETWEEN"),)
    for suffix in ("", " (ignore case)")
) | {"GetType"}


class Scripts(Protocol):
    """The JavaScript functions that a `ScriptCall` may name."""

    def call(self, name: str, arguments: Sequence[Column], height: int) -> Column:
        """Return the results of one function for `height` rows."""
        ...


class EvaluationError(Exception):
    """An expression met a value that it cannot take.

    Attributes:
        span: The expression in the query.
        code: The diagnostic's code.
        row: The row of the batch.
        help: What to write instead, if the function knows.
    """

    def __init__(self, message: str, code: str, span: Span, row: int, advice: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.span = span
        self.row = row
        self.help = advice


class Evaluator:
    """Evaluates bound expressions; holds nothing but the JavaScript functions it calls."""

    def __init__(self, scripts: Scripts | None = None) -> None:
        self._scripts = scripts

    def column(self, expression: BoundExpression, batch: Batch) -> Column:
        """Return the values of `expression` for every row of `batch`; constant where they do not depend on the row.

        Raises:
            EvaluationError: A value cannot be computed.
        """
        match expression:
            case ColumnRef(slot):
                return batch.columns[slot]
            case Constant(value):
                return Column.constant(value)
            case EventTime():
                return Column(Kind.DATETIME, batch.times)
            case Invoke():
                return self._invoke(expression, batch)
            case Logical():
                return Column(Kind.BIT, self._logical(expression, batch))
            case Negation(operand):
                return Column(Kind.BIT, ~self.mask(operand, batch))
            case NullTest(operand, is_negated):
                nulls = self.column(operand, batch).expand(batch.height).is_null()
                return Column(Kind.BIT, ~nulls if is_negated else nulls)
            case Conditional():
                return self._conditional(expression, batch)
            case FieldOf(operand, name):
                return _field(self.column(operand, batch), name)
            case MakeRecord():
                return self._record(expression, batch)
            case ScriptCall(name, arguments):
                if self._scripts is None or batch.height == 0:
                    return Column.nulls(batch.height)
                return self._scripts.call(name, [self.column(each, batch) for each in arguments], batch.height)

    def mask(self, predicate: BoundExpression, batch: Batch) -> pl.Series:
        """Return a Boolean series without nulls that is true for the rows where `predicate` holds.

        A number counts as true where it is not zero, so that functions that give 1 or 0 can stand alone.
        """
        column = self.column(predicate, batch).expand(batch.height)
        series = column.series
        if column.kind is Kind.BIT:
            return series.fill_null(value=False) if series.null_count() else series
        if column.kind is Kind.NULL:
            return pl.repeat(False, batch.height, dtype=pl.Boolean, eager=True)
        if column.kind.is_number:
            return (series != 0).fill_null(value=False)
        return pl.Series([_holds(value, predicate.span, row) for row, value in enumerate(column.to_values())])

    def _invoke(self, call: Invoke, batch: Batch) -> Column:
        function = call.function
        arguments = [self.column(each, batch) for each in call.arguments]
        height = batch.height
        if height == 0:
            return Column.nulls(0)
        if function.is_strict and any(each.kind is Kind.NULL for each in arguments):
            return Column.constant(None)
        if function.kernel is not None:
            try:
                result = function.kernel(arguments, height)
            except FunctionError:
                result = None
            if result is not None:
                return result
        is_constant = all(each.is_constant for each in arguments)
        rows = _rows(arguments, 1 if is_constant else height)
        values = _apply(function.scalar, rows, function.is_strict, call.span)
        try:
            column = Column.from_values(values)
        except OverflowError as error:
            row = next(i for i, value in enumerate(values) if _is_too_big(value))
            message = f"the result of {function.name} does not fit a bigint"
            raise EvaluationError(message, "AQ303", call.span, row) from error
        return Column(column.kind, column.series, is_constant=True) if is_constant else column

    def _logical(self, expression: Logical, batch: Batch) -> pl.Series:
        is_and = expression.operator is LogicalOperator.AND
        result = self.mask(expression.operands[0], batch)
        for operand in expression.operands[1:]:
            is_open = result if is_and else ~result
            if is_open.all() or never_fails(operand):
                other = self.mask(operand, batch)
                result = result & other if is_and else result | other
            elif is_open.any():
                rows = is_open.arg_true()
                answers = _at(rows, lambda: self.mask(operand, batch.filter(is_open)))  # noqa: B023
                result = result.clone().scatter(rows, answers)
        return result

    def _conditional(self, expression: Conditional, batch: Batch) -> Column:
        """Evaluate branch by branch, each for the rows that are still open, and put the pieces back in order."""
        pieces: list[tuple[pl.Series, Column]] = []
        rest, rows = batch, pl.int_range(batch.height, dtype=pl.UInt32, eager=True)
        for branch in (*expression.branches, Branch(Constant(True), expression.otherwise)):
            if rest.height == 0:
                break
            chosen = _at(rows, lambda: self.mask(branch.condition, rest))  # noqa: B023
            if not chosen.any():
                continue
            picked, taken = (rows, rest) if chosen.all() else (rows.filter(chosen), rest.filter(chosen))
            result = _at(picked, lambda: self.column(branch.result, taken))  # noqa: B023
            pieces.append((picked, result.expand(taken.height)))
            rest, rows = rest.filter(~chosen), rows.filter(~chosen)
        if not pieces:
            return Column.nulls(0)
        if len(pieces) == 1:
            return pieces[0][1]
        order = pl.concat([picked for picked, _ in pieces]).arg_sort()
        return Column.concat([column for _, column in pieces]).gather(order)

    def _record(self, expression: MakeRecord, batch: Batch) -> Column:
        columns = [self.column(item.value, batch).expand(batch.height) for item in expression.items]
        names = [item.name for item in expression.items]
        values = [column.to_values() for column in columns]
        if None not in names:
            records: list[dict[str, Any]] = [dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)]  # type: ignore[arg-type]
        elif len(names) == 1:
            records = [value if type(value) is dict else {} for value in values[0]]
        else:
            records = [_merged(names, row) for row in zip(*values, strict=True)]
        return Column(Kind.RECORD, pl.Series(records, dtype=pl.Object))


def never_fails(expression: BoundExpression) -> bool:
    """Return whether no value can make `expression` raise, so that it may be evaluated for rows that do not need it."""
    match expression:
        case Invoke(function, _) if function.name not in _NEVER_FAIL:
            return False
        case ScriptCall():
            return False
    return all(map(never_fails, children(expression)))


def first_failure(compute: Callable[[Batch], object], batch: Batch, error: EvaluationError) -> EvaluationError:
    """Return the failure of the first row of `batch` that fails by itself.

    A column at a time, the error met first need not be the one of the first row; which error a job reports must not
    depend on how its rows are cut into batches.
    """
    for row in range(min(error.row + 1, batch.height)):
        try:
            compute(batch.slice(row, 1))
        except EvaluationError as failure:
            failure.row = row
            return failure
    return error


def _apply(scalar: Callable[..., Value], rows: Iterator[tuple[Any, ...]], is_strict: bool, span: Span) -> list[Value]:
    values: list[Value] = []
    try:
        if is_strict:
            for row in rows:
                values.append(None if any(x is None for x in row) else scalar(*row))  # noqa: PERF401 - as below
        else:
            for row in rows:
                values.append(scalar(*row))  # noqa: PERF401 - the row of a failure is the number of values so far
    except FunctionError as error:
        raise EvaluationError(str(error), error.code, span, len(values), error.help) from error
    return values


def _rows(arguments: Sequence[Column], height: int) -> Iterator[tuple[Any, ...]]:
    if not arguments:
        return iter([()] * height)
    sources = [repeat(each.to_values()[0], height) if each.is_constant else each.to_values() for each in arguments]
    return zip(*sources, strict=True)


def _at(rows: pl.Series, compute: Callable[[], _T]) -> _T:
    """Run `compute` on a part of a batch; a failure names the row of the whole batch."""
    try:
        return compute()
    except EvaluationError as error:
        error.row = rows[error.row]
        raise


def _field(column: Column, name: str) -> Column:
    if column.kind not in (Kind.RECORD, Kind.ANY):
        return Column.constant(None) if column.is_constant else Column.nulls(len(column))
    result = Column.from_values([field_of(value, name) for value in column.series.to_list()])
    return Column(result.kind, result.series, is_constant=column.is_constant)


def _merged(names: Sequence[str | None], row: Sequence[Any]) -> dict[str, Any]:
    """Return one record of named fields and spread records; of two equal names, case aside, the first stays."""
    record: dict[str, Any] = {}
    taken: set[str] = set()
    for name, value in zip(names, row, strict=True):
        fields = ((name, value),) if name is not None else value.items() if type(value) is dict else ()
        for key, each in fields:
            folded = key.casefold()
            if folded not in taken:
                taken.add(folded)
                record[key] = each
    return record


def _holds(value: Any, span: Span, row: int) -> bool:
    if value is None:
        return False
    if isinstance(value, (bool, int, float)):
        return bool(value)
    message = f"a condition must be true or false, and this is {describe(value)}"
    raise EvaluationError(message, "AQ305", span, row)


def _is_too_big(value: Value) -> bool:
    return type(value) is int and not -(2**63) <= value < 2**63
