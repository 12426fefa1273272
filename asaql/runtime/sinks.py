"""Outputs of a job: files, and standard output for those that no one mapped."""

from collections.abc import Mapping

import orjson

from asaql.connectors import FileOutput, Output, StandardOutput
from asaql.diagnostics import Diagnostic, QueryError
from asaql.formats import Encoder, encoder_for, format_of
from asaql.jobs import STANDARD_STREAM, Job, OutputSpec
from asaql.model import Column
from asaql.runtime.compile import Compiled
from asaql.runtime.outputs import OutputSink
from asaql.runtime.write_behind import WriteBehind


class NamedLines:
    """Writes JSON lines as `{"<output>": {..}}`, so that outputs which share a stream can be told apart.

    Args:
        encoder: Writes JSON lines.
        name: The output's name.
    """

    def __init__(self, encoder: Encoder, name: str) -> None:
        self._encoder = encoder
        self._prefix = b"{" + orjson.dumps(name) + b":"

    def header(self) -> bytes:
        """Return the bytes before the first row."""
        return self._encoder.header()

    def encode(self, columns: Mapping[str, Column], height: int) -> bytes:
        """Return the lines of some rows."""
        lines = self._encoder.encode(columns, height).splitlines()
        return b"".join(self._prefix + line + b"}\n" for line in lines)

    def footer(self) -> bytes:
        """Return the bytes behind the last row."""
        return self._encoder.footer()


class SharedOutput:
    """One stream that several outputs write to; committed once, when the last of them is."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._open = 0

    def share(self) -> "SharedOutput":
        """Return this output for one more writer."""
        self._open += 1
        return self

    def write(self, data: bytes) -> None:
        """Write bytes."""
        if data:
            self._output.write(data)

    def commit(self) -> None:
        """Commit with the last writer."""
        self._open -= 1
        if self._open == 0:
            self._output.commit()

    def abort(self) -> None:
        """Abort with the first writer."""
        if self._open:
            self._open = 0
            self._output.abort()


def open_sinks(compiled: Compiled, *, is_behind: bool = False) -> dict[str, OutputSink]:
    """Return what takes the rows of each output, by folded name.

    Args:
        compiled: The job.
        is_behind: Whether files are written by threads, which takes what another processor has time for.

    Raises:
        QueryError: A file's suffix names no format.
        JobError: A file cannot be created.
    """
    job = compiled.job
    specs = {output.name.casefold(): _spec(job, output.name) for output in compiled.plan.outputs}
    streams = [key for key, spec in specs.items() if _is_stream(spec)]
    formats = {key: _format(spec) for key, spec in specs.items()}
    shared = SharedOutput(StandardOutput()) if streams else None
    sinks: dict[str, OutputSink] = {}
    try:
        for output in compiled.plan.outputs:
            key = output.name.casefold()
            encoder = encoder_for(formats[key], output.columns)
            if shared is not None and key in streams:
                if len(streams) > 1:
                    sinks[key] = OutputSink(NamedLines(encoder, output.name), shared.share(), output.columns)
                else:
                    sinks[key] = OutputSink.of_json(shared.share(), output.columns)
                continue
            file = FileOutput(str(specs[key].path))
            target = WriteBehind(file) if is_behind else file
            if formats[key] == "json":
                sinks[key] = OutputSink.of_json(target, output.columns)
            else:
                sinks[key] = OutputSink(encoder, target, output.columns)
    except BaseException:
        for sink in sinks.values():
            sink.abort()
        raise
    return sinks


def _spec(job: Job, name: str) -> OutputSpec:
    found = (each for each in job.outputs if each.name is not None and each.name.casefold() == name.casefold())
    return next(found, OutputSpec(name))


def _is_stream(spec: OutputSpec) -> bool:
    return spec.path is None or spec.path == STANDARD_STREAM


def _format(spec: OutputSpec) -> str:
    if _is_stream(spec):
        return "json"
    if spec.format is not None:
        return spec.format
    found = format_of(str(spec.path))
    if found is None or found == "avro":
        raise QueryError(
            Diagnostic(
                "AQ701",
                f'the suffix of the output file "{spec.path}" names no format that can be written',
                help="write to a file such as rows.ndjson, rows.csv or rows.parquet",
            )
        )
    return found
