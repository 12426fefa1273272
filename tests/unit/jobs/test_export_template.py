"""Jobs as deployment templates, and back."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from asaql.diagnostics import Source
from asaql.jobs import InputSpec, Job, JobOptions, OutputSpec, TimePolicies, read_job
from asaql.jobs.export_folder import write_job_folder
from asaql.jobs.export_template import template_of
from asaql.udf.scoring_spec import ScoringFunction, Secret
from asaql.udf.script_spec import ScriptFunction

SAMPLES = Path(__file__).parents[3] / "samples"
SECOND = 10_000_000


def sayable(job: Job) -> Job:
    """Return what a template can say of a job; its query and functions by their text alone."""
    return replace(
        job,
        query=Source("", job.query.text),
        inputs=tuple(InputSpec(each.name, is_reference=each.is_reference) for each in job.inputs),
        outputs=tuple(OutputSpec(name) for name in sorted(each.name or "" for each in job.outputs)),
        scripts=tuple(replace(each, source=Source("", each.source.text)) for each in job.scripts),
        scorers=tuple(dataclasses.replace(each, key=None) for each in job.scorers),
        warnings=(),
    )


def exported(job: Job, folder: Path, options: JobOptions | None = None) -> Job:
    path = folder / "template.json"
    path.write_text(template_of(job).text, encoding="utf-8")
    return read_job(path, options)


def job_with(**settings: Any) -> Job:
    return Job(
        "job", Source("q", "SELECT * INTO O FROM I"), inputs=(InputSpec("I"),), outputs=(OutputSpec("O"),), **settings
    )


@pytest.mark.parametrize("sample", ["project", "arm/carpark.json"])
def test_a_sample_survives_being_exported_and_imported(sample: str, tmp_path: Path) -> None:
    job = read_job(SAMPLES / sample)
    (tmp_path / "a").mkdir()
    again = exported(job, tmp_path / "a")
    assert sayable(again) == sayable(job)
    write_job_folder(again, tmp_path / "folder")
    folder_job = read_job(tmp_path / "folder")
    assert replace(sayable(folder_job), outputs=()) == replace(sayable(job), outputs=())
    assert sayable(exported(folder_job, tmp_path)) == sayable(job)


def test_everything_that_a_template_can_say_survives(tmp_path: Path) -> None:
    job = Job(
        "costs",
        Source("q", "-- [x]\nSELECT udf.score(udf.f(a)) AS b, uda.g(a) AS c INTO O FROM I JOIN R ON I.a = R.a"),
        inputs=(InputSpec("I"), InputSpec("R", is_reference=True)),
        outputs=(OutputSpec("O"),),
        scripts=(
            ScriptFunction(
                "f", Source("f", "[1].map(x => x);\nfunction main(a) { return a; }"), "scalar", "any", ("any",)
            ),
            ScriptFunction("g", Source("g", "function main() {}"), "aggregate", "float"),
        ),
        scorers=(
            ScoringFunction(
                name="score",
                url="http://h/score",
                max_batch_rows=7,
                parallel_requests=3,
                request_name="rows",
                response_name="scores",
                input_type="array",
                output_type="float",
            ),
        ),
        policies=TimePolicies(5 * SECOND, 3 * SECOND, "drop"),
        level="1.1",
        streaming_units=12,
        locale="de-DE",
        output_error_policy="drop",
    )
    assert template_of(job).warnings == ()
    assert sayable(exported(job, tmp_path)) == sayable(job)


def test_secrets_are_parameters(tmp_path: Path) -> None:
    scorers = (
        ScoringFunction(name="score", url="http://h/score", key=Secret("very-secret")),
        ScoringFunction(name="other", url="http://user:very-secret@h/score?code=very-secret"),
    )
    text = template_of(job_with(scorers=scorers)).text
    assert "very-secret" not in text
    parameters = json.loads(text)["parameters"]
    assert parameters["scoreKey"]["type"] == "secureString"
    assert parameters["scoreEndpoint"]["defaultValue"] == "http://h/score"
    assert "defaultValue" not in parameters["otherEndpoint"]
    options = JobOptions(scorers=[("other", "http://h/other")])
    again = exported(job_with(scorers=scorers), tmp_path, options)
    assert [(each.name, each.url, each.key) for each in again.scorers] == [
        ("score", "http://h/score", None),
        ("other", "http://h/other", None),
    ]


def test_places_of_inputs_and_outputs_are_parameters_also_of_those_that_only_the_query_names() -> None:
    job = Job("job", Source("q", "WITH s AS (SELECT * FROM [My In]) SELECT * FROM s SELECT a INTO Big FROM s"))
    template = json.loads(template_of(job).text)
    properties = template["resources"][0]["properties"]
    assert [each["name"] for each in properties["inputs"]] == ["My In"]
    assert [each["name"] for each in properties["outputs"]] == ["output", "Big"]
    assert properties["inputs"][0]["properties"]["datasource"] == "[parameters('My_InDatasource')]"
    assert template["parameters"]["My_InDatasource"]["type"] == "secureObject"


def test_what_a_template_cannot_say_is_warned_about() -> None:
    policies = TimePolicies(late_arrival=SECOND // 2, early_arrival=SECOND)
    template = template_of(job_with(policies=policies, ignore_case=True))
    assert [each.message for each in template.warnings] == [
        "late_arrival is 1 seconds in the template, which takes whole seconds up to 20 days",
        "early_arrival is not in the template: the service's own is 5 minutes",
        "ignore_case is not in the template: the service compares texts as they are",
    ]


def test_a_query_within_a_job_file_is_exported_without_its_indentation(tmp_path: Path) -> None:
    path = tmp_path / "job.yaml"
    path.write_text("name: j\nquery: |\n  SELECT a\n  FROM I\n", encoding="utf-8")
    assert exported(read_job(path), tmp_path).query.text == "SELECT a\nFROM I\n"
