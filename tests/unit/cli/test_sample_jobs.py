import json
from pathlib import Path

import pytest

from asaql.cli.main import main

SAMPLES = Path(__file__).parents[3] / "samples"


def test_the_sample_project_runs(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    log, alarms = tmp_path / "log.jsonl", tmp_path / "alarms.jsonl"
    assert main(["run", str(SAMPLES / "project"), "--output", f"Log={log}", "--output", f"Alarms={alarms}"]) == 0
    assert capsys.readouterr() == ("", "")
    rows = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert [(row["truckId"], row["state"], row["dewPoint"]) for row in rows] == [
        ("T-17", "fine", -2.4),
        ("T-08", "too warm", 4.1),
        ("T-17", "door open", -1.3),
        ("T-21", "too cold", -6.6),
        ("T-08", "fine", 3.3),
        ("T-21", "fine", None),
    ]
    assert alarms.read_text(encoding="utf-8").splitlines()[0] == (
        '{"truckId":"T-08","state":"too warm","celsius":9.25,"measuredAt":"2024-03-04T06:00:10.0000000Z"}'
    )


def test_several_outputs_share_standard_output_under_their_names(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(SAMPLES / "project")]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert sorted({name for row in rows for name in row}) == ["Alarms", "Log"]
    assert all(len(row) == 1 for row in rows)


def test_the_sample_template_runs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(SAMPLES / "arm" / "carpark.json")]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(row["plate"], row["tariff"], row["cents"]) for row in rows] == [
        ("B-AK 204", "guest", 250),
        ("B-RL 310", "resident", 158),
        ("HH-U 5", "guest", 430),
    ]


@pytest.mark.parametrize("command", ["check", "explain"])
@pytest.mark.parametrize("sample", ["project", "arm/carpark.json"])
def test_the_samples_have_no_errors(command: str, sample: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, str(SAMPLES / sample)]) == 0
    assert capsys.readouterr().err == ""
