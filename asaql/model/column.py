"""A column: a Polars series with the SQL kind that its values have in this batch."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import polars as pl

from asaql.model.instants import Instant
from asaql.model.kinds import BIGINT_MAX, BIGINT_MIN, Kind, Value, kind_of_type

_DTYPES: dict[Kind, pl.DataType] = {
    Kind.BIGINT: pl.Int64(),
    Kind.FLOAT: pl.Float64(),
    Kind.NVARCHAR: pl.String(),
    Kind.DATETIME: pl.Int64(),
    Kind.BIT: pl.Boolean(),
    Kind.RECORD: pl.Object(),
    Kind.ARRAY: pl.Object(),
    Kind.ANY: pl.Object(),
    Kind.NULL: pl.Null(),
}


class Column:
    """Values of one kind, or of several when the kind is ANY; immutable.

    | kind | series |
    |---|---|
    | BIGINT, DATETIME (ticks) | Int64 |
    | FLOAT | Float64 |
    | NVARCHAR | String |
    | BIT | Boolean |
    | RECORD (dict), ARRAY (list), ANY (any value) | Object |
    | NULL | Null |

    A constant column holds one value that stands for every row; its series has length 1.
    """

    __slots__ = ("is_constant", "kind", "series")

    def __init__(self, kind: Kind, series: pl.Series, *, is_constant: bool = False) -> None:
        self.kind = kind
        self.series = series
        self.is_constant = is_constant

    def __repr__(self) -> str:
        constant = "constant " if self.is_constant else ""
        return f"Column({constant}{self.kind}, {self.to_values()!r})"

    def __len__(self) -> int:
        return len(self.series)

    def __reduce__(self) -> "tuple[Callable[[Kind, Any, bool], Column], tuple[Kind, Any, bool]]":
        payload = self.series.to_list() if self.kind.is_object else shortened(self.series)
        return _unpickled, (self.kind, payload, self.is_constant)

    @staticmethod
    def from_values(values: Sequence[Value]) -> "Column":
        """Return the column of these values, its kind found from them.

        Raises:
            OverflowError: A whole number does not fit 64 bits.
        """
        # Half the price of a set of types, for the kind that no parser vouches for.
        if values and type(values[0]) is float and list(map(type, values)).count(float) == len(values):
            return Column.of_plain(Kind.FLOAT, values)
        kinds = {kind_of_type(each) for each in set(map(type, values))}
        kinds.discard(Kind.NULL)
        if not kinds:
            return Column.nulls(len(values))
        kind = kinds.pop() if len(kinds) == 1 else Kind.ANY
        if kind is Kind.DATETIME:
            ticks = [None if each is None else each.ticks for each in values]  # type: ignore[union-attr]
            return Column(kind, pl.Series(ticks, dtype=pl.Int64))
        if kind.is_object:
            if kind is Kind.ANY and any(type(x) is int and not BIGINT_MIN <= x <= BIGINT_MAX for x in values):
                raise OverflowError
            return Column(kind, pl.Series(values, dtype=pl.Object))
        return Column.of_plain(kind, values)

    @staticmethod
    def of_plain(kind: Kind, values: Sequence[Value]) -> "Column":
        """Return the column of values that are all known to be NULL or of `kind`: BIGINT, FLOAT, NVARCHAR or BIT.

        Raises:
            OverflowError: A whole number does not fit 64 bits.
        """
        try:
            series = pl.Series(values, dtype=_DTYPES[kind], strict=True)
        except (TypeError, OverflowError) as error:
            raise OverflowError from error
        return Column.nulls(len(series)) if series.null_count() == len(series) else Column(kind, series)

    @staticmethod
    def constant(value: Value) -> "Column":
        """Return a constant column of one value."""
        column = Column.from_values([value])
        return Column(column.kind, column.series, is_constant=True)

    @staticmethod
    def nulls(height: int) -> "Column":
        """Return a column of `height` NULLs."""
        return Column(Kind.NULL, repeated(None, height, pl.Null()))

    @staticmethod
    def concat(columns: Sequence["Column"]) -> "Column":
        """Return the columns, none of them constant, one below the other; of kind ANY where kinds differ."""
        kinds = {each.kind for each in columns if each.kind is not Kind.NULL}
        if len(columns) == 1:
            return columns[0]
        if not kinds:
            return Column.nulls(sum(map(len, columns)))
        if len(kinds) > 1 or Kind.ANY in kinds:
            return Column.from_values([value for each in columns for value in each.to_values()])
        kind = kinds.pop()
        if kind.is_object:
            return Column(kind, pl.Series([x for each in columns for x in each.series.to_list()], dtype=pl.Object))
        return Column(kind, pl.concat([each.cast_null(kind).series for each in columns], rechunk=True))

    def to_values(self) -> list[Any]:
        """Return the values as Python objects (see `Value`); one value for a constant column."""
        if self.kind is Kind.DATETIME:
            return [None if ticks is None else Instant(ticks) for ticks in self.series.to_list()]
        values: list[Any] = self.series.to_list()
        return values

    def cast_null(self, kind: Kind) -> "Column":
        """Return this column as one of `kind` if all its values are NULL, else unchanged."""
        if self.kind is not Kind.NULL or kind is Kind.NULL:
            return self
        if kind.is_object:
            series = pl.Series([None] * len(self.series), dtype=pl.Object)
        else:
            series = self.series.cast(_DTYPES[kind])
        return Column(kind, series, is_constant=self.is_constant)

    def expand(self, height: int) -> "Column":
        """Return this column with `height` rows: a constant is repeated, another column is unchanged."""
        if not self.is_constant:
            return self
        if self.kind.is_object:
            return Column(self.kind, pl.Series(self.series.to_list() * height, dtype=pl.Object))
        return Column(self.kind, self.series.new_from_index(0, height))

    def filter(self, mask: pl.Series) -> "Column":
        """Return the rows where the Boolean `mask` is true; a constant stays as it is."""
        return self if self.is_constant else Column(self.kind, self.series.filter(mask))

    def gather(self, indices: pl.Series) -> "Column":
        """Return the rows at `indices` (UInt32); a null index gives NULL."""
        if self.is_constant:
            return self
        if self.kind.is_object:
            values = self.series.to_list()
            picked = [None if i is None else values[i] for i in indices.to_list()]
            return Column(self.kind, pl.Series(picked, dtype=pl.Object))
        # A tenth of the price of `Series.gather` for some hundred rows.
        return Column(self.kind, self.series[indices])

    def slice(self, offset: int, length: int) -> "Column":
        """Return `length` rows from `offset` on."""
        return self if self.is_constant else Column(self.kind, self.series.slice(offset, length))

    def map(self, function: Callable[[Value], Value]) -> "Column":
        """Return the column of `function` applied to every value."""
        column = Column.from_values([function(value) for value in self.to_values()])
        return Column(column.kind, column.series, is_constant=self.is_constant)

    def null_count(self) -> int:
        """Return how many values are NULL."""
        return self.series.to_list().count(None) if self.kind.is_object else self.series.null_count()

    def is_null(self) -> pl.Series:
        """Return a Boolean series that is true where the value is NULL."""
        if self.kind.is_object:
            return pl.Series([value is None for value in self.series.to_list()], dtype=pl.Boolean)
        if self.series.null_count() in (0, len(self.series)):
            return repeated(self.series.has_nulls(), len(self.series))
        return self.series.is_null()


def repeated(value: Any, height: int, dtype: pl.DataType | None = None) -> pl.Series:
    """Return a series of one plain value, `height` times."""
    return pl.Series([value], dtype=dtype).new_from_index(0, height)


def shortened(series: pl.Series) -> pl.Series:
    """Return the series of a column for a file or a pipe, its integers in as few bytes as hold all of them."""
    return series.shrink_dtype() if series.dtype == pl.Int64 else series


def lengthened(series: pl.Series) -> pl.Series:
    """Return the series of which `shortened` gave this."""
    return series.cast(pl.Int64) if series.dtype.is_integer() else series


def from_native(kind: Kind, values: Iterable[Any]) -> Column:
    """Return a column of values that are known to be of `kind`, in the representation of its series."""
    return Column(kind, pl.Series(list(values), dtype=_DTYPES[kind]))


def _unpickled(kind: Kind, payload: Any, is_constant: bool) -> Column:
    series = pl.Series(payload, dtype=pl.Object) if kind.is_object else lengthened(payload)
    return Column(kind, series, is_constant=is_constant)
