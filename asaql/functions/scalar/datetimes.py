"""Datetimes from text and to text, a column at a time."""

import polars as pl

from asaql.model import MAX_TICKS, TICKS_PER_HOUR, TICKS_PER_MINUTE, format_ticks, parse_ticks

_EPOCH_TICKS = 719_162 * 24 * TICKS_PER_HOUR
_USUAL = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
    r"(?:\.[0-9]{1,7})?(?:Z|[+-][0-9]{2}:[0-9]{2})?$"
)
_ZONE = r"[+-][0-9]{2}:[0-9]{2}$"


def parse_ticks_series(texts: pl.Series) -> pl.Series:
    """Return the ticks of a String series of ISO 8601 texts; null where a text is none (see `parse_ticks`)."""
    is_usual = texts.str.contains(_USUAL)
    if is_usual.all():
        return _parse_usual(texts)
    ticks = _parse_usual(pl.Series([None], dtype=pl.String).new_from_index(0, len(texts)).zip_with(~is_usual, texts))
    others = (~is_usual).arg_true()
    parsed = {text: parse_ticks(text) for text in texts.gather(others).unique().to_list()}
    found = pl.Series([parsed[text] for text in texts.gather(others).to_list()], dtype=pl.Int64)
    return ticks.scatter(others, found)


def _parse_usual(texts: pl.Series) -> pl.Series:
    seconds = (texts.str.head(10) + "T" + texts.str.slice(11, 8)).str.to_datetime(
        "%Y-%m-%dT%H:%M:%S", time_unit="us", strict=False
    )
    ticks = seconds.cast(pl.Int64) * 10 + _EPOCH_TICKS
    rest = texts.str.slice(19)
    if rest.str.starts_with(".").any():
        fraction = rest.str.extract(r"^\.([0-9]+)").str.pad_end(7, "0").cast(pl.Int64)
        ticks = ticks + fraction.fill_null(0)
    if rest.str.contains(_ZONE).any():
        zone = rest.str.extract(f"({_ZONE})").fill_null("+00:00")
        distance = zone.str.slice(1, 2).cast(pl.Int64) * TICKS_PER_HOUR
        distance = distance + zone.str.slice(4, 2).cast(pl.Int64) * TICKS_PER_MINUTE
        ticks = ticks - distance.zip_with(zone.str.starts_with("+"), -distance)
    is_possible = (ticks >= 0) & (ticks <= MAX_TICKS)
    if is_possible.all() and ticks.null_count() == 0:
        return ticks
    return ticks.zip_with(is_possible.fill_null(value=False), pl.Series([None], dtype=pl.Int64))


def format_ticks_series(ticks: pl.Series) -> pl.Series:
    """Return the texts the dialect writes for an Int64 series of ticks (see `format_ticks`)."""
    distinct = ticks.unique()
    if len(distinct) * 4 < len(ticks):
        texts = {each: None if each is None else format_ticks(each) for each in distinct.to_list()}
        return pl.Series([texts[each] for each in ticks.to_list()], dtype=pl.String)
    whole = ((ticks - _EPOCH_TICKS) // 10).cast(pl.Datetime("us"))
    return whole.dt.strftime("%Y-%m-%dT%H:%M:%S%.6f") + (ticks % 10).cast(pl.String) + "Z"
