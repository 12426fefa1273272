"""`asaql fmt`."""

import difflib
import sys
from collections.abc import Iterator
from pathlib import Path

import click
from msgspec import Struct

from asaql.cli.report import Reporter
from asaql.diagnostics import Diagnostic, QueryError, Source
from asaql.syntax import lay_out

_SUFFIXES = (".sql", ".asaql")
_MARK = "\ufeff"
_LEFT_OUT = frozenset({"node_modules", "__pycache__"})


@click.command(name="fmt")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--check", "is_check", is_flag=True, help="Write nothing; the exit code is 1 if a file would change.")
@click.option("--diff", "is_diff", is_flag=True, help="Write nothing; show what would change.")
@click.pass_obj
def command(reporter: Reporter, /, paths: tuple[str, ...], is_check: bool, is_diff: bool) -> int:
    """Bring queries into the canonical layout; comments are kept.

    PATH is a query file or a folder that is searched for .sql and .asaql files; without a PATH the current folder is
    searched. With - the query is read from standard input and the result goes to standard output.

    Keywords come in upper case, types in lower case, a clause on a line of its own; what is longer than 100 characters
    takes a line per entry. Names, functions included, stay as they are spelled, and so do parentheses. A file that is
    not in the dialect is reported and left as it is; the exit code is then 1.

    \b
    Examples:
      asaql fmt
      asaql fmt alerts.asaql queries/
      asaql fmt --check --diff
      asaql fmt - < alerts.sql
    """  # noqa: D301 - click's own mark for text that is not to be wrapped
    if paths == ("-",):
        text = _read_standard_input()
        result = lay_out(Source(text.name, text.content))
        if is_diff:
            click.echo("".join(_difference(text, result)), nl=False)
        elif not is_check:
            click.echo(result, nl=False)
        return int(is_check and result != text.content)
    is_dry = is_check or is_diff
    changed, failed, count = 0, 0, 0
    for path in _files(paths or (".",)):
        count += 1
        try:
            changed += _format(path, is_dry=is_dry, is_diff=is_diff)
        except QueryError as error:
            reporter.show_all(error.diagnostics)
            failed += 1
    click.echo(_summary(count, changed, failed, is_dry=is_dry), err=True)
    return int(failed > 0 or (changed > 0 and is_check))


def _format(path: Path, *, is_dry: bool, is_diff: bool) -> bool:
    """Bring a file into the layout, or say what would change; return whether anything does or would."""
    text = _read(path)
    result = lay_out(Source(text.name, text.content))
    if result == text.content:
        return False
    if is_diff:
        click.echo("".join(_difference(text, result)), nl=False)
    if not is_dry:
        _write(path, text, result)
    click.echo(f"{'would change' if is_dry else 'changed'} {text.name}", err=True)
    return True


class _Text(Struct, frozen=True):
    """A query, what to call it, and whether a byte order mark stands before it."""

    name: str
    content: str
    has_mark: bool = False


def _write(path: Path, text: _Text, result: str) -> None:
    """Replace a file at once, so that no reader sees a part of it."""
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(((_MARK if text.has_mark else "") + result).encode())
        part.chmod(path.stat().st_mode)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise QueryError(Diagnostic("AQ704", f'"{path}" cannot be written: {error.strerror}')) from error


def _read_standard_input() -> _Text:
    return _Text("<stdin>", sys.stdin.buffer.read().decode("utf-8", errors="replace").removeprefix(_MARK))


def _read(path: Path) -> _Text:
    try:
        content = path.read_bytes().decode("utf-8")
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise QueryError(Diagnostic("AQ702", f'query file "{path}" cannot be read: {reason}')) from error
    except UnicodeDecodeError as error:
        message = f'query file "{path}" is not a text in UTF-8'
        raise QueryError(Diagnostic("AQ702", message, help="save it as UTF-8")) from error
    return _Text(str(path), content.removeprefix(_MARK), content.startswith(_MARK))


def _files(paths: tuple[str, ...]) -> Iterator[Path]:
    """Yield the files that are named, and those of folders that are named, each once."""
    seen: set[Path] = set()
    for written in paths:
        path = Path(written)
        for each in _queries_in(path) if path.is_dir() else [path]:
            if each.resolve() not in seen:
                seen.add(each.resolve())
                yield each


def _queries_in(folder: Path) -> Iterator[Path]:
    for each in sorted(folder.iterdir()):
        if each.name.startswith(".") or each.name in _LEFT_OUT:
            continue
        if each.is_dir() and not each.is_symlink():
            yield from _queries_in(each)
        elif each.suffix.lower() in _SUFFIXES:
            yield each


def _difference(text: _Text, result: str) -> Iterator[str]:
    before, after = text.content.splitlines(keepends=True), result.splitlines(keepends=True)
    for line in difflib.unified_diff(before, after, text.name, f"{text.name} (canonical)"):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _summary(count: int, changed: int, failed: int, *, is_dry: bool) -> str:
    files = "file" if count == 1 else "files"
    parts = [f"{changed} would change" if is_dry else f"{changed} changed"]
    parts += [f"{failed} left as {'it is' if failed == 1 else 'they are'} because of errors"] if failed else []
    return f"{count} {files}: {', '.join(parts)}"
