"""Datetimes as the text that is written, and from the types of other formats."""

from datetime import UTC, date, datetime

import polars as pl

from asaql.functions import format_ticks_series
from asaql.model import TICKS_PER_DAY, TICKS_PER_MICROSECOND, TICKS_PER_SECOND, Instant

UNIX_EPOCH_MICROSECONDS = 62_135_596_800_000_000
"""From 0001-01-01 to 1970-01-01."""


def text_of_ticks(ticks: pl.Series) -> pl.Series:
    """Return the text of every instant of an Int64 series: `yyyy-MM-ddTHH:mm:ss.fffffffZ`, null for null."""
    return format_ticks_series(ticks)


def microseconds_of_ticks(ticks: pl.Series) -> pl.Series:
    """Return instants as a Polars Datetime series in microseconds; the seventh digit is cut off."""
    return (ticks // TICKS_PER_MICROSECOND - UNIX_EPOCH_MICROSECONDS).cast(pl.Datetime("us"))


def ticks_of_dates(series: pl.Series) -> pl.Series:
    """Return the ticks of a Date or Datetime series of the years 1 to 9999; nanoseconds below 100 are cut off."""
    if isinstance(series.dtype, pl.Datetime) and series.dtype.time_unit == "ns":
        return series.cast(pl.Int64) // 100 + UNIX_EPOCH_MICROSECONDS * TICKS_PER_MICROSECOND
    microseconds = series.cast(pl.Datetime("us")).cast(pl.Int64)
    return (microseconds + UNIX_EPOCH_MICROSECONDS) * TICKS_PER_MICROSECOND


def instant_of(moment: date) -> Instant:
    """Return a date, or a datetime (UTC if it has no zone), as an instant."""
    if not isinstance(moment, datetime):
        return Instant((moment.toordinal() - 1) * TICKS_PER_DAY)
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    seconds = (moment.hour * 60 + moment.minute) * 60 + moment.second
    ticks = (moment.toordinal() - 1) * TICKS_PER_DAY + seconds * TICKS_PER_SECOND
    return Instant(ticks + moment.microsecond * TICKS_PER_MICROSECOND)
