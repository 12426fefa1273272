import io
from pathlib import Path
from types import SimpleNamespace

import pytest

from asaql.cli.main import main

MESSY = "select a, -- first\n  b from i where a>1\n"
TIDY = "SELECT\n    a, -- first\n    b\nFROM i\nWHERE a > 1;\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "deep" / ".hidden").mkdir(parents=True)
    (tmp_path / "messy.sql").write_text(MESSY, encoding="utf-8")
    (tmp_path / "deep" / "tidy.asaql").write_text(TIDY, encoding="utf-8")
    (tmp_path / "deep" / ".hidden" / "left.sql").write_text(MESSY, encoding="utf-8")
    return tmp_path


def test_the_files_of_a_folder_are_laid_out(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fmt"]) == 0
    assert (folder / "messy.sql").read_text(encoding="utf-8") == TIDY
    assert (folder / "deep" / ".hidden" / "left.sql").read_text(encoding="utf-8") == MESSY
    assert capsys.readouterr().err.splitlines() == ["changed messy.sql", "2 files: 1 changed"]


def test_check_writes_nothing_and_fails(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fmt", "--check", "messy.sql"]) == 1
    assert main(["fmt", "--check", "deep"]) == 0
    assert (folder / "messy.sql").read_text(encoding="utf-8") == MESSY
    assert "would change messy.sql" in capsys.readouterr().err


def test_diff_shows_what_would_change(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fmt", "--diff"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[:4] == ["--- messy.sql", "+++ messy.sql (canonical)", "@@ -1,2 +1,5 @@", "-select a, -- first"]
    assert (folder / "messy.sql").read_text(encoding="utf-8") == MESSY


def test_a_file_with_errors_is_reported_and_left(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "bad.sql").write_text("select from", encoding="utf-8")
    assert main(["fmt"]) == 1
    shown = capsys.readouterr().err
    assert "error[AQ101]" in shown
    assert shown.endswith("3 files: 1 changed, 1 left as it is because of errors\n")
    assert (folder / "bad.sql").read_text(encoding="utf-8") == "select from"
    assert main(["fmt", "nowhere.sql"]) == 1
    assert "AQ702" in capsys.readouterr().err


def test_standard_input_goes_to_standard_output(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments, code, out in ((["-"], 0, TIDY), (["-", "--check"], 1, "")):
        monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(MESSY.encode())))
        assert main(["fmt", *arguments]) == code
        assert capsys.readouterr().out == out


def test_line_ends_and_byte_order_mark_are_kept(folder: Path) -> None:
    path = folder / "messy.sql"
    path.write_bytes(b"\xef\xbb\xbfselect a\r\n-- why\r\nfrom i\r\n")
    assert main(["fmt", "messy.sql"]) == 0
    assert path.read_bytes() == b"\xef\xbb\xbfSELECT a\r\n-- why\r\nFROM i;\r\n"
