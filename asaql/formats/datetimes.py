"""Datetimes as the text that is written."""

import polars as pl

from asaql.model import TICKS_PER_MICROSECOND

_UNIX_EPOCH_MICROSECONDS = 62_135_596_800_000_000


def text_of_ticks(ticks: pl.Series) -> pl.Series:
    """Return the text of every instant of an Int64 series: `yyyy-MM-ddTHH:mm:ss.fffffffZ`, null for null.

    Exact over the years 1 to 9999: whole microseconds are formatted by Polars, the seventh digit is put behind them.
    """
    microseconds = ticks // TICKS_PER_MICROSECOND
    digit = ticks - microseconds * TICKS_PER_MICROSECOND
    text = (microseconds - _UNIX_EPOCH_MICROSECONDS).cast(pl.Datetime("us")).dt.to_string("iso:strict")
    return text + digit.cast(pl.String) + "Z"
