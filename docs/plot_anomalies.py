"""Draws the plots of anomaly-detection.md: `python docs/plot_anomalies.py`."""

import random
from datetime import UTC, datetime, timedelta
from math import log10
from pathlib import Path
from typing import Any

import asaql

_IMAGES = Path(__file__).parent / "images"
_WIDTH, _HEIGHT, _MARGIN = 760, 150, 52
_START = datetime(2024, 1, 1, tzinfo=UTC)


def scored(values: list[float], call: str) -> list[dict[str, Any]]:
    """Return value, flag and score of a reading a second."""
    query = f"""
    WITH scored AS (
        SELECT v, {call} OVER (LIMIT DURATION(second, 120)) AS s FROM input TIMESTAMP BY t
    )
    SELECT v, s.IsAnomaly AS flag, s.Score AS score FROM scored
    """
    events = [{"v": v, "t": (_START + timedelta(seconds=at)).isoformat()} for at, v in enumerate(values)]
    return asaql.run(query, {"input": events})["output"]


def panel(title: str, numbers: list[float], flags: list[int], top: int, level: float | None = None) -> str:
    """Return a line through the numbers, a mark at each flag and a dashed line at a level."""
    shown = [*numbers, level] if level is not None else numbers
    least, greatest = min(shown), max(shown)

    def x(at: int) -> float:
        return _MARGIN + at * (_WIDTH - _MARGIN - 10) / (len(numbers) - 1)

    def y(number: float) -> float:
        return top + _HEIGHT - 12 - (number - least) / (greatest - least) * (_HEIGHT - 46)

    points = " ".join(f"{x(at):.1f},{y(each):.1f}" for at, each in enumerate(numbers))
    parts = [
        f'<text x="{_MARGIN}" y="{top + 16}" font-weight="bold">{title}</text>',
        *(
            f'<text x="{_MARGIN - 6}" y="{y(each) + 4:.1f}" text-anchor="end">{each:.4g}</text>'
            for each in (least, greatest)
        ),
        f'<polyline points="{points}" fill="none" stroke="#3b6ea5"/>',
        *(f'<circle cx="{x(at):.1f}" cy="{y(numbers[at]):.1f}" r="4" fill="#c0392b"/>' for at in flags),
    ]
    if level is not None:
        ends = f'x1="{_MARGIN}" x2="{_WIDTH - 10}" y1="{y(level):.1f}" y2="{y(level):.1f}"'
        parts.append(f'<line {ends} stroke="#888" stroke-dasharray="4 3"/>')
    return "\n".join(parts)


def draw(name: str, values: list[float], call: str, title: str, level: float) -> None:
    """Write the plot of a series and of its scores."""
    rows = scored(values, call)
    flags = [at for at, row in enumerate(rows) if row["flag"]]
    scores = [log10(row["score"]) for row in rows]
    body = panel("value", values, flags, 0) + "\n" + panel(title, scores, flags, _HEIGHT, level)
    size = f'width="{_WIDTH}" height="{2 * _HEIGHT}" viewBox="0 0 {_WIDTH} {2 * _HEIGHT}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="11">'
    text = f'{head}\n<rect width="100%" height="100%" fill="white"/>\n{body}\n</svg>\n'
    (_IMAGES / name).write_text(text, encoding="utf-8")


def main() -> None:
    """Draw both plots."""
    noise = random.Random(11)
    calm = [20 + noise.gauss(0, 1) for _ in range(480)]
    jumps = list(calm)
    jumps[200], jumps[300], jumps[330], jumps[420] = 32.0, 8.0, 27.0, 30.0
    call = "AnomalyDetection_SpikeAndDip(v, 99.9, 120, 'spikesanddips')"
    draw("spikes-and-dips.svg", jumps, call, "Score, the p-value (log10); below the line an anomaly", log10(0.001))
    steps = [each + (8 if 200 <= at < 360 else 0) for at, each in enumerate(calm)]
    call = "AnomalyDetection_ChangePoint(v, 80, 120)"
    limit = 120 * (log10(0.1) - 0.9 * log10(0.2))
    draw("change-points.svg", steps, call, "Score, the martingale (log10); above the line a change", limit)


if __name__ == "__main__":
    main()
