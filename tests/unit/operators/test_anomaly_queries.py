"""The anomaly detectors in whole queries."""

from typing import Any

import pytest

import asaql

SPIKE = "AnomalyDetection_SpikeAndDip"


def events(count: int = 41, last: float = 1000.0) -> list[dict[str, Any]]:
    """Return calm readings of two devices, one per second each, and a last one of device `a`."""
    calm = [
        {"k": key, "v": 10.0 + at % 2, "t": f"2024-01-01T00:{at // 60:02}:{at % 60:02}Z"}
        for at in range(1, count)
        for key in ("a", "b")
    ]
    return [*calm, {"k": "a", "v": last, "t": f"2024-01-01T00:{count // 60:02}:{count % 60:02}Z"}]


def rows(select: str, data: list[dict[str, Any]], **options: Any) -> list[dict[str, Any]]:
    return asaql.run(f"SELECT {select} FROM input TIMESTAMP BY t", {"input": data}, **options)["output"]


def diagnostic(call: str) -> Any:
    with pytest.raises(asaql.QueryError) as refusal:
        rows(f"{call} AS s", [])
    (found,) = refusal.value.diagnostics
    return found


def test_the_result_is_a_record_of_a_bigint_and_a_float() -> None:
    found = rows(f"{SPIKE}(v, 95, 20, 'spikes') OVER (PARTITION BY k LIMIT DURATION(second, 20)) AS s", events())
    assert found[-1] == {"s": {"IsAnomaly": 1, "Score": 1e-8}}


def test_a_field_of_the_result_is_read_with_a_dot() -> None:
    query = f"""
    WITH scored AS (
        SELECT k, v, {SPIKE}(v, 95, 20, 'spikesanddips') OVER (PARTITION BY k LIMIT DURATION(second, 20)) AS s
        FROM input TIMESTAMP BY t
    )
    SELECT k, v FROM scored WHERE s.IsAnomaly = 1
    """
    assert asaql.run(query, {"input": events()}) == {"output": [{"k": "a", "v": 1000.0}]}


def test_a_detector_stands_beside_other_functions_with_over() -> None:
    select = f"""
    LAG(v) OVER (PARTITION BY k LIMIT DURATION(second, 20)) AS before,
    {SPIKE}(v, 95, 20, 'SPIKES') OVER (PARTITION BY k LIMIT DURATION(second, 20) WHEN v < 500) AS calm,
    AnomalyDetection_ChangePoint(v, 80, 20) OVER (PARTITION BY k LIMIT DURATION(second, 20)) AS change
    """
    last = rows(select, events(), batch_rows=9)[-1]
    assert (last["before"], last["calm"], last["change"]["IsAnomaly"]) == (10.0, None, 1)


def test_the_keys_of_from_partition_the_models_too() -> None:
    over = "OVER (LIMIT DURATION(second, 20))"
    query = f"SELECT {SPIKE}(v, 95, 20, 'spikes') {over} AS s FROM input TIMESTAMP BY t PARTITION BY k"
    one = asaql.run(query, {"input": events()}, compatibility_level="1.1")["output"]
    over = "OVER (PARTITION BY k LIMIT DURATION(second, 20))"
    assert one == rows(f"{SPIKE}(v, 95, 20, 'spikes') {over} AS s", events())


@pytest.mark.parametrize("confidence", ["0.99", "0", "101", "-95", "v", "'95'"])
def test_the_confidence_is_checked_before_anything_runs(confidence: str) -> None:
    found = diagnostic(f"{SPIKE}(v, {confidence}, 20, 'spikes') OVER (LIMIT DURATION(second, 20))")
    assert found.code == "AQ306"
    assert found.message == f"the confidence of {SPIKE} must be a number from 1 to 100"
    assert found.source.text[found.span.start : found.span.end] == confidence


@pytest.mark.parametrize("confidence", ["1", "1.00", "99.5", "100"])
def test_the_confidence_reaches_from_one_to_one_hundred(confidence: str) -> None:
    call = f"AnomalyDetection_ChangePoint(v, {confidence}, 20) OVER (LIMIT DURATION(second, 20)) AS s"
    assert len(rows(call, events())) == 81


@pytest.mark.parametrize("size", ["0", "-1", "20.5", "v"])
def test_the_history_size_is_checked_before_anything_runs(size: str) -> None:
    found = diagnostic(f"AnomalyDetection_ChangePoint(v, 95, {size}) OVER (LIMIT DURATION(second, 20))")
    assert found.code == "AQ306"
    assert found.message == "the history size of AnomalyDetection_ChangePoint must be a whole number from 1 on"
    assert found.source.text[found.span.start : found.span.end] == size


def test_a_mode_that_is_misspelled_is_corrected() -> None:
    found = diagnostic(f"{SPIKE}(v, 95, 20, 'spike') OVER (LIMIT DURATION(second, 20))")
    assert (found.code, found.message) == ("AQ306", f'"spike" is no mode of {SPIKE}')
    assert found.help == "'spikes'"


def test_a_mode_that_is_no_text_is_an_error() -> None:
    found = diagnostic(f"{SPIKE}(v, 95, 20, v) OVER (LIMIT DURATION(second, 20))")
    assert (found.code, found.message) == ("AQ306", f"the mode of {SPIKE} must be text")


def test_all_wrong_arguments_are_told_at_once() -> None:
    with pytest.raises(asaql.QueryError) as refusal:
        rows(f"{SPIKE}(v, 0, 0, 'up') OVER (LIMIT DURATION(second, 20)) AS s", [])
    assert [each.code for each in refusal.value.diagnostics] == ["AQ306"] * 3


def test_a_detector_does_not_take_whole_events() -> None:
    found = diagnostic(f"{SPIKE}(*, 95, 20, 'dips') OVER (LIMIT DURATION(second, 20))")
    assert (found.code, found.message) == ("AQ306", f"{SPIKE} takes one value, not *")


def test_a_detector_does_not_take_another_function_with_over() -> None:
    inner = "LAG(v) OVER (LIMIT DURATION(second, 20))"
    found = diagnostic(f"{SPIKE}({inner}, 95, 20, 'dips') OVER (LIMIT DURATION(second, 20))")
    assert found.code == "AQ408"


def test_a_detector_needs_a_duration() -> None:
    assert diagnostic(f"{SPIKE}(v, 95, 20, 'dips')").code == "AQ408"


def test_a_value_that_is_no_number_points_at_the_call() -> None:
    with pytest.raises(asaql.JobError) as failure:
        rows(f"{SPIKE}(k, 95, 20, 'dips') OVER (LIMIT DURATION(second, 20)) AS s", events())
    (found,) = failure.value.diagnostics
    assert (found.code, found.span.start) == ("AQ302", len("SELECT "))
