"""Reference data by date and time in its path: each file is a snapshot that counts from the time its path names."""

import re
from glob import escape, glob
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from asaql.diagnostics import Diagnostic, QueryError
from asaql.jobs import InputSpec
from asaql.model import ticks_from_parts

BEGINNING: Final = 0
"""From when on reference data counts whose path names no time."""
_DEFAULTS: Final = {"date": "YYYY/MM/DD", "time": "HH"}
_DIGITS: Final = {"YYYY": 4, "MM": 2, "DD": 2, "HH": 2, "mm": 2}
_PART: Final = re.compile("YYYY|MM|DD|HH|mm")


def is_dated(spec: InputSpec) -> bool:
    """Return whether the files of an input count from the time that their paths name."""
    return spec.path is not None and any(f"{{{name}}}" in str(spec.path) for name in _DEFAULTS)


def snapshots(spec: InputSpec) -> list[tuple[int, InputSpec]]:
    """Return the files of an input of reference data with the ticks from which each counts, the earliest first.

    Raises:
        QueryError: No file has a path of the form that the input names.
    """
    if spec.path is None or not is_dated(spec):
        return [(BEGINNING, spec)]
    formats = {"date": spec.date_format or _DEFAULTS["date"], "time": spec.time_format or _DEFAULTS["time"]}
    pattern, wanted = _pattern(str(spec.path), formats)
    found = []
    for path in glob(wanted):
        match = pattern.fullmatch(path)
        ticks = _ticks(match.groupdict()) if match is not None else None
        if ticks is not None:
            found.append((ticks, replace(spec, path=Path(path))))
    if not found:
        form = str(spec.path)
        for name, each in formats.items():
            form = form.replace(f"{{{name}}}", each)
        raise QueryError(
            Diagnostic("AQ702", f'no file of the reference data "{spec.name}" is there', notes=(f"looked for {form}",))
        )
    return sorted(found, key=lambda each: each[0])


def _pattern(path: str, formats: dict[str, str]) -> tuple[re.Pattern[str], str]:
    """Return what a path must match, with a group for each part of the time, and what to look for in folders."""
    pattern, wanted = "", ""
    for piece in re.split(r"(\{date\}|\{time\})", path):
        name = piece.strip("{}")
        if piece not in ("{date}", "{time}"):
            pattern += re.escape(piece)
            wanted += escape(piece)
            continue
        for part in re.split(f"({_PART.pattern})", formats[name]):
            if part not in _DIGITS:
                pattern += re.escape(part)
                wanted += escape(part)
                continue
            is_first = f"(?P<{part}>" not in pattern
            pattern += f"(?P<{part}>[0-9]{{{_DIGITS[part]}}})" if is_first else f"(?P={part})"
            wanted += "[0-9]" * _DIGITS[part]
    return re.compile(pattern), wanted


def _ticks(parts: dict[str, str]) -> int | None:
    year, month, day, hour, minute = (int(parts.get(each, low)) for each, low in zip(_DIGITS, "11100", strict=True))
    return ticks_from_parts(year, month, day, hour, minute)
