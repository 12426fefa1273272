"""Every case of every file in tests/cases is one test, named file::heading."""

from pathlib import Path

import pytest

from asaql.testing import read_cases, run_case, settings
from asaql.testing.case import Case
from asaql.testing.discover import case_files

_FOLDER = Path(__file__).parent / "cases"


def _cases() -> list[Case]:
    return [case for path in case_files(_FOLDER) for case in read_cases(path)]


def _name(case: Case) -> str:
    return f"{case.path.relative_to(_FOLDER)}::{case.heading}"


@pytest.mark.parametrize("case", _cases(), ids=_name)
def test_case(case: Case) -> None:
    result = run_case(case, settings())
    if not result.has_passed:
        pytest.fail("\n".join(result.lines), pytrace=False)


def test_every_case_says_why() -> None:
    assert [case.place for case in _cases() if not case.prose] == []
