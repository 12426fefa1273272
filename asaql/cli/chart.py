"""Curves: drawn with characters for a terminal, and as SVG."""

from collections.abc import Sequence
from html import escape
from itertools import pairwise
from typing import Final

from msgspec import Struct

_WIDTH: Final = 60
_HEIGHT: Final = 10
_PLOT_WIDTH: Final = 420
_PLOT_HEIGHT: Final = 240
_MARGIN: Final = 64


class Curve(Struct, frozen=True):
    """Values over labelled steps.

    Attributes:
        title: What the values are.
        axis: What the steps are.
        labels: The steps.
        values: One for each step, 0 or more.
        chosen: The step that is recommended.
    """

    title: str
    axis: str
    labels: Sequence[str]
    values: Sequence[float]
    chosen: int


def draw_text(curve: Curve) -> list[str]:
    """Return a curve as lines of ASCII: `o` for a value, `@` for the chosen one, dots between them."""
    top = max(curve.values) or 1.0
    count = len(curve.values)
    step = max(7, _WIDTH // max(1, count))
    grid = [[" "] * (step * count) for _ in range(_HEIGHT)]
    points = [(at * step + step // 2, _level(value, top)) for at, value in enumerate(curve.values)]
    for (x, y), (next_x, next_y) in pairwise(points):
        for column in range(x + 1, next_x):
            grid[round(y + (next_y - y) * (column - x) / (next_x - x))][column] = "."
    for at, (x, y) in enumerate(points):
        grid[y][x] = "@" if at == curve.chosen else "o"
    scale = max(len(_short(top)), 6)
    lines = [curve.title]
    for level in range(_HEIGHT - 1, -1, -1):
        tick = _short(top * level / (_HEIGHT - 1)) if level in (0, _HEIGHT - 1) else ""
        lines.append(f"{tick:>{scale}} |{''.join(grid[level])}".rstrip())
    lines.append(f"{'':>{scale}} +{'-' * (step * count)}")
    lines.append(f"{'':>{scale}}  {''.join(f'{label:^{step}}' for label in curve.labels)}".rstrip())
    lines.append(f"{'':>{scale}}  {curve.axis:^{step * count}}".rstrip())
    return lines


def _level(value: float, top: float) -> int:
    return round(value / top * (_HEIGHT - 1))


def _short(value: float) -> str:
    """Return a number in few characters."""
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.3g}"


def draw_svg(curves: Sequence[Curve]) -> str:
    """Return curves as an SVG document, side by side."""
    width = len(curves) * (_PLOT_WIDTH + 2 * _MARGIN)
    height = _PLOT_HEIGHT + 2 * _MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
        ' font-family="sans-serif" font-size="12" fill="#333">',
        '<rect width="100%" height="100%" fill="#fff"/>',
    ]
    for number, curve in enumerate(curves):
        left = number * (_PLOT_WIDTH + 2 * _MARGIN) + _MARGIN
        parts += _plot(curve, left, _MARGIN)
    return "\n".join([*parts, "</svg>", ""])


def _plot(curve: Curve, left: int, top: int) -> list[str]:
    most = max(curve.values) or 1.0
    bottom, step = top + _PLOT_HEIGHT, _PLOT_WIDTH / len(curve.values)
    points = [(left + step * (at + 0.5), bottom - value / most * _PLOT_HEIGHT) for at, value in enumerate(curve.values)]
    centre = left + _PLOT_WIDTH / 2
    parts = [
        _text(centre, top - 24, curve.title, size=15),
        _text(centre, bottom + 44, curve.axis),
        f'<path d="M{left} {top}V{bottom}H{left + _PLOT_WIDTH}" fill="none" stroke="#999"/>',
    ]
    for share in (0.0, 0.5, 1.0):
        y = bottom - share * _PLOT_HEIGHT
        parts.append(f'<path d="M{left} {y:.1f}h{_PLOT_WIDTH}" stroke="#eee"/>')
        parts.append(_text(left - 6, y + 4, _short(most * share), anchor="end"))
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    parts.append(f'<polyline points="{line}" fill="none" stroke="#1f77b4" stroke-width="2"/>')
    for at, (x, y) in enumerate(points):
        colour, radius = ("#d62728", 6) if at == curve.chosen else ("#1f77b4", 4)
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{colour}"/>')
        parts.append(_text(x, bottom + 20, curve.labels[at]))
    return parts


def _text(x: float, y: float, text: str, *, anchor: str = "middle", size: int = 12) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}">{escape(text)}</text>'
