"""Reads the streaming job of a deployment template: JSON written by hand, exported, or built from Bicep.

Positions in the query count in the query's own text, whose source is named `<template>#query`; likewise for the text
of each function. Values that only a deployment knows are needed for nothing but the query, the functions and their
addresses; where one of those is missing, the message names it.
"""

from collections.abc import Collection
from pathlib import Path
from typing import Any, Final

from msgspec import Struct, field
from msgspec.structs import replace

from asaql.diagnostics import Source, Span
from asaql.jobs.arm_expressions import Expressions, UnresolvedError, is_expression
from asaql.jobs.arm_resources import JOB_TYPE, Part, Resource, find_resources, parts_of, place_of
from asaql.jobs.document import Mapping, Node, Scalar, to_python
from asaql.jobs.files import read_source, resolve_path
from asaql.jobs.functions import make_scorer, make_script, script_kind
from asaql.jobs.job import InputSpec, Job, OutputSpec, Place
from asaql.jobs.json_document import parse_json
from asaql.jobs.payload import read_payload
from asaql.jobs.problems import Problems
from asaql.jobs.settings import Settings, check_encoding, input_format, streaming_units
from asaql.udf.scoring_spec import ScoringFunction, Secret
from asaql.udf.script_spec import ScriptFunction

_STAND_IN: Final = "http://127.0.0.1:5001/score"
_SETTINGS: Final = frozenset(
    {
        "eventslatearrivalmaxdelayinseconds",
        "eventsoutofordermaxdelayinseconds",
        "eventsoutoforderpolicy",
        "outputerrorpolicy",
        "datalocale",
        "compatibilitylevel",
        "streamingunits",
        "capacity",
        "name",
    }
)


def is_template(root: Node) -> bool:
    """Whether a JSON document can be a template or an exported job."""
    return isinstance(root, Mapping) and (
        root.get("resources") is not None or (root.text("type") or "").casefold() == JOB_TYPE
    )


def read_template(path: Path, provided: Collection[str] = (), keyed: Collection[str] = ()) -> Job:
    """Return the job of a template.

    Values of parameters are read from `<name>.parameters.json` beside the template, if it is there.

    Args:
        path: The template.
        provided: Names of functions that come from elsewhere: what the template says of their place is passed over.
        keyed: Names of scoring functions whose keys come from elsewhere.

    Raises:
        QueryError: The template has no job or several, or a value it needs is not in it (AQ701); it cannot be read
            (AQ702); it uses a retired feature (AQ706).
    """
    problems = Problems()
    source = read_source(path, problems, what="template")
    problems.raise_errors()
    assert source is not None
    root = parse_json(source)
    if not isinstance(root, Mapping) or not is_template(root):
        problems.error(
            "AQ701",
            "the file is no deployment template",
            Scalar(source, Span(0, 0), None),
            help="a template has a list of resources, one of type Microsoft.StreamAnalytics/streamingjobs",
        )
        problems.raise_errors()
    assert isinstance(root, Mapping)
    resources = list(find_resources(root, _parameter_values(path, problems)))
    jobs = [each for each in resources if each.type == JOB_TYPE]
    if not jobs:
        problems.error("AQ701", "the template has no streaming job", root.get("resources"), label="none among these")
    for each in jobs[1:]:
        problems.error(
            "AQ701",
            "the template has more than one streaming job",
            each.node.get("name") or each.node,
            label="another job",
            help="keep one job in a template",
        )
    problems.raise_errors()
    reader = _Reader(
        path, jobs[0], resources, {each.casefold() for each in provided}, {each.casefold() for each in keyed}, problems
    )
    job = reader.job()
    problems.raise_errors()
    return replace(job, warnings=problems.warnings)


def _parameter_values(path: Path, problems: Problems) -> dict[str, Any]:
    beside = path.with_name(f"{path.stem}.parameters.json")
    if not beside.is_file():
        return {}
    source = read_source(beside, problems, what="parameter file")
    root = parse_json(source) if source else None
    parameters = root.mapping("parameters") if isinstance(root, Mapping) else None
    values: dict[str, Any] = {}
    for entry in parameters or ():
        given = entry.value.get("value") if isinstance(entry.value, Mapping) else None
        if given is not None:
            values[entry.name] = to_python(given)
    return values


