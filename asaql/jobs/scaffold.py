"""Starts a project: a query, its job file, a small recording and a test."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from asaql.diagnostics import Diagnostic, QueryError

_QUERY: Final = """\
-- Devices that got hotter than 30 degrees within ten seconds.
SELECT deviceId, MAX(temperature) AS hottest, COUNT(*) AS readings, System.Timestamp() AS windowEnd
INTO Alerts
FROM Sensors TIMESTAMP BY time
GROUP BY deviceId, TumblingWindow(second, 10)
HAVING MAX(temperature) > 30;
"""

_JOB: Final = """\
query_file: query.asaql

inputs:
  Sensors: data/sensors.jsonl
"""

_RECORDING: Final = """\
{"time": "2024-05-01T08:00:01Z", "deviceId": "oven", "temperature": 28.5}
{"time": "2024-05-01T08:00:02Z", "deviceId": "fridge", "temperature": 4}
{"time": "2024-05-01T08:00:08Z", "deviceId": "oven", "temperature": 31.0}
{"time": "2024-05-01T08:00:12Z", "deviceId": "oven", "temperature": 29.5}
"""

_TEST: Final = """\
# Alerts

## A device is reported for the window in which it was too hot

The oven is above 30 degrees in the first ten seconds and below again in the next; the fridge never is.

```sql file=../query.asaql
```

```jsonl in=Sensors file=../data/sensors.jsonl
```

```jsonl out=Alerts
{"deviceId": "oven", "hottest": 31.0, "readings": 2, "windowEnd": "2024-05-01T08:00:10.0000000Z"}
```
"""

PROJECT_FILES: Final[Mapping[str, str]] = {
    "query.asaql": _QUERY,
    "job.yaml": _JOB,
    "data/sensors.jsonl": _RECORDING,
    "tests/alerts.md": _TEST,
}
"""The files of a new project, by their path in it."""


def start_project(folder: Path) -> list[Path]:
    """Write the files of a new project and return their paths.

    Args:
        folder: Where they go; made if it is not there. Other files in it stay.

    Raises:
        QueryError: A file of the same name is there, or one cannot be written (AQ704). In the first case nothing is
            written.
    """
    return write_files(folder, PROJECT_FILES)


def write_files(folder: Path, files: Mapping[str, str]) -> list[Path]:
    """Write texts to files that are not there yet and return their paths; QueryError (AQ704) as for a new project."""
    paths = {folder / name: text for name, text in files.items()}
    there = [each for each in paths if each.exists()]
    if there:
        raise QueryError(
            Diagnostic("AQ704", f'"{each}" is there already', help="name another folder, or move the file away")
            for each in there
        )
    for path, text in paths.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        except OSError as error:
            reason = (error.strerror or type(error).__name__).lower()
            raise QueryError(Diagnostic("AQ704", f'"{path}" cannot be written: {reason}')) from error
    return list(paths)
