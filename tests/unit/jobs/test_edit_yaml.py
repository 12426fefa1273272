"""Settings that a command writes into a job file, which stays as its author wrote it."""

from pathlib import Path

import pytest

from asaql.diagnostics import QueryError, Source
from asaql.jobs.edit_yaml import job_file_of, with_scoring_settings, write_scoring_settings

SETTINGS = {"max_batch_rows": 500, "parallel_requests": 8}


def edited(text: str) -> str:
    return with_scoring_settings(Source("job.yaml", text), "score", SETTINGS)


def test_values_are_replaced_and_comments_stay() -> None:
    assert (
        edited(
            "query: SELECT 1  # one\n"
            "functions:\n"
            "  # the model\n"
            "  Score:\n"
            "    scoring:\n"
            "      parallel_requests: 20   # as in the article\n"
            '      url: "http://h/score"\n'
            "      max_batch_rows: ${ROWS}\n"
            "outputs: {}\n"
        )
        == "query: SELECT 1  # one\n"
        "functions:\n"
        "  # the model\n"
        "  Score:\n"
        "    scoring:\n"
        "      parallel_requests: 8   # as in the article\n"
        '      url: "http://h/score"\n'
        "      max_batch_rows: 500\n"
        "outputs: {}\n"
    )


def test_keys_that_are_missing_come_behind_the_last_one_line_value() -> None:
    before = "functions:\n    score:\n        scoring:\n            url: http://h/score # here\n            headers:\n"
    after = "                x-k: a"
    new = "            max_batch_rows: 500\n            parallel_requests: 8\n"
    assert edited(before + after) == before.replace("            headers", f"{new}            headers") + after


def test_keys_come_first_where_every_value_runs_over_lines() -> None:
    assert edited('functions:\n  score:\n    scoring:\n      url:\n        "http://h/score"\n') == (
        "functions:\n  score:\n    scoring:\n      max_batch_rows: 500\n      parallel_requests: 8\n"
        '      url:\n        "http://h/score"\n'
    )


def test_the_short_form_becomes_a_mapping() -> None:
    assert edited("functions:\r\n  score:\r\n    scoring: http://h/score # it\r\nname: a\r\n") == (
        "functions:\r\n  score:\r\n    scoring:\r\n      url: http://h/score\r\n      max_batch_rows: 500\r\n"
        "      parallel_requests: 8 # it\r\nname: a\r\n"
    )


def test_flow_forms_stay_flow_forms() -> None:
    assert edited("functions: {score: {scoring: http://h/score}}") == (
        "functions: {score: {scoring: {url: http://h/score, max_batch_rows: 500, parallel_requests: 8}}}"
    )
    assert edited("functions: {score: {scoring: {url: http://h/score, max_batch_rows: 1}}}") == (
        "functions: {score: {scoring: {parallel_requests: 8, url: http://h/score, max_batch_rows: 500}}}"
    )


def test_keys_of_a_service_do_not_move_the_places_and_are_kept() -> None:
    text = "functions:\n  score:\n    scoring:\n      key: hunter22\n      url: http://u:pw@h/score?code=x\n"
    assert edited(text) == text + "      max_batch_rows: 500\n      parallel_requests: 8\n"


@pytest.mark.parametrize("text", ["", "query: a", "functions: {other: {scoring: http://h/score}}"])
def test_a_file_without_the_function_is_left_alone(text: str) -> None:
    with pytest.raises(QueryError, match=r'AQ701.*declares no scoring function "score"'):
        edited(text)


def test_a_form_in_which_an_edit_would_change_more_is_refused() -> None:
    text = "functions:\n  score: &a\n    scoring: {url: http://h/score, max_batch_rows: 1}\n  again: *a\n"
    with pytest.raises(QueryError, match=r"(?s)AQ701.*cannot be edited.*write max_batch_rows: 500"):
        edited(text)


def test_a_file_is_written_with_its_mark_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "job.yaml"
    path.write_bytes(b"\xef\xbb\xbffunctions: {score: {scoring: {url: http://h/\xc3\xa9}}}\n")
    write_scoring_settings(path, "SCORE", {"max_batch_rows": 7})
    assert (
        path.read_bytes() == b"\xef\xbb\xbffunctions: {score: {scoring: {max_batch_rows: 7, url: http://h/\xc3\xa9}}}\n"
    )
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(QueryError, match="AQ702"):
        write_scoring_settings(tmp_path / "none.yaml", "score", {})


def test_the_job_file_of_a_target_is_found(tmp_path: Path) -> None:
    assert job_file_of(tmp_path) is None
    (tmp_path / "job.yml").touch()
    assert job_file_of(str(tmp_path)) == tmp_path / "job.yml"
    assert job_file_of(tmp_path / "job.yml") == tmp_path / "job.yml"
    assert job_file_of(tmp_path / "q.asaql") is None
    (tmp_path / "asaproj.json").touch()
    assert job_file_of(tmp_path) is None
