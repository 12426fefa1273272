"""Writes a job as a folder: `job.yaml`, the query and the functions as files, recordings beside them.

What a job file cannot say is left out: the declared types of scoring functions, and outputs without a file. No key is
written: the job file names an environment variable in its place.
"""

import os
import re
import shutil
from pathlib import Path
from typing import Any

import orjson
import yaml
from msgspec import Struct, field

from asaql.diagnostics import Diagnostic, QueryError
from asaql.jobs.export_text import plain_text
from asaql.jobs.job import EPOCH_TICKS, STANDARD_STREAM, InputSpec, Job
from asaql.jobs.scaffold import write_files
from asaql.model import TICKS_PER_SECOND, format_ticks
from asaql.udf.scoring_spec import ScoringFunction, shown_url

_UNSAFE = re.compile(r"[^\w.-]+")
_QUERY_FILE = "query.asaql"


class WrittenJob(Struct, frozen=True):
    """What was written.

    Attributes:
        paths: The files.
        variables: Environment variables that the job file names, each with what it must hold.
    """

    paths: tuple[Path, ...]
    variables: dict[str, str]


def write_job_folder(job: Job, folder: Path) -> WrittenJob:
    """Write a job to a folder that does not hold such files yet.

    Events of the description become files, recordings are copied; a path with `{date}` or `{time}`, and one that does
    not exist, is named from where it is.

    Raises:
        QueryError: A file is there already or cannot be written (AQ704). In the first case nothing is written.
    """
    writer = _Writer(job, folder)
    document = writer.document()
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)
    paths = write_files(folder, {"job.yaml": text, **writer.texts})
    for source, name in writer.copies:
        target = folder / name
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
        except OSError as error:
            reason = (error.strerror or type(error).__name__).lower()
            raise QueryError(Diagnostic("AQ704", f'"{target}" cannot be written: {reason}')) from error
        paths.append(target)
    return WrittenJob(tuple(paths), writer.variables)


