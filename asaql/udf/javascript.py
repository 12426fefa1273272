"""JavaScript functions and aggregates, computed in V8 a whole batch at a time."""

import asyncio
import json
import os
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib import resources
from typing import Any, Final

import orjson
from msgspec import Struct
from py_mini_racer import JSEvalException, JSOOMException, MiniRacer, mini_racer

from asaql.diagnostics import Diagnostic, QueryError, Span
from asaql.functions import FunctionError, cast_function
from asaql.model import Column, Kind, Value
from asaql.udf.javascript_errors import (
    ScriptError,
    ScriptReport,
    conversion_failure,
    limit_failure,
    load_failure,
    row_failure,
    syntax_failure,
)
from asaql.udf.javascript_loading import ScriptForm, UnusableScriptError, output_kind
from asaql.udf.javascript_values import Encoded, decode_column, encode_column, encode_ticks, encode_values, parse_answer
from asaql.udf.script_spec import ScriptFunction

Console = Callable[[str, str, str], None]
"""Takes what a script says: `info`, `warn` or `error`; the function's alias; the text."""

_GLOBALS: Final = resources.files("asaql.udf").joinpath("javascript_globals.js").read_text("utf-8").strip()
_DRIVER: Final = resources.files("asaql.udf").joinpath("javascript_driver.js").read_text("utf-8").strip()
_MOST_ROWS: Final = 16_384
"""The most rows of one call into V8, so that limits do not depend on how large batches are."""
_SHOWN_CHARACTERS: Final = 300
_MEBIBYTE: Final = 1024 * 1024
_MOST_BUFFERS: Final = 4
"""How many times the memory limit the buffers that one batch allocates may hold, freed ones included."""


