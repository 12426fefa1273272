"""Writes a job as a deployment template.

What only the subscription knows are parameters: the name, the place, the size, where inputs and outputs are, the
addresses and the keys of scoring services. So no secret of the job is in the template.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from msgspec import Struct, field

from asaql.diagnostics import Diagnostic, Severity
from asaql.jobs.export_text import plain_text
from asaql.jobs.job import Job
from asaql.jobs.settings import MAX_LATE_ARRIVAL_SECONDS
from asaql.model import TICKS_PER_SECOND
from asaql.syntax import ast, parse
from asaql.syntax.walk import walk
from asaql.udf.scoring_spec import ScoringFunction, shown_url
from asaql.udf.script_spec import ScriptFunction

_SCHEMA: Final = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
_API_VERSION: Final = "2021-10-01-preview"
_DEFAULT_OUTPUT: Final = "output"
_POLICIES: Final = {"adjust": "Adjust", "drop": "Drop"}
_ERROR_POLICIES: Final = {"retry": "Stop", "drop": "Drop"}


class Template(Struct, frozen=True):
    """A template as text, and what of the job is not in it.

    Attributes:
        text: JSON.
        warnings: One for each setting that a template cannot hold.
    """

    text: str
    warnings: tuple[Diagnostic, ...]


def template_of(job: Job) -> Template:
    """Return the template of a job.

    Raises:
        QueryError: The query is not in the dialect; its inputs and outputs cannot be told.
    """
    return _Writer(job).template()


class _Writer(Struct):
    job: Job
    parameters: dict[str, Any] = field(default_factory=dict)
    warnings: list[Diagnostic] = field(default_factory=list)

    def template(self) -> Template:
        job = self.job
        inputs, outputs = _sources_and_sinks(job)
        self._parameter("jobName", "string", job.name)
        self._parameter("location", "string", "[resourceGroup().location]")
        self._parameter("streamingUnits", "int", job.streaming_units)
        transformation = {"streamingUnits": "[parameters('streamingUnits')]", "query": _literal(plain_text(job.query))}
        properties: dict[str, Any] = {
            "sku": {"name": "Standard"},
            **self._policies(),
            "outputErrorPolicy": _ERROR_POLICIES[job.output_error_policy],
            "dataLocale": _literal(job.locale),
            "compatibilityLevel": job.level,
            "transformation": {"name": "Transformation", "properties": transformation},
            "inputs": [self._input(name, is_reference=is_reference) for name, is_reference in inputs.items()],
            "outputs": [self._output(name) for name in outputs],
            "functions": [
                *({"name": _literal(each.name), "properties": _script(each)} for each in job.scripts),
                *({"name": _literal(each.name), "properties": self._scorer(each)} for each in job.scorers),
            ],
        }
        resource = {
            "type": "Microsoft.StreamAnalytics/streamingjobs",
            "apiVersion": _API_VERSION,
            "name": "[parameters('jobName')]",
            "location": "[parameters('location')]",
            "properties": properties,
        }
        document = {
            "$schema": _SCHEMA,
            "contentVersion": "1.0.0.0",
            "parameters": self.parameters,
            "resources": [resource],
        }
        return Template(json.dumps(document, indent=2, ensure_ascii=False) + "\n", tuple(self.warnings))

    def _parameter(self, name: str, kind: str, default: Any = None, what: str | None = None) -> str:
        """Declare a parameter and return the expression that reads it."""
        base, number = re.sub(r"\W+", "_", name), 2
        name = base
        while name.casefold() in {each.casefold() for each in self.parameters}:
            name, number = f"{base}{number}", number + 1
        declared: dict[str, Any] = {"type": kind}
        declared |= {"defaultValue": default} if default is not None else {}
        declared |= {"metadata": {"description": what}} if what is not None else {}
        self.parameters[name] = declared
        return f"[parameters('{name}')]"

    def _policies(self) -> dict[str, Any]:
        policies = self.job.policies
        result: dict[str, Any] = {"eventsOutOfOrderPolicy": _POLICIES[policies.out_of_order_policy]}
        if policies.out_of_order is not None:
            result["eventsOutOfOrderMaxDelayInSeconds"] = self._seconds("out_of_order", policies.out_of_order)
        late = policies.late_arrival
        result["eventsLateArrivalMaxDelayInSeconds"] = -1 if late is None else self._seconds("late_arrival", late)
        if policies.early_arrival is not None:
            self._left_out("early_arrival", "the service's own is 5 minutes")
        if self.job.ignore_case:
            self._left_out("ignore_case", "the service compares texts as they are")
        return result

    def _seconds(self, what: str, ticks: int) -> int:
        seconds, rest = divmod(ticks, TICKS_PER_SECOND)
        if rest or seconds > MAX_LATE_ARRIVAL_SECONDS:
            seconds = min(seconds + bool(rest), MAX_LATE_ARRIVAL_SECONDS)
            self._warn(f"{what} is {seconds} seconds in the template, which takes whole seconds up to 20 days")
        return seconds

    def _left_out(self, what: str, note: str) -> None:
        self._warn(f"{what} is not in the template: {note}")

    def _warn(self, message: str) -> None:
        self.warnings.append(Diagnostic("AQ708", message, severity=Severity.WARNING))

    def _input(self, name: str, *, is_reference: bool) -> dict[str, Any]:
        datasource = self._parameter(f"{name}Datasource", "secureObject", what=f"where the input {name} is read from")
        spec = next((each for each in self.job.inputs if (each.name or "").casefold() == name.casefold()), None)
        kind = spec.format if spec is not None else None
        properties = {
            "type": "Reference" if is_reference else "Stream",
            "datasource": datasource,
            "serialization": _serialization(kind, spec.delimiter if spec is not None else None),
        }
        return {"name": _literal(name), "properties": properties}

    def _output(self, name: str) -> dict[str, Any]:
        datasource = self._parameter(f"{name}Sink", "secureObject", what=f"where the output {name} is written to")
        properties = {"datasource": datasource, "serialization": _serialization(None, None)}
        return {"name": _literal(name), "properties": properties}

    def _scorer(self, scorer: ScoringFunction) -> dict[str, Any]:
        shown = shown_url(scorer.url) if scorer.url is not None else None
        is_plain = shown is not None and shown == scorer.url
        endpoint = self._parameter(
            f"{scorer.name}Endpoint", "string", shown if is_plain else None, f"the address of udf.{scorer.name}"
        )
        binding: dict[str, Any] = {"endpoint": endpoint}
        if scorer.key is not None:
            binding["apiKey"] = self._parameter(f"{scorer.name}Key", "secureString", what=f"the key of {scorer.name}")
        binding |= {"batchSize": scorer.max_batch_rows, "numberOfParallelRequests": scorer.parallel_requests}
        for key, value in (("inputRequestName", scorer.request_name), ("outputResponseName", scorer.response_name)):
            binding |= {key: _literal(value)} if value is not None else {}
        details: dict[str, Any] = {"inputs": [{"dataType": scorer.input_type}]} if scorer.input_type else {}
        details |= {"output": {"dataType": scorer.output_type}} if scorer.output_type else {}
        details["binding"] = {"type": "Microsoft.MachineLearningServices", "properties": binding}
        if scorer.headers:
            self._left_out(f"headers of udf.{scorer.name}", "the service sends its own")
        return {"type": "Scalar", "properties": details}


def _script(script: ScriptFunction) -> dict[str, Any]:
    details: dict[str, Any] = {}
    if script.input_types is not None:
        details["inputs"] = [{"dataType": each} for each in script.input_types]
    details["output"] = {"dataType": script.output_type}
    binding = {"type": "Microsoft.StreamAnalytics/JavascriptUdf", "properties": {}}
    binding["properties"] = {"script": _literal(plain_text(script.source))}
    details["binding"] = binding
    return {"type": "Aggregate" if script.kind == "aggregate" else "Scalar", "properties": details}


def _serialization(kind: str | None, delimiter: str | None) -> dict[str, Any]:
    if kind in ("avro", "parquet"):
        return {"type": kind.capitalize(), "properties": {}}
    if kind == "csv":
        return {"type": "Csv", "properties": {"encoding": "UTF8", "fieldDelimiter": _literal(delimiter or ",")}}
    return {"type": "Json", "properties": {"encoding": "UTF8"}}


def _literal(text: str) -> str:
    """Return a text so that no deployment takes it for an expression."""
    return f"[{text}" if text.startswith("[") else text


def _sources_and_sinks(job: Job) -> tuple[dict[str, bool], list[str]]:
    """Return the inputs, each with whether it is reference data, and the outputs: the job's own and the query's."""
    script = parse(job.query).script
    inputs = {each.name: each.is_reference for each in job.inputs if each.name is not None}
    outputs = [each.name for each in job.outputs if each.name is not None]
    steps = {step.name.folded for part in script.parts if isinstance(part, ast.With) for step in part.steps}
    for node in walk(script):
        if not isinstance(node, ast.SourceReference) or node.name.folded in steps:
            continue
        if node.name.folded not in {each.casefold() for each in inputs}:
            inputs[node.name.name] = False
    for name in _sinks(script):
        if name.casefold() not in {each.casefold() for each in outputs}:
            outputs.append(name)
    return inputs, outputs


def _sinks(script: ast.Script) -> Iterator[str]:
    for part in script.parts:
        if isinstance(part, ast.Select | ast.Union):
            branches = part.branches if isinstance(part, ast.Union) else (part,)
            into = next((each.into for each in branches if each.into is not None), None)
            yield into.name if into is not None else _DEFAULT_OUTPUT