class _Reader(Struct):
    """Makes a Job of one job resource and its parts."""

    path: Path
    resource: Resource
    resources: list[Resource]
    provided: Collection[str]
    keyed: Collection[str]
    problems: Problems
    scripts: list[ScriptFunction] = field(default_factory=list)
    scorers: list[ScoringFunction] = field(default_factory=list)

    def job(self) -> Job:
        """Return the job; its warnings are still to be added."""
        node = self.resource.node
        expressions = self.resource.expressions
        properties = node.mapping("properties") or Mapping(node.source, node.span, ())
        settings = Settings(self._settled(properties, expressions), self.problems)
        transformation = self._transformation()
        for part in self._parts("functions"):
            self._add_function(part)
        return Job(
            name=self.resource.name or self.path.stem,
            query=self._query(transformation),
            inputs=tuple(each for each in map(self._input, self._parts("inputs")) if each),
            outputs=tuple(OutputSpec(self._name(each), declared=_place(each)) for each in self._parts("outputs")),
            scripts=tuple(self.scripts),
            scorers=tuple(self.scorers),
            policies=settings.policies(),
            level=settings.level(),
            streaming_units=self._units(node, properties, transformation),
            locale=settings.locale(),
            output_error_policy=settings.output_error_policy(),
        )

    def _parts(self, kind: str) -> list[Part]:
        return parts_of(self.resource, self.resources, kind)

    def _transformation(self) -> Part | None:
        found = self._parts("transformations")
        if not found:
            self.problems.error(
                "AQ701", "the job has no transformation", self.resource.node.get("name"), label="no query in this job"
            )
        return found[0] if found else None

    def _query(self, transformation: Part | None) -> Source:
        name = f"{self.path}#query"
        if transformation is None:
            return Source(name, "")
        at = transformation.properties.get("query")
        if at is None:
            self.problems.error(
                "AQ701", "the transformation has no query", place_of(transformation), label="of this one"
            )
            return Source(name, "")
        text = self._needed(at, transformation.expressions, "the query")
        return Source(name, text if isinstance(text, str) else "")

    def _units(self, node: Mapping, properties: Mapping, transformation: Part | None) -> int:
        sku = node.mapping("sku") or properties.mapping("sku")
        sku = self._settled(sku, self.resource.expressions) if sku else None
        is_v2 = sku is not None and (sku.text("name") or "").casefold() == "standardv2"
        units = None
        if transformation is not None:
            units = self._settled(transformation.properties, transformation.expressions).get("streamingUnits")
        return streaming_units(
            units or (sku.get("capacity") if sku else None), self.problems, is_v2=is_v2, is_capacity=True
        )

    def _name(self, part: Part) -> str:
        if part.name is not None:
            return part.name
        at = place_of(part)
        self._needed(at, part.expressions, "a name")
        return f"unnamed{at.span.start}"

    def _needed(self, at: Node, expressions: Expressions, what: str, help_text: str | None = None) -> Any:
        """Return the value of a node that the job cannot do without, None after reporting that it is not there."""
        try:
            return expressions.text_of(at)
        except UnresolvedError as error:
            self.problems.error(
                "AQ701",
                f"{what} depends on {error}",
                at,
                label="cannot be resolved",
                help=help_text or f"give the value in {self.path.stem}.parameters.json, or a defaultValue",
            )
            return None

    def _settled(self, node: Mapping, expressions: Expressions) -> Mapping:
        """Return a mapping whose settings are values; one that only a deployment knows is left out with a warning."""
        entries = []
        for entry in node:
            value = entry.value
            if entry.name.casefold() in _SETTINGS and isinstance(value, Scalar) and is_expression(str(value.value)):
                try:
                    resolved = expressions.text_of(value)
                except UnresolvedError as error:
                    self.problems.warning(
                        "AQ701", f'"{entry.name}" depends on {error}; the default is used', value, label="not resolved"
                    )
                    continue
                entry = replace(entry, value=replace(value, value=resolved, raw=str(resolved)))
            entries.append(entry)
        return Mapping(node.source, node.span, tuple(entries))

    def _optional(self, node: Mapping | None, part: Part, *names: str) -> Any:
        """Return a value that the job can do without, None if it is not there or not known."""
        at = node.get(*names) if node else None
        try:
            return None if at is None else part.expressions.text_of(at)
        except UnresolvedError:
            return None

    def _input(self, part: Part) -> InputSpec | None:
        name = self._name(part)
        serialization = part.properties.mapping("serialization")
        details = serialization.mapping("properties") if serialization else None
        data = part.properties.mapping("datasource")
        kind = str(self._optional(data, part, "type") or "").casefold()
        settings = data.mapping("properties") if data else None
        is_local = kind in ("raw", "file")
        delimiter = self._optional(details, part, "fieldDelimiter")
        check_encoding(details.get("encoding") if details and is_local else None, self.problems, f'the input "{name}"')
        written_format = serialization.get("type") if serialization and is_local else None
        spec = InputSpec(
            name,
            format=input_format(written_format, self.problems, f'the input "{name}"'),
            delimiter=str(delimiter) if delimiter else None,
            is_reference=str(self._optional(part.properties, part, "type") or "").casefold() == "reference",
            declared=_place(part),
        )
        if kind == "file" and settings is not None and settings.get("path") is not None:
            written = self._optional(settings, part, "path")
            return replace(spec, path=resolve_path(self.path.parent, str(written)) if written else None)
        payload = settings.get("payload") if kind == "raw" and settings is not None else None
        if payload is None:
            return spec
        text = self._needed(payload, part.expressions, f'the payload of input "{name}"')
        events = read_payload(text, spec, payload, self.problems)
        return replace(spec, events=events, format=None, delimiter=None)

    def _add_function(self, part: Part) -> None:
        name = self._name(part)
        details = part.properties.mapping("properties") or part.properties
        binding = details.mapping("binding")
        kind = str(self._optional(binding, part, "type") or "").rpartition("/")[2].casefold()
        settings = binding.mapping("properties") if binding else None
        if name.casefold() in self.provided and kind != "microsoft.machinelearningservices":
            return
        if settings is None or binding is None:
            self.problems.error("AQ701", f'function "{name}" has no binding', place_of(part), label="of this function")
        elif kind == "javascriptudf":
            self._add_script(name, part, details, settings)
        elif kind == "microsoft.machinelearningservices":
            self._add_scorer(name, part, details, settings)
        elif kind == "clrudf":
            self._retired(name, binding, "is in C#", f"write it in JavaScript and add --function {name}={name}.js")
        elif kind == "webservice":
            help_text = f"add --score {name}={_STAND_IN}"
            self._retired(name, binding, "uses Machine Learning Studio (classic)", help_text)
        else:
            self.problems.error(
                "AQ701", f'function "{name}" has a binding of an unknown type', binding.get("type") or binding
            )

    def _retired(self, name: str, binding: Mapping, what: str, help_text: str) -> None:
        self.problems.error(
            "AQ706",
            f'function "{name}" {what}, which the service has retired',
            binding.get("type") or binding,
            label="retired in 2024",
            help=help_text,
        )

    def _add_script(self, name: str, part: Part, details: Mapping, settings: Mapping) -> None:
        at = settings.get("script")
        if at is None:
            self.problems.error("AQ701", f'function "{name}" has no script', place_of(part), label="of this function")
            return
        text = self._needed(at, part.expressions, f'the script of function "{name}"')
        if not isinstance(text, str):
            return
        output = details.mapping("output")
        declared = details.get("inputs")
        types = tuple(each.text("dataType") or "any" for each in details.mappings("inputs"))
        script = make_script(
            name,
            Source(f"{self.path}#{name}", text),
            self.problems,
            kind=script_kind(self._optional(part.properties, part, "type")),
            output_type=self._optional(output, part, "dataType"),
            input_types=types if declared is not None else None,
            at=place_of(part),
        )
        self.scripts.append(script)

    def _add_scorer(self, name: str, part: Part, details: Mapping, settings: Mapping) -> None:
        url = self._endpoint(name, part, settings)
        if url is None:
            return
        values: dict[str, Any] = {"url": url, "key": self._key(name, part, settings)}
        for key, written in (("request_name", "inputRequestName"), ("response_name", "outputResponseName")):
            values[key] = self._optional(settings, part, written)
        inputs = details.mappings("inputs")
        values["input_type"] = inputs[0].text("dataType") if inputs else None
        values["output_type"] = self._optional(details.mapping("output"), part, "dataType")
        for key, written in (("max_batch_rows", "batchSize"), ("parallel_requests", "numberOfParallelRequests")):
            number = self._optional(settings, part, written)
            if isinstance(number, int):
                values[key] = number
        scorer = make_scorer(name, values, place_of(part), self.problems)
        self.scorers += [scorer] if scorer else []

    def _endpoint(self, name: str, part: Part, settings: Mapping) -> str | None:
        """Return the service's address, a stand-in for one that comes from elsewhere, or None after reporting."""
        if name.casefold() in self.provided:
            return _STAND_IN
        help_text = f"add --score {name}={_STAND_IN}"
        at = settings.get("endpoint")
        if at is None:
            self.problems.error(
                "AQ701", f'function "{name}" has no endpoint', place_of(part), label="of this function", help=help_text
            )
            return None
        url = self._needed(at, part.expressions, f'the endpoint of function "{name}"', help_text)
        return None if url is None else str(url)

    def _key(self, name: str, part: Part, settings: Mapping) -> Secret | None:
        at = settings.get("apiKey")
        if at is None or name.casefold() in self.keyed:
            return None
        try:
            return Secret(str(part.expressions.text_of(at)))
        except UnresolvedError as error:
            self.problems.warning(
                "AQ701",
                f'the key of function "{name}" depends on {error}',
                at,
                label="no key is sent",
                help=f"add --score-key {name}=VARIABLE, an environment variable that holds the key",
            )
            return None


def _place(part: Part) -> Place:
    at = place_of(part)
    return Place(at.source, at.span)