class ScriptHost:
    """The JavaScript functions of a job in one V8 isolate; used by one thread at a time.

    Scripts see UTC as the local time zone and US English as the locale. A script that exceeds a limit ends the host:
    later calls fail as that one did.

    Args:
        functions: The functions, each with another alias, case aside.
        level: The compatibility level; below 1.2 Booleans are numbers to the dialect.
        memory_mb: The most that V8's heap may hold, in MiB.
        timeout_seconds: The most that one batch may take.
        on_console: Takes what scripts say on the console; without it, that is dropped.

    Raises:
        QueryError: Scripts that do not compile or define no usable function, all of them (AQ601).
    """

    def __init__(
        self,
        functions: Sequence[ScriptFunction],
        *,
        level: str = "1.2",
        memory_mb: int = 256,
        timeout_seconds: float = 10.0,
        on_console: Console | None = None,
    ) -> None:
        self._has_bits = level not in ("1.0", "1.1")
        self._on_console = on_console
        self._exhausted: Diagnostic | None = None
        self._isolate = _Isolate(memory_mb, timeout_seconds)
        # An isolate that is open at exit can keep the process from ending.
        self._finalizer = weakref.finalize(self, self._isolate.close)
        self._scripts: dict[str, _Script] = {}
        problems: list[Diagnostic] = []
        for number, function in enumerate(functions):
            try:
                self._scripts[function.name.casefold()] = self._load(function, number)
            except UnusableScriptError as error:
                problems.append(error.diagnostic)
            except _LimitError as error:
                problems.append(limit_failure(function, None, error.limit))
                break
        if problems:
            self.close()
            raise QueryError(problems)

    def call(self, name: str, arguments: Sequence[Column], height: int) -> Column:
        """Return what a function gives for each of `height` rows.

        Args:
            name: The function's alias, in any case; one of the host's functions.
            arguments: Columns of `height` rows, or constants. A function takes missing ones as undefined and ignores
                further ones.
            height: The number of rows.

        Raises:
            ScriptError: The function failed for a row or exceeded a limit.
        """
        script = self._scripts[name.casefold()]
        if height <= _MOST_ROWS:
            return self._call(script, arguments, arguments, height, 0)
        parts = []
        for start in range(0, height, _MOST_ROWS):
            length = min(_MOST_ROWS, height - start)
            rows = [each.slice(start, length) for each in arguments]
            parts.append(self._call(script, arguments, rows, length, start))
        return Column.concat(parts)

    def _call(
        self, script: "_Script", arguments: Sequence[Column], rows: Sequence[Column], height: int, start: int
    ) -> Column:
        """Return the results for `rows`, which are `height` rows of `arguments` from `start` on."""
        if height == 0:
            return Column.nulls(0)

        def arguments_of(row: int) -> list[Value]:
            return [(each if each.is_constant else each.slice(row, 1)).to_values()[0] for each in arguments]

        columns = [encode_column(each, height, has_bits=self._has_bits) for each in rows]
        return self._run(script, _Request("call", columns, height, start, arguments_of))

    def aggregate(
        self, name: str, sizes: Sequence[int], values: Sequence[Value], ticks: Sequence[int]
    ) -> Sequence[Value]:
        """Return the result of an aggregate for each of several groups, each computed by an instance of its own.

        Args:
            name: The aggregate's alias, in any case; one of the host's functions.
            sizes: The number of rows of each group.
            values: The argument of every row, group after group; NULLs are accumulated too.
            ticks: The event time of every row.

        Raises:
            ScriptError: The aggregate failed for a row or exceeded a limit.
        """
        script = self._scripts[name.casefold()]
        results: list[Value] = []
        for groups, rows in _cut_groups(sizes):
            columns = [
                Encoded(0, orjson.dumps(list(sizes[groups]))),
                encode_values(values[rows], has_bits=self._has_bits),
                encode_ticks(ticks[rows]),
            ]
            request = _Request("aggregate", columns, groups.stop - groups.start, rows.start, lambda row: [values[row]])
            results += self._run(script, request).to_values()
        return results

    def close(self) -> None:
        """End the isolate; a second time is harmless."""
        self._finalizer()

    def _run(self, script: "_Script", request: "_Request") -> Column:
        """Return the results of one call into V8."""
        if self._exhausted:
            raise ScriptError(self._exhausted)
        form = script.form
        try:
            answer = parse_answer(self._isolate.request(request.text(script.number), "run"))
        except _LimitError as error:
            self._exhausted = limit_failure(form.function, script.at, error.limit)
            raise ScriptError(self._exhausted) from error
        self._say(form.function, answer[-1])
        if len(answer) == 4:
            column = decode_column(*answer[:3], has_bits=self._has_bits)
            return self._converted(script, column, request)
        failure = answer[0]
        if "limit" in failure:
            self._exhausted = limit_failure(form.function, script.at, self._isolate.memory_limit)
            raise ScriptError(self._exhausted)
        replayed = self._replay(script) if "message" in failure and "stack" not in failure else None
        failure["row"] += request.start
        called = _shown(request.arguments_of(failure["row"]))
        raise row_failure(form.function, form.url, script.at, failure, called, replayed)

    def _replay(self, script: "_Script") -> ScriptReport | None:
        """Return where the last request fails when nothing catches it: thrown objects other than Errors do not say."""
        try:
            self._isolate.evaluate("__asaql__.replay()")
        except JSEvalException as error:
            return ScriptReport.of(str(error), script.form.url)
        except _LimitError:
            return None
        return None

    def _say(self, function: ScriptFunction, said: Sequence[tuple[str, str]]) -> None:
        if self._on_console:
            for level, text in said:
                self._on_console(level, function.name, text)

    def _converted(self, script: "_Script", column: Column, request: "_Request") -> Column:
        kind = script.output
        if kind is None or column.kind in (kind, Kind.NULL):
            return column
        cast = cast_function(kind)
        result = cast.kernel([column], len(column)) if cast.kernel else None
        if result is not None:
            return result
        values: list[Value] = []
        for row, value in enumerate(column.to_values()):
            try:
                values.append(None if value is None else cast.scalar(value))
            except FunctionError as error:
                at = request.start + row if request.operation == "call" else None
                raise conversion_failure(script.form.function, script.at, str(error), at) from error
        return Column.from_values(values)

    def _load(self, function: ScriptFunction, number: int) -> "_Script":
        form = ScriptForm.of(function, number)
        output = output_kind(function)
        try:
            self._isolate.request(form.check.encode("utf-8", "replace"), "check")
        except JSEvalException as error:
            report = ScriptReport.of(str(error), None)
            if report.text != "null":
                raise UnusableScriptError(syntax_failure(function, report)) from error
        try:
            names, said = orjson.loads(self._isolate.evaluate(form.program))
        except JSEvalException as error:
            raise UnusableScriptError(load_failure(function, ScriptReport.of(str(error), form.url))) from error
        self._say(function, said)
        name = form.choose(names)
        index = self._isolate.evaluate(f"__asaql__.choose({orjson.dumps(name).decode()})")
        return _Script(form, index, form.span(name) or Span(0, 1), output)


class _Script(Struct, frozen=True):
    """A script that V8 has loaded: its number in the driver, its function's place, what results are converted to."""

    form: ScriptForm
    number: int
    at: Span
    output: Kind | None


