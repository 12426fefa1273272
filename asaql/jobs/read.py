"""The one way in: whatever describes a job, this makes the Job of it.

The reader of each kind of description is loaded with the first of its kind: a bare query needs no YAML, which takes
longer to load than the query takes to compile.
"""

import re
from pathlib import Path

from asaql.diagnostics import Diagnostic, QueryError, did_you_mean
from asaql.jobs.functions import with_script_kinds
from asaql.jobs.job import PROJECT_FILE, STANDARD_STREAM, Job
from asaql.jobs.options import JobOptions, apply_options, replayed_functions
from asaql.jobs.query_file import read_query_file, read_standard_query

_QUERY_SUFFIXES = (".asaql", ".sql")
_YAML_SUFFIXES = (".yaml", ".yml")
_OLDER_PROJECT_SUFFIX = ".asaproj"
_PROJECT_MARK = re.compile(r'"startFile"\s*:', re.IGNORECASE)


def read_job(target: str | Path, options: JobOptions | None = None) -> Job:
    """Return the job that `target` describes, with the options applied on top.

    Args:
        target: `-` for a query on standard input; a `.sql` or `.asaql` file; a job file (`.yaml`, `.yml`); a project's
            folder, its `asaproj.json` or its older `.asaproj`; a deployment template (`.json`). A folder without a
            project may hold one `job.yaml` instead.
        options: What wins over the description.

    Raises:
        QueryError: With all that is wrong (AQ701, AQ702, AQ706, AQ707, AQ708, AQ202).
    """
    options = options or JobOptions()
    job = with_script_kinds(apply_options(_described(str(target), options), options))
    _check_standard_input(job, is_query=str(target) == "-")
    return job


def _check_standard_input(job: Job, *, is_query: bool) -> None:
    readers = [each.name for each in job.inputs if each.path == STANDARD_STREAM]
    if is_query and readers:
        message = "standard input cannot be both the query and an input"
        help_text = "save the query to a file, or name a file for the input"
    elif len(readers) > 1:
        names = " and ".join(f'"{each}"' for each in readers)
        message = f"standard input cannot be read by several inputs: {names}"
        help_text = "name a file for all but one of them"
    else:
        return
    raise QueryError(Diagnostic("AQ701", message, help=help_text))


def _described(target: str, options: JobOptions) -> Job:
    if target == "-":
        return read_standard_query()
    path = Path(target)
    provided = [name for name, _ in (*options.functions, *options.scorers)] + replayed_functions(options)
    if path.is_dir():
        return _folder_job(path, provided)
    suffix = path.suffix.lower()
    if not path.exists():
        raise QueryError(_missing(path))
    if suffix in _YAML_SUFFIXES:
        return _read_yaml_job(path)
    if suffix == ".json":
        if path.name.casefold() == PROJECT_FILE or _is_project(path):
            return _read_project(path, provided)
        return _read_template(path, provided, [name for name, _ in options.scorer_keys])
    if suffix in _QUERY_SUFFIXES:
        return read_query_file(path)
    if suffix == _OLDER_PROJECT_SUFFIX:
        return _read_project(path.parent, provided)
    raise QueryError(
        Diagnostic(
            "AQ701",
            f'"{path}" is no query, job file, project or template by its suffix',
            help=f"az bicep build --file {path}"
            if suffix == ".bicep"
            else "give a .sql, .asaql, .yaml or .json file, or a project's folder",
        )
    )


def _folder_job(folder: Path, provided: list[str]) -> Job:
    names = {each.name.casefold(): each for each in folder.iterdir()}
    if PROJECT_FILE not in names:
        for name in ("job.yaml", "job.yml"):
            if name in names:
                return _read_yaml_job(names[name])
    return _read_project(folder, provided)


def _read_yaml_job(path: Path) -> Job:
    from asaql.jobs.yaml_job import read_yaml_job

    return read_yaml_job(path)


def _read_project(target: Path, provided: list[str]) -> Job:
    from asaql.jobs.asa_project import read_project

    return read_project(target, provided)


def _read_template(path: Path, provided: list[str], keyed: list[str]) -> Job:
    from asaql.jobs.arm_template import read_template

    return read_template(path, provided, keyed)


def _is_project(path: Path) -> bool:
    try:
        return _PROJECT_MARK.search(path.read_text(encoding="utf-8-sig")) is not None
    except (OSError, UnicodeDecodeError):
        return False


def _missing(path: Path) -> Diagnostic:
    near = None
    if path.parent.is_dir():
        known = (*_QUERY_SUFFIXES, *_YAML_SUFFIXES, ".json")
        near = did_you_mean(path.name, [each.name for each in path.parent.iterdir() if each.suffix.lower() in known])
    return Diagnostic(
        "AQ702",
        f'"{path}" does not exist',
        help=f'did you mean "{path.parent / near}"?' if near else None,
    )
