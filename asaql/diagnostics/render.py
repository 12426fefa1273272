"""Diagnostics as text with carets, and as JSON."""

import unicodedata
from typing import Any

from asaql.diagnostics.diagnostic import Diagnostic
from asaql.diagnostics.source import Source, Span

_TAB_WIDTH = 4
_MAX_WIDTH = 160
_COLOURS = {"error": "\x1b[1;31m", "warning": "\x1b[1;33m", "frame": "\x1b[34m", "bold": "\x1b[1m"}
_RESET = "\x1b[0m"


def render_text(diagnostic: Diagnostic, *, colour: bool = False) -> str:
    """Return the diagnostic as people read it: code, message, place, caret, notes, help."""
    paint = _Painter(colour)
    head = paint(f"{diagnostic.severity}[{diagnostic.code}]", diagnostic.severity)
    lines = [f"{head}: {paint(diagnostic.message, 'bold')}"]
    if diagnostic.source is not None and diagnostic.span is not None:
        lines += _frame(diagnostic, diagnostic.source, diagnostic.span, paint)
    elif diagnostic.source is not None:
        lines.append(f"  {paint('-->', 'frame')} {diagnostic.source.name}")
    margin = "  " if diagnostic.span is None else "  " + " " * (_gutter(diagnostic) - 1)
    lines += [f"{margin}{paint('=', 'frame')} note: {note}" for note in diagnostic.notes]
    if diagnostic.help:
        lines.append(f"{margin}{paint('=', 'frame')} help: {diagnostic.help}")
    return "\n".join(lines)


def render_json(diagnostic: Diagnostic) -> dict[str, Any]:
    """Return the same fields as `render_text` shows, as a JSON object; lines and columns count from 1."""
    return {
        "code": diagnostic.code,
        "severity": str(diagnostic.severity),
        "message": diagnostic.message,
        **_place(diagnostic.source, diagnostic.span),
        "label": diagnostic.label,
        "labels": [{**_place(diagnostic.source, each.span), "text": each.text} for each in diagnostic.labels],
        "notes": list(diagnostic.notes),
        "help": diagnostic.help,
    }


def _place(source: Source | None, span: Span | None) -> dict[str, Any]:
    place: dict[str, Any] = {"file": source.name if source else None}
    if source is None or span is None:
        return place | dict.fromkeys(("startLine", "startColumn", "endLine", "endColumn"))
    start, end = source.position(span.start), source.position(span.end)
    return place | {
        "startLine": start.line,
        "startColumn": start.column,
        "endLine": end.line,
        "endColumn": end.column,
    }


def _gutter(diagnostic: Diagnostic) -> int:
    if diagnostic.source is None:
        return 1
    spans = [each.span for each in diagnostic.labels] + ([diagnostic.span] if diagnostic.span else [])
    return max((len(str(diagnostic.source.position(each.start).line + 1)) for each in spans), default=1)


def _frame(diagnostic: Diagnostic, source: Source, span: Span, paint: "_Painter") -> list[str]:
    """Return the arrow line, the source lines concerned and their carets."""
    at = source.position(span.start)
    width = _gutter(diagnostic)
    bar = paint("|", "frame")
    marks: dict[int, list[tuple[Span, str, str]]] = {}
    for each, text, mark in [(span, diagnostic.label, "^")] + [(x.span, x.text, "-") for x in diagnostic.labels]:
        marks.setdefault(source.position(each.start).line, []).append((each, text, mark))
    shown = sorted(set(marks) | ({at.line - 1} if at.line > 1 and source.line(at.line - 1).strip() else set()))
    arrow = paint("-->", "frame")
    lines = [f"{' ' * width}{arrow} {source.name}:{at.line}:{at.column}", f"{' ' * width} {bar}"]
    previous: int | None = None
    for number in shown:
        if previous is not None and number > previous + 1:
            lines.append(f"{'.' * min(3, width + 1)}")
        previous = number
        text = source.line(number)
        first = min((source.position(each.start).column for each, _, _ in marks.get(number, [])), default=1)
        cut = _cut(text, first - 1)
        lines.append(f"{number:>{width}} {bar} {_display(text[cut:])[:_MAX_WIDTH]}".rstrip())
        for each, label, mark in marks.get(number, []):
            column = source.position(each.start).column - 1
            end = source.position(each.end)
            stop = end.column - 1 if end.line == number else len(text)
            indent = _width(text[cut:column])
            length = max(1, min(_width(text[column : max(stop, column)]), _MAX_WIDTH))
            kind = str(diagnostic.severity) if mark == "^" else "frame"
            underline = paint(mark * length + (f" {label}" if label else ""), kind)
            lines.append(f"{' ' * width} {bar} {' ' * indent}{underline}")
    lines.append(f"{' ' * width} {bar}")
    return lines


def _cut(text: str, column: int) -> int:
    """Return how many leading characters of a very long line to leave out so that the caret is in view."""
    return 0 if _width(text[:column]) < _MAX_WIDTH - 40 else max(0, column - 40)


def _display(text: str) -> str:
    return text.replace("\t", " " * _TAB_WIDTH)


def _width(text: str) -> int:
    """Return how many terminal cells `text` takes: wide characters two, combining ones none."""
    cells = 0
    for character in _display(text):
        if unicodedata.combining(character) or unicodedata.category(character) in ("Cf", "Mn", "Me"):
            continue
        cells += 2 if unicodedata.east_asian_width(character) in "WF" else 1
    return cells


class _Painter:
    def __init__(self, colour: bool) -> None:
        self._colour = colour

    def __call__(self, text: str, kind: str) -> str:
        return f"{_COLOURS[str(kind)]}{text}{_RESET}" if self._colour else text
