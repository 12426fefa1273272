"""The command `asaql`: finds the subcommand and turns what it raises into messages and exit codes.

    0    fine
    1    the query or the job is wrong
    2    the command line is wrong
    3    the job failed while it ran
    70   a bug of asaql
    130  interrupted
    141  the reader of the output went away

A command's module is imported when the command is used, so that help and version appear at once.
"""

import importlib
import keyword
import os
import signal
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import click

from asaql.cli.report import Reporter
from asaql.diagnostics import AsaqlError, Diagnostic, JobError

COMMANDS: Final = {
    "run": "Run a query or a job and write its outputs.",
    "check": "Report what is wrong with a query or a job, without running it.",
    "explain": "Show how a query would be run.",
    "tune": "Find the batch size that fits a scoring service.",
    "test": "Run recorded cases against their expectations.",
    "fmt": "Bring queries into the canonical layout.",
    "init": "Start a project: query, job file, recording, test.",
    "import": "Make a job folder of a project or a template.",
    "export": "Make a deployment template of a job.",
    "completion": "Print what completes commands in a shell.",
}
"""The subcommands in the order of the help text; each lives in the module of its name, see `load_command`."""

_HELP_OPTIONS: Final = ("-h", "--help")

EXIT_QUERY: Final = 1
EXIT_USAGE: Final = 2
EXIT_JOB: Final = 3
EXIT_BUG: Final = 70
EXIT_INTERRUPTED: Final = 130
EXIT_NO_READER: Final = 141

_DEBUG_VARIABLE: Final = "ASAQL_DEBUG"


def load_command(name: str) -> click.Command:
    """Return a subcommand; where its name is a word of Python, its module has an underscore behind it."""
    module = importlib.import_module(f"asaql.cli.{name}{'_' if keyword.iskeyword(name) else ''}")
    command: click.Command = module.command
    # The first context of a command decides for ever what its help option is called.
    command.context_settings.setdefault("help_option_names", _HELP_OPTIONS)
    # Polars, once imported, has system calls go on after Ctrl-C; one that waits without end would never let it through.
    if sys.platform != "win32":
        signal.siginterrupt(signal.SIGINT, True)
    return command


class _ReaderGoneError(Exception):
    """Standard output was closed by its reader."""


@contextmanager
def _reader_watched() -> Iterator[None]:
    """Tell a closed standard output from the errors that click makes of it."""
    try:
        yield
    except BrokenPipeError as error:
        raise _ReaderGoneError from error


class _Group(click.Group):
    """Knows its commands by name and imports them when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        return load_command(cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def make_context(self, *arguments: Any, **settings: Any) -> click.Context:
        with _reader_watched():
            return super().make_context(*arguments, **settings)

    def invoke(self, ctx: click.Context) -> Any:
        with _reader_watched():
            code = super().invoke(ctx)
            sys.stdout.flush()
        return code


@click.group(
    cls=_Group,
    context_settings={"help_option_names": _HELP_OPTIONS, "max_content_width": 100},
    epilog="Run `asaql COMMAND --help` for the options and examples of a command.",
)
@click.version_option(package_name="asaql", message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, help=f"Show the traceback of a bug; the same as {_DEBUG_VARIABLE}=1.")
@click.pass_context
def asaql(context: click.Context, debug: bool) -> None:
    """Run Azure Stream Analytics queries anywhere, on recorded events."""
    context.obj = Reporter()
    if debug:
        os.environ[_DEBUG_VARIABLE] = "1"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Args:
        arguments: What follows the program's name; None for the process's own arguments.
    """
    reporter = Reporter()
    # Batches are small enough for one thread each; a second one costs more than it gives. Processes do the rest.
    os.environ.setdefault("POLARS_MAX_THREADS", "1")
    try:
        code = asaql.main(
            args=None if arguments is None else list(arguments),
            prog_name="asaql",
            standalone_mode=False,
            obj=reporter,
        )
    except click.UsageError as error:
        error.show()
        return EXIT_USAGE
    except click.ClickException as error:
        error.show()
        return EXIT_USAGE
    except click.Abort:
        return EXIT_INTERRUPTED
    except _ReaderGoneError:
        _discard_standard_output()
        return EXIT_NO_READER
    except AsaqlError as error:
        reporter.show_all(error.diagnostics)
        return EXIT_JOB if isinstance(error, JobError) else EXIT_QUERY
    except Exception as error:
        _report_bug(error, reporter)
        return EXIT_BUG
    return code if isinstance(code, int) else 0


def _report_bug(error: Exception, reporter: Reporter) -> None:
    """Name the kind and the place of an exception; its text may hold a user's data and shows with --debug only."""
    frames = traceback.extract_tb(error.__traceback__)
    last = next((each for each in reversed(frames) if "asaql" in Path(each.filename).parts), None)
    place = f" in {Path(last.filename).name}, line {last.lineno}" if last is not None else ""
    is_debug = bool(os.environ.get(_DEBUG_VARIABLE))
    reporter.show(
        Diagnostic(
            "AQ999",
            f"this is a bug of asaql: {type(error).__name__}{place}",
            help=None if is_debug else f"run again with {_DEBUG_VARIABLE}=1 for the traceback, and report it",
        )
    )
    if is_debug:
        traceback.print_exception(error, file=sys.stderr)


def _discard_standard_output() -> None:
    """Keep the interpreter from complaining at its end that it cannot write what is left."""
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, sys.stdout.fileno())
    os.close(sink)
