"""What a job says about scoring functions."""

import pickle
from pathlib import Path
from typing import Any

import pytest

from asaql.diagnostics import QueryError
from asaql.udf.scoring_spec import ScoringFunction, Secret, shown_url

URL = "https://user:pass-word@host.example:8443/api/score?code=query-secret#part"


def test_a_secret_is_never_shown() -> None:
    secret = Secret("hunter22")
    assert "hunter22" not in f"{secret} {secret!r} {[secret]}"
    assert secret.reveal() == "hunter22"


def test_a_secret_survives_pickling_and_compares_by_its_text() -> None:
    secret = Secret("hunter22")
    assert pickle.loads(pickle.dumps(secret)) == secret
    assert hash(secret) == hash(Secret("hunter22"))
    assert secret != Secret("other")
    assert secret != "hunter22"


def test_a_secret_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCORE_KEY", "abc")
    assert Secret.from_environment("SCORE_KEY").reveal() == "abc"


def test_a_secret_is_read_again_from_where_it_came(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCORE_KEY", "abc")
    (tmp_path / "key").write_text("abc")
    secrets = [Secret.from_environment("SCORE_KEY"), Secret.from_file(tmp_path / "key"), Secret("abc")]
    secrets = pickle.loads(pickle.dumps(secrets))
    monkeypatch.setenv("SCORE_KEY", "def")
    (tmp_path / "key").write_text("ghi")
    assert [each.read_again().reveal() for each in secrets] == ["def", "ghi", "abc"]
    monkeypatch.delenv("SCORE_KEY")
    (tmp_path / "key").unlink()
    assert [each.read_again().reveal() for each in secrets] == ["abc", "abc", "abc"]


def test_a_variable_that_is_not_set_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SCORE_KEY", raising=False)
    with pytest.raises(QueryError, match=r'AQ707\]: environment variable "SCORE_KEY" is not set'):
        Secret.from_environment("SCORE_KEY")


def test_a_secret_comes_from_a_file_without_the_line_ending(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("abc\n")
    assert Secret.from_file(tmp_path / "key").reveal() == "abc"


def test_a_key_file_that_cannot_be_read_is_reported(tmp_path: Path) -> None:
    with pytest.raises(QueryError, match=r"AQ702.*No such file"):
        Secret.from_file(tmp_path / "none")
    (tmp_path / "key").write_bytes(b"\xff")
    with pytest.raises(QueryError, match=r"AQ702.*not UTF-8"):
        Secret.from_file(tmp_path / "key")


def test_a_function_shows_neither_key_nor_url_secrets_nor_headers() -> None:
    function = ScoringFunction(name="score", url=URL, key=Secret("key-secret"), headers={"x-key": "header-secret"})
    shown = f"{function} {function!r}"
    assert not any(each in shown for each in ("key-secret", "pass-word", "query-secret", "header-secret"))


def test_secrets_are_hidden_in_foreign_text() -> None:
    function = ScoringFunction(
        name="score", url=URL, key=Secret("key-secret"), headers={"Authorization": "Bearer header-secret"}
    )
    text = "key-secret query-secret pass-word header-secret other"
    assert function.hidden_in(text) == "*** *** *** *** other"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (URL, "https://host.example:8443/api/score"),
        ("http://[::1]:5001/score", "http://[::1]:5001/score"),
        ("http://host", "http://host"),
        ("http://host:port/score", "<a URL that cannot be read>"),
        ("score?code=secret", "score"),
    ],
)
def test_a_url_is_shown_without_what_may_be_secret(url: str, shown: str) -> None:
    assert shown_url(url) == shown


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({}, "needs either a URL or an entry script"),
        ({"url": "http://h/score", "entry_script": Path("score.py")}, "needs either a URL or an entry script"),
        ({"url": "ftp://user:secret@h/score?x=secret"}, 'has the URL "ftp://h/score", which does not name'),
        ({"url": "score.py"}, "does not name an HTTP service"),
        ({"url": "http://h:none/score"}, "does not name an HTTP service"),
        ({"url": "http://h/score", "max_batch_rows": 0}, "allows 0 rows a request; the limits are 1 and 10,000"),
        ({"url": "http://h/score", "max_batch_rows": 10_001}, "allows 10001 rows a request"),
        ({"url": "http://h/score", "parallel_requests": 0}, "allows 0 parallel requests"),
        ({"url": "http://h/score", "timeout_seconds": 0}, "has a time-out of 0 seconds"),
    ],
)
def test_settings_that_cannot_be_are_reported(settings: dict[str, Any], reason: str) -> None:
    with pytest.raises(QueryError) as caught:
        ScoringFunction(name="score", **settings)
    assert caught.value.diagnostics[0].code == "AQ701"
    assert reason in caught.value.diagnostics[0].message
    assert "secret" not in str(caught.value)


def test_the_defaults_are_the_services() -> None:
    function = ScoringFunction(name="score", url="http://h/score")
    assert (function.max_batch_rows, function.parallel_requests, function.timeout_seconds) == (1000, 20, 100.0)
    assert function.retried_statuses == {503, 429}


def test_a_function_can_be_sent_to_another_process() -> None:
    function = ScoringFunction(name="score", url=URL, key=Secret("k"))
    assert pickle.loads(pickle.dumps(function)) == function
