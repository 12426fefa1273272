"""What goes wrong in scripts, as diagnostics with a place in the script; without V8."""

import re
from typing import Any, Final

from msgspec import Struct

from asaql.diagnostics import Diagnostic, Source, Span
from asaql.udf.script_spec import ScriptFunction

_MESSAGE: Final = re.compile(r"(?P<url>[^\n]*?):(?P<line>\d+): (?P<text>.*)", re.DOTALL)
_WORD: Final = re.compile(r"[\w$]+")
_LEADING_LINES: Final = 1
"""Lines that stand before the script in the text that V8 compiles."""
_LONGEST_MESSAGE: Final = 2000


class ScriptError(Exception):
    """A script failed while the job ran.

    Attributes:
        diagnostic: What happened; AQ602, AQ603 or AQ604, or AQ601 for an aggregate without a method it needs.
        row: The row within the batch, None if it is not one row's fault.
    """

    def __init__(self, diagnostic: Diagnostic, row: int | None = None) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic
        self.row = row

    def __reduce__(self) -> tuple[type["ScriptError"], tuple[Diagnostic, int | None]]:
        return type(self), (self.diagnostic, self.row)


class Place(Struct, frozen=True):
    """A line of a script, from 1, and a column, from 0 in UTF-16 units; `width` units, or the word there if None."""

    line: int
    column: int
    width: int | None = None

    def span(self, source: Source) -> Span:
        """Return the characters of `source` at this place; its last one for a place behind it."""
        end = len(source.text.rstrip())
        if self.line > source.text.count("\n") + 1:
            return Span(max(0, end - 1), end)
        text = source.line(self.line)
        line_start = source.offset(self.line, 1)
        start = _characters(text, self.column)
        if line_start + start >= end:
            return Span(max(0, end - 1), end)
        if self.width is None:
            word = _WORD.match(text, start)
            stop = word.end() if word else start + 1
        else:
            stop = _characters(text, self.column + self.width)
        return Span(line_start + start, line_start + max(start, stop))


def _characters(line: str, units: int) -> int:
    """Return how many characters of `line` its first `units` UTF-16 units are."""
    return len(line.encode("utf-16-le", "surrogatepass")[: 2 * units].decode("utf-16-le", "ignore"))


class ScriptReport(Struct, frozen=True):
    """What V8 reports of an exception that nothing caught: its text, and the place if it is in the script."""

    text: str
    place: Place | None

    @staticmethod
    def of(message: str, url: str | None) -> "ScriptReport":
        """Return what V8's message says about the script compiled as `url`; None for a text that has no name."""
        match = _MESSAGE.match(message)
        if match is None:
            return ScriptReport(message.strip(), None)
        lines = match["text"].split("\n")
        caret = next((at for at, line in enumerate(lines) if at > 1 and re.fullmatch(r" *\^+", line)), None)
        if caret is None:
            return ScriptReport(match["text"].strip(), None)
        text = "\n".join(lines[: caret - 1]).removeprefix("Uncaught ").strip()
        if url is not None and match["url"] != url:
            return ScriptReport(text, None)
        mark = lines[caret]
        place = Place(int(match["line"]) - _LEADING_LINES, mark.index("^"), mark.count("^"))
        return ScriptReport(text, place)


def place_in_stack(stack: str, url: str) -> Place | None:
    """Return the innermost place of a stack trace that lies in the script compiled under the name `url`."""
    match = re.search(rf"{re.escape(url)}:(\d+):(\d+)", stack)
    return Place(int(match[1]) - _LEADING_LINES, int(match[2]) - 1) if match else None


def unusable(
    function: ScriptFunction,
    message: str,
    span: Span | None = None,
    *,
    code: str = "AQ601",
    label: str = "",
    help: str | None = None,  # noqa: A002 - the diagnostic's word
) -> Diagnostic:
    """Return the diagnostic of a script that cannot be used; without a span it points to the script's first line."""
    return Diagnostic(code, message, span or _first_word(function.source), label, help=help, source=function.source)


def _first_word(source: Source) -> Span:
    start = len(source.text) - len(source.text.lstrip("\ufeff \t\r\n"))
    return Span(start, min(start + 1, len(source.text)))


def load_failure(function: ScriptFunction, report: ScriptReport) -> Diagnostic:
    """Return the diagnostic of a script that raises an exception before any function is called."""
    message = f'the script of "{function.name}" cannot be loaded: {report.text}'
    return unusable(function, message, report.place.span(function.source) if report.place else None)


def syntax_failure(function: ScriptFunction, report: ScriptReport) -> Diagnostic:
    """Return the diagnostic of a script that V8 cannot compile."""
    text = report.text.removeprefix("SyntaxError: ")
    message = f'the script of "{function.name}" does not compile: {text}'
    return unusable(function, message, report.place.span(function.source) if report.place else None)


def limit_failure(function: ScriptFunction, at: Span | None, limit: str) -> Diagnostic:
    """Return the diagnostic of a script that ran into `limit`, such as `10 seconds` or `256 MiB of memory`."""
    message = f'function "{function.name}" took more than {limit} for one batch of events'
    return unusable(function, message, at, code="AQ603")


def row_failure(
    function: ScriptFunction, url: str, at: Span, failure: dict[str, Any], called: str, replayed: ScriptReport | None
) -> ScriptError:
    """Return the error for a failure that the driver reports.

    Args:
        function: The function that failed.
        url: The name under which it was compiled.
        at: The function's name in the script, for failures without a place.
        failure: What the driver says.
        called: The row's arguments, as text.
        replayed: What V8 says of the same exception when it is not caught; for one without a stack trace.
    """
    name, row = function.name, int(failure["row"])
    place = place_in_stack(failure.get("stack", ""), url) or (replayed.place if replayed else None)
    code, advice = "AQ602", None
    if "unsupported" in failure:
        code, message = (
            "AQ604",
            f'function "{name}" returned {failure["unsupported"]}, which no type of the dialect holds',
        )
    elif "method" in failure:
        code, message = "AQ601", f'aggregate "{name}" has no method "{failure["method"]}"'
        parameters = "value, timestamp" if failure["method"] == "accumulate" else ""
        advice = f"this.{failure['method']} = function ({parameters}) {{ ... }};"
    elif "said" in failure:
        message = f'function "{name}" stopped the job: {_cut(failure["said"])}'
        advice = "console.info(...) or console.warn(...) let the job go on"
    else:
        message = f'function "{name}" failed: {_cut(failure["message"])}'
    span = place.span(function.source) if place else at
    note = f"called as {name}({called})"
    return ScriptError(
        Diagnostic(code, message, span, notes=(note,), help=advice, source=function.source),
        row,
    )


def _cut(text: str) -> str:
    text = text if len(text) <= _LONGEST_MESSAGE else f"{text[:_LONGEST_MESSAGE]}..."
    return " ".join(text.split("\n")).strip()


def conversion_failure(function: ScriptFunction, at: Span, reason: str, row: int | None) -> ScriptError:
    """Return the error for a result that cannot be converted to the function's output type."""
    message = f'function "{function.name}" returned a value that does not fit its output type: {reason}'
    return ScriptError(Diagnostic("AQ604", message, at, source=function.source), row)