class _Writer(Struct):
    """Makes the job file's content, and collects the files beside it."""

    job: Job
    folder: Path
    texts: dict[str, str] = field(default_factory=dict)
    copies: list[tuple[Path, str]] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """Return the content of `job.yaml`."""
        job = self.job
        self.texts[_QUERY_FILE] = plain_text(job.query)
        result: dict[str, Any] = {"name": _written(job.name), "query_file": _QUERY_FILE}
        inputs = {each.name: self._input(each) for each in job.inputs if each.name is not None}
        outputs = {each.name: {"path": self._path(each.path)} for each in job.outputs if each.path and each.name}
        result |= {"inputs": inputs} if inputs else {}
        result |= {"outputs": outputs} if outputs else {}
        functions: dict[str, Any] = {}
        for script in job.scripts:
            name = self._name("functions", script.name, ".js")
            self.texts[name] = plain_text(script.source)
            settings: dict[str, Any] = {"file": name, "kind": script.kind or "scalar"}
            settings |= {"output_type": script.output_type} if script.output_type != "any" else {}
            settings |= {"input_types": list(script.input_types)} if script.input_types is not None else {}
            functions[script.name] = {"javascript": settings}
        for scorer in job.scorers:
            functions[scorer.name] = {"scoring": self._scorer(scorer)}
        result |= {"functions": functions} if functions else {}
        return result | self._settings()

    def _input(self, spec: InputSpec) -> dict[str, Any]:
        result: dict[str, Any] = {}
        if spec.events is not None:
            name = self._name("data", str(spec.name), ".jsonl")
            self.texts[name] = "".join(f"{orjson.dumps(dict(each)).decode()}\n" for each in spec.events)
            result["path"] = name
        elif spec.path is not None:
            result["path"] = self._recording(spec.path)
            result |= {"format": spec.format} if spec.format is not None else {}
            result |= {"delimiter": _written(spec.delimiter)} if spec.delimiter is not None else {}
        result |= {"reference": True} if spec.is_reference else {}
        result |= {"date_format": spec.date_format} if spec.date_format is not None else {}
        return result | ({"time_format": spec.time_format} if spec.time_format is not None else {})

    def _recording(self, path: Path) -> str:
        if path == STANDARD_STREAM or not path.is_file():
            return self._path(path)
        name = f"data/{path.name}"
        taken = {each for _, each in self.copies} | set(self.texts)
        number = 2
        while name in taken:
            name = f"data/{number}-{path.name}"
            number += 1
        if (self.folder / name).exists():
            raise QueryError(Diagnostic("AQ704", f'"{self.folder / name}" is there already'))
        self.copies.append((path, name))
        return _written(name)

    def _path(self, path: Path | None) -> str:
        """Return how the job file names a file that stays where it is."""
        if path is None or path == STANDARD_STREAM:
            return "-"
        return _written(Path(os.path.relpath(path, self.folder)).as_posix())

    def _name(self, folder: str, name: str, suffix: str) -> str:
        stem = _UNSAFE.sub("_", name) or "_"
        result, number = f"{folder}/{stem}{suffix}", 2
        taken = {each.casefold() for each in self.texts}
        while result.casefold() in taken:
            result, number = f"{folder}/{stem}{number}{suffix}", number + 1
        return result

    def _scorer(self, scorer: ScoringFunction) -> dict[str, Any]:
        variable = _UNSAFE.sub("_", scorer.name).upper()
        result: dict[str, Any] = {}
        if scorer.url is not None and shown_url(scorer.url) != scorer.url:
            self.variables[f"{variable}_URL"] = f"the address of udf.{scorer.name}"
            result["url"] = f"${{{variable}_URL}}"
        elif scorer.url is not None:
            result["url"] = _written(scorer.url)
        for key in ("entry_script", "model_dir", "replay"):
            path = getattr(scorer, key)
            result |= {key: self._path(path)} if path is not None else {}
        if scorer.key is not None:
            self.variables[f"{variable}_KEY"] = f"the key of udf.{scorer.name}"
            result["key"] = f"${{{variable}_KEY}}"
        result |= {"max_batch_rows": scorer.max_batch_rows} if scorer.max_batch_rows != 1000 else {}
        result |= {"parallel_requests": scorer.parallel_requests} if scorer.parallel_requests != 20 else {}
        for key in ("request_name", "response_name"):
            name = getattr(scorer, key)
            result |= {key: _written(name)} if name is not None else {}
        return result

    def _settings(self) -> dict[str, Any]:
        job, policies = self.job, self.job.policies
        times: dict[str, Any] = {
            key: _duration(ticks)
            for key in ("late_arrival", "out_of_order", "early_arrival")
            if (ticks := getattr(policies, key)) is not None
        }
        if policies.out_of_order_policy != "adjust":
            times["out_of_order_policy"] = policies.out_of_order_policy
        result: dict[str, Any] = {"time_policies": times} if times else {}
        result |= {"start_time": format_ticks(policies.start_time)} if policies.start_time != EPOCH_TICKS else {}
        result |= {"streaming_units": job.streaming_units} if job.streaming_units != 6 else {}
        result |= {"compatibility_level": job.level} if job.level != "1.2" else {}
        result |= {"locale": _written(job.locale)} if job.locale != "en-US" else {}
        result |= {"output_error_policy": job.output_error_policy} if job.output_error_policy != "retry" else {}
        return result | ({"ignore_case": True} if job.ignore_case else {})


def _written(text: str) -> str:
    """Return a text so that the job file's reader finds no variable in it."""
    return text.replace("${", "$${")


def _duration(ticks: int) -> str:
    whole, rest = divmod(ticks, TICKS_PER_SECOND)
    fraction = f".{rest:07d}".rstrip("0") if rest else ""
    return f"{whole}{fraction}s"
