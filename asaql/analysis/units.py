"""Units of time in windows, LIMIT DURATION and DATEDIFF bounds, and durations written with them."""

from asaql.analysis.findings import Findings
from asaql.diagnostics import did_you_mean
from asaql.model import (
    TICKS_PER_DAY,
    TICKS_PER_HOUR,
    TICKS_PER_MICROSECOND,
    TICKS_PER_MILLISECOND,
    TICKS_PER_MINUTE,
    TICKS_PER_SECOND,
)
from asaql.syntax import ast

_UNITS = {
    "day": (TICKS_PER_DAY, ("day", "days", "dd", "d")),
    "hour": (TICKS_PER_HOUR, ("hour", "hours", "hh", "h")),
    "minute": (TICKS_PER_MINUTE, ("minute", "minutes", "mi", "n")),
    "second": (TICKS_PER_SECOND, ("second", "seconds", "ss", "s")),
    "millisecond": (TICKS_PER_MILLISECOND, ("millisecond", "milliseconds", "ms")),
    "microsecond": (TICKS_PER_MICROSECOND, ("microsecond", "microseconds", "mcs")),
}
_SPELLINGS = {spelling: unit for unit, (_, spellings) in _UNITS.items() for spelling in spellings}


def find_unit(text: str) -> str | None:
    """Return the unit's canonical name, or None if no unit is spelled like this."""
    return _SPELLINGS.get(text.casefold())


def unit_ticks(unit: str) -> int:
    """Return the length of a unit, by its canonical name, in ticks."""
    return _UNITS[unit][0]


def bind_unit(word: ast.Expression | ast.Star | ast.Identifier, findings: Findings) -> str | None:
    """Return the canonical name of the unit that stands here; None after an error."""
    text = word.name if isinstance(word, ast.Identifier) else _word(word)
    unit = find_unit(text) if text is not None else None
    if unit is None:
        written = f'"{text}"' if text is not None else "this"
        nearest = did_you_mean(text, _SPELLINGS) if text is not None else None
        findings.error(
            "AQ404",
            f"{written} is no unit of time",
            word.span,
            label="expected day, hour, minute, second, millisecond or microsecond",
            help=f"did you mean {nearest}?" if nearest else None,
        )
    return unit


def bind_count(number: ast.Expression | ast.Star, findings: Findings, what: str = "a duration") -> int | float | None:
    """Return the literal number that stands here, with its sign; None after an error, which says `what` it is."""
    if isinstance(number, ast.IntegerLiteral | ast.FloatLiteral):
        return number.value
    if isinstance(number, ast.Unary) and number.operator is not ast.UnaryOperator.BITWISE_NOT:
        value = bind_count(number.operand, findings, what)
        return value if value is None or number.operator is ast.UnaryOperator.PLUS else -value
    findings.error("AQ404", f"{what} must be a number that is written out", number.span, label="not a literal number")
    return None


def bind_row_count(call: ast.Call, number: ast.Expression | ast.Star, findings: Findings) -> int | None:
    """Return how many rows CollectTop gathers; None after an error."""
    count = bind_count(number, findings.scratch())
    if isinstance(count, int) and count >= 1:
        return count
    findings.error(
        "AQ306",
        f"the first argument of {call.name.name} must be a whole number from 1 on",
        number.span,
        label="not a number that is written out" if count is None else "number of rows that are gathered",
        help=f"{call.name.name}(10, ..)",
    )
    return None


def bind_duration(
    unit: ast.Expression | ast.Star | ast.Identifier, count: ast.Expression | ast.Star, findings: Findings
) -> int | None:
    """Return the ticks of a unit and a count; None after an error."""
    name, number = bind_unit(unit, findings), bind_count(count, findings)
    if name is None or number is None:
        return None
    ticks = number * unit_ticks(name)
    if ticks != int(ticks):
        findings.error("AQ404", "a duration must be a whole number of 100 ns ticks", count.span)
        return None
    return int(ticks)


def _word(expression: ast.Expression | ast.Star) -> str | None:
    if isinstance(expression, ast.Path) and len(expression.parts) == 1:
        return expression.parts[0].name
    return expression.value if isinstance(expression, ast.StringLiteral) else None
