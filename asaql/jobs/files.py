"""Reads the text files that a job's description consists of or names."""

import os
from pathlib import Path

from asaql.diagnostics import Source
from asaql.jobs.document import Node
from asaql.jobs.problems import Problems


def read_source(path: Path, problems: Problems, at: Node | None = None, *, what: str = "file") -> Source | None:
    """Return the text of a file, without its byte order mark, named as `path` is written.

    Args:
        path: The file.
        problems: Where a file that is missing, unreadable or no text is reported.
        at: What names the file.
        what: What the file should be, for the message: `query file`, say.

    Returns:
        The text, or None if there is none to be had.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        problems.error(
            "AQ702", f'{what} "{path}" cannot be read: {reason}', at, help=_nearby(path) if at is None else None
        )
        return None
    text = decode_text(data)
    if text is None:
        problems.error("AQ702", f'{what} "{path}" is not a text in UTF-8', at, help="save it as UTF-8")
        return None
    return Source(str(path), text)


def decode_text(data: bytes) -> str | None:
    """Return UTF-8 or UTF-16 text without its byte order mark, or None if it is neither."""
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def _nearby(path: Path) -> str | None:
    """Return a help text naming the file that differs from `path` in case only."""
    if not path.parent.is_dir():
        return None
    for each in path.parent.iterdir():
        if each.name.casefold() == path.name.casefold():
            return f'did you mean "{each}"?'
    return None


def resolve_path(folder: Path, written: str) -> Path:
    """Return the file that a description in `folder` names, whichever way its slashes lean.

    A path that does not exist as spelled is looked up again without regard to case, because descriptions written on
    one system are read on others; if that finds nothing either, the path is returned as spelled.
    """
    spelled = written.replace("\\", "/") if os.sep == "/" else written
    path = folder / spelled
    if path.exists():
        return path
    found = Path(path.anchor) if path.is_absolute() else Path()
    for part in path.relative_to(path.anchor).parts if path.is_absolute() else path.parts:
        candidate = found / part
        if part != ".." and not candidate.exists() and found.is_dir():
            folded = part.casefold()
            candidate = next((each for each in sorted(found.iterdir()) if each.name.casefold() == folded), candidate)
        found = candidate
    return found if found.exists() else path