class _Request(Struct, frozen=True):
    """A call of a function for some rows, or of an aggregate for some groups.

    Attributes:
        operation: `call` or `aggregate`.
        columns: What the driver reads.
        height: The number of results.
        start: The first row, counted in what the host was asked for.
        arguments_of: Returns the arguments of a row, counted likewise, for a message.
    """

    operation: str
    columns: Sequence[Encoded]
    height: int
    start: int
    arguments_of: Callable[[int], Sequence[Value]]

    def text(self, script: int) -> bytes:
        """Return the request as the driver reads it."""
        head = orjson.dumps([self.operation, script, self.height, [each.code for each in self.columns]])
        return b"%b,[%b]]" % (head[:-1], b",".join(each.text for each in self.columns))


def _cut_groups(sizes: Sequence[int]) -> Iterator[tuple[slice, slice]]:
    """Yield ranges of groups of about as many rows as one call takes, with the ranges of their rows."""
    first = first_row = rows = 0
    for group, size in enumerate(sizes):
        rows += size
        if rows - first_row >= _MOST_ROWS or group == len(sizes) - 1:
            yield slice(first, group + 1), slice(first_row, rows)
            first, first_row = group + 1, rows


def _shown(values: Sequence[Value]) -> str:
    """Return the arguments of a row for a message."""
    text = ", ".join(json.dumps(each, default=str, ensure_ascii=False) for each in values)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."


# V8 --------------------------------------------------------------------------------------------------------------


class _LimitError(Exception):
    """A script was ended because it took too long or too much memory; `limit` is what was allowed."""

    def __init__(self, limit: str) -> None:
        super().__init__(limit)
        self.limit = limit


class _Isolate:
    """A V8 isolate with the driver in it, and the thread that waits for it."""

    def __init__(self, memory_mb: int, timeout_seconds: float) -> None:
        self.memory_limit = f"{memory_mb} MiB of memory"
        self._timeout_seconds = timeout_seconds
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="javascript", daemon=True)
        self._thread.start()
        self._opened = ExitStack()
        self._racer = _start_v8(self._opened, self._loop)
        self._racer.set_hard_memory_limit(memory_mb * _MEBIBYTE)
        self.evaluate(f"{_GLOBALS}()")
        call = f"{_DRIVER}({_MOST_BUFFERS * memory_mb * _MEBIBYTE})"
        self._driver: Any = self.evaluate(f"{call}\n//# sourceURL=asaql.js")

    def request(self, text: bytes, operation: str) -> Any:
        """Return what an operation of the driver answers to a request."""
        self._driver["request"] = text.decode()
        return self.evaluate(f"__asaql__.{operation}()")

    def evaluate(self, code: str) -> Any:
        """Return what V8 makes of `code`; an interrupt ends the script too.

        Raises:
            JSEvalException: An exception that nothing caught.
            _LimitError: It took too long or too much memory.
        """
        answer = asyncio.run_coroutine_threadsafe(self._evaluate(code), self._loop)
        try:
            return answer.result()
        except TimeoutError as error:
            limit = f"{self._timeout_seconds:g} seconds"
            raise _LimitError(limit) from error
        except JSEvalException as error:
            if isinstance(error, JSOOMException) or self._racer.was_hard_memory_limit_reached():
                raise _LimitError(self.memory_limit) from error
            raise
        except BaseException:
            answer.cancel()
            raise

    async def _evaluate(self, code: str) -> Any:
        return await asyncio.wait_for(self._racer.eval_cancelable(code), self._timeout_seconds)

    def close(self) -> None:
        """End the isolate and its thread."""
        self._driver = None
        # The thread takes V8's last answers, so it ends after V8.
        self._opened.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


_start_lock = threading.Lock()
_is_v8_started = False


def _start_v8(opened: ExitStack, loop: asyncio.AbstractEventLoop) -> MiniRacer:
    """Return a new isolate; the first of a process settles the time zone and the locale of all."""
    global _is_v8_started
    with _start_lock:
        if _is_v8_started:
            return opened.enter_context(mini_racer(loop))
        with _environment(TZ="UTC", LC_ALL="en_US.UTF-8"):
            racer = opened.enter_context(mini_racer(loop))
            racer.eval("new Date(0).toLocaleString()")
        _is_v8_started = True
        return racer


@contextmanager
def _environment(**variables: str) -> Iterator[None]:
    """Set environment variables for a while."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
