"""Arguments of the anomaly detectors: one value, then literals that are checked before anything runs."""

from typing import Final

from msgspec.structs import replace

from asaql.analysis.bind import Binder
from asaql.analysis.bound_query import AnalyticCall
from asaql.analysis.units import bind_count
from asaql.diagnostics import did_you_mean
from asaql.syntax import ast

DETECTORS: Final = frozenset({"anomalydetection_changepoint", "anomalydetection_spikeanddip"})
"""The anomaly detectors, folded."""

_MODES: Final = ("spikes", "dips", "spikesanddips")


def bind_detector(bound: AnalyticCall, call: ast.Call, rows: Binder) -> AnalyticCall | None:
    """Return a call of a detector with its argument and parameters; None after an error.

    The parameters are confidence, history size and, of AnomalyDetection_SpikeAndDip, the mode.
    """
    value, confidence, history_size, *mode = call.arguments
    if isinstance(value, ast.Star):
        rows.findings.error("AQ306", f"{call.name.name} takes one value, not *", value.span, help="name a column")
        return None
    parameters = (
        _confidence(call, confidence, rows),
        _history_size(call, history_size, rows),
        *(_mode(call, each, rows) for each in mode),
    )
    argument = rows.argument(value)
    if any(each is None for each in parameters):
        return None
    return replace(bound, argument=argument, parameters=parameters)


def _confidence(call: ast.Call, argument: ast.Expression | ast.Star, rows: Binder) -> float | None:
    number = bind_count(argument, rows.findings.scratch())
    if number is not None and 1 <= number <= 100:
        return float(number)
    rows.findings.error(
        "AQ306",
        f"the confidence of {call.name.name} must be a number from 1 to 100",
        argument.span,
        label="not a number that is written out" if number is None else "out of range",
        help="95",
    )
    return None


def _history_size(call: ast.Call, argument: ast.Expression | ast.Star, rows: Binder) -> int | None:
    number = bind_count(argument, rows.findings.scratch())
    if isinstance(number, int) and number >= 1:
        return number
    rows.findings.error(
        "AQ306",
        f"the history size of {call.name.name} must be a whole number from 1 on",
        argument.span,
        label="not a number that is written out" if number is None else "number of events in the history",
        help="120",
    )
    return None


def _mode(call: ast.Call, argument: ast.Expression | ast.Star, rows: Binder) -> str | None:
    text = argument.value if isinstance(argument, ast.StringLiteral) else None
    if text is not None and text.casefold() in _MODES:
        return text.casefold()
    nearest = did_you_mean(text.casefold(), _MODES) if text is not None else None
    rows.findings.error(
        "AQ306",
        f'"{text}" is no mode of {call.name.name}'
        if text is not None
        else f"the mode of {call.name.name} must be text",
        argument.span,
        label="expected 'spikes', 'dips' or 'spikesanddips'",
        help=f"'{nearest or 'spikesanddips'}'",
    )
    return None
