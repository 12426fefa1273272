"""Changes settings of a job file and leaves everything else in it as it is written: comments, order, quotes."""

import re
from collections.abc import Mapping as Settings
from pathlib import Path

from asaql.diagnostics import Diagnostic, QueryError, Source
from asaql.jobs.document import Entry, Mapping, Node, Scalar, to_python
from asaql.jobs.yaml_document import parse_yaml

_INDENTATION = "  "
_LINE_END = re.compile(r"\r?\n")


def job_file_of(target: str | Path) -> Path | None:
    """Return the job file that a target is, or that stands for the folder that it is; None for other targets."""
    path = Path(target)
    if path.is_dir():
        names = {each.name.casefold(): each for each in path.iterdir()}
        if "asaproj.json" in names:
            return None
        return next((names[name] for name in ("job.yaml", "job.yml") if name in names), None)
    return path if path.suffix.lower() in (".yaml", ".yml") and path.is_file() else None


def write_scoring_settings(path: Path, function: str, settings: Settings[str, int]) -> None:
    """Set whole-number settings of a scoring function in a job file.

    Args:
        path: The job file.
        function: The function's name; case does not count.
        settings: Keys of `scoring` with their values.

    Raises:
        QueryError: The file cannot be read or written (AQ702, AQ704), or does not declare the function in a form that
            can be edited (AQ701).
    """
    try:
        written = path.read_bytes()
        text = written.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise QueryError(Diagnostic("AQ702", f'job file "{path}" cannot be read')) from error
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    text = text.removeprefix(mark)
    edited = with_scoring_settings(Source(str(path), text), function, settings)
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes((mark + edited).encode())
        part.chmod(path.stat().st_mode)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise QueryError(Diagnostic("AQ704", f'job file "{path}" cannot be written: {error.strerror}')) from error


def with_scoring_settings(source: Source, function: str, settings: Settings[str, int]) -> str:
    """Return the text of a job file with settings of a scoring function; QueryError (AQ701) as in the file's case."""
    root = parse_yaml(source)
    entry = _scoring(root, function)
    if root is None or entry is None:
        message = f'"{source.name}" declares no scoring function "{function}"'
        raise QueryError(Diagnostic("AQ701", message, help=_by_hand(settings)))
    text = source.text
    if isinstance(entry.value, Scalar):
        text = _lengthened(text, entry, settings)
    elif isinstance(entry.value, Mapping):
        text = _edited(text, entry.value, settings)
    _check(source, root, text, function, settings)
    return text


def _scoring(root: Node | None, function: str) -> Entry | None:
    functions = root.mapping("functions") if isinstance(root, Mapping) else None
    declared = functions.mapping(function) if functions is not None else None
    return declared.entry("scoring") if declared is not None else None


def _lengthened(text: str, entry: Entry, settings: Settings[str, int]) -> str:
    """Return the text with the short form, an address alone, replaced by a mapping."""
    start, end = entry.value.span.start, entry.value.span.end
    pairs = [f"url: {text[start:end]}", *(f"{key}: {value}" for key, value in settings.items())]
    indentation = _indentation(text, entry.key.span.start)
    if indentation is None:
        return f"{text[:start]}{{{', '.join(pairs)}}}{text[end:]}"
    break_ = _line_break(text) + indentation + _INDENTATION
    before = text[:start].rstrip(" \t")
    return before + "".join(break_ + pair for pair in pairs) + text[end:]


def _edited(text: str, mapping: Mapping, settings: Settings[str, int]) -> str:
    """Return the text with values replaced and missing keys added."""
    old = {key: each.value for key in settings if (each := mapping.entry(key)) is not None}
    new = [f"{key}: {value}" for key, value in settings.items() if key not in old]
    changes = [(node.span.start, node.span.end, str(settings[key])) for key, node in old.items()]
    if new:
        changes.append(_addition(text, mapping, new))
    for start, end, replacement in sorted(changes, reverse=True):
        text = text[:start] + replacement + text[end:]
    return text


def _addition(text: str, mapping: Mapping, pairs: list[str]) -> tuple[int, int, str]:
    """Return the place of new keys and what is written there: in a block, behind the last value of one line."""
    if text[mapping.span.start] == "{":
        at = mapping.span.start + 1
        return at, at, "".join(f"{pair}, " for pair in pairs)
    first = mapping.entries[0].key.span.start
    indentation = _indentation(text, first) or ""
    break_ = _line_break(text)
    for entry in reversed(mapping.entries):
        value = entry.value
        if isinstance(value, Scalar) and "\n" not in text[entry.key.span.start : value.span.end]:
            end = _LINE_END.search(text, value.span.end)
            at = end.start() if end is not None else len(text)
            return at, at, "".join(f"{break_}{indentation}{pair}" for pair in pairs)
    return first, first, "".join(f"{pair}{break_}{indentation}" for pair in pairs)


def _indentation(text: str, at: int) -> str | None:
    """Return what stands before a key on its line if that is blank, else None."""
    before = text[text.rfind("\n", 0, at) + 1 : at]
    return before if not before.strip() else None


def _line_break(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _check(source: Source, root: Node, text: str, function: str, settings: Settings[str, int]) -> None:
    """Refuse an edit that did something else than it should: YAML has forms that no one expects."""
    expected = to_python(root)
    for name, each in expected["functions"].items():
        if name.casefold() == function.casefold():
            scoring = each["scoring"]
            each["scoring"] = {**({"url": scoring} if isinstance(scoring, str) else scoring), **settings}
    try:
        after = parse_yaml(Source(source.name, text))
    except QueryError:
        after = None
    if after is None or to_python(after) != expected:
        message = f'"{source.name}" is written in a form that cannot be edited'
        raise QueryError(Diagnostic("AQ701", message, help=_by_hand(settings)))


def _by_hand(settings: Settings[str, int]) -> str:
    return "write " + ", ".join(f"{key}: {value}" for key, value in settings.items())
