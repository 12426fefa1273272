"""Datetimes from text and to text, a column at a time."""

import polars as pl

from asaql.functions.scalar.datetime_layouts import USUAL, Layout, layout_of, parse_alike
from asaql.model import TICKS_PER_DAY, TICKS_PER_MICROSECOND, parse_ticks

_EPOCH_MICROSECONDS = 719_162 * TICKS_PER_DAY // TICKS_PER_MICROSECOND
_FEW = 128
"""Up to so many texts are read faster one by one than by operations on columns."""
_MOST_LAYOUTS = 8
"""So many layouts are read a column at a time; a column of more is none that a program wrote."""
_FIRST_TEXTS = 4


def parse_ticks_series(texts: pl.Series) -> pl.Series:
    """Return the ticks of a String series of ISO 8601 texts; null where a text is none (see `parse_ticks`)."""
    return _parse(texts, _MOST_LAYOUTS)


def _parse(texts: pl.Series, most_layouts: int) -> pl.Series:
    layout = _usual_layout(texts) if most_layouts and len(texts) > _FEW else None
    if layout is None:
        parsed = {text: None if text is None else parse_ticks(text) for text in texts.unique().to_list()}
        return pl.Series([parsed[text] for text in texts.to_list()], dtype=pl.Int64)
    ticks = parse_alike(texts, layout)
    if ticks.null_count() == texts.null_count():
        return ticks
    others = (ticks.is_null() & texts.is_not_null()).arg_true()
    return ticks.scatter(others, _parse(texts.gather(others), most_layouts - 1))


def _usual_layout(texts: pl.Series) -> Layout | None:
    """Return the layout of some text, if there is one that has a layout; the first texts say it nearly always."""
    for text in texts.head(_FIRST_TEXTS).to_list():
        layout = None if text is None else layout_of(text)
        if layout is not None:
            return layout
    place = texts.str.contains(USUAL).arg_max()
    text = None if place is None else texts[place]
    return None if text is None else layout_of(text)


def format_ticks_series(ticks: pl.Series) -> pl.Series:
    """Return the texts the dialect writes for an Int64 series of ticks (see `format_ticks`)."""
    # Rows that windows end with have few times, and those of one window stand together.
    if len(ticks) > _FEW and ticks.head(_FEW).n_unique() * 2 < _FEW:
        distinct = ticks.unique().drop_nulls()
        if len(distinct) * 4 < len(ticks):
            texts = _formatted(distinct)
            if len(distinct) == 1 and not ticks.has_nulls():
                return texts.new_from_index(0, len(ticks))
            return ticks.replace_strict(distinct, texts, default=None, return_dtype=pl.String)
    return _formatted(ticks)


def _formatted(ticks: pl.Series) -> pl.Series:
    digit = ticks % TICKS_PER_MICROSECOND
    whole = (ticks // TICKS_PER_MICROSECOND - _EPOCH_MICROSECONDS).cast(pl.Datetime("us"))
    if digit.max() in (0, None):
        return whole.dt.strftime("%Y-%m-%dT%H:%M:%S%.6f0Z")
    return whole.dt.strftime("%Y-%m-%dT%H:%M:%S%.6f") + digit.cast(pl.String) + "Z"
