from pathlib import Path

from asaql.testing import CaseResult, read_cases, run_case, settings
from asaql.testing.execute import Setting

_SCORING = """## A
```sql
SELECT udf.f(x) AS y FROM i
```
```jsonl in=i
{"x": [1]}
{"x": [2]}
```
"""


def _run(folder: Path, text: str) -> CaseResult:
    path = folder / "c.md"
    path.write_text(text, encoding="utf-8")
    (case,) = read_cases(path)
    return run_case(case, settings((None,), (1,)))


def test_a_row_that_no_one_expects_is_named_beside_the_failure(tmp_path: Path) -> None:
    result = _run(tmp_path, _SCORING + '```jsonl scores=f\n{"row": [1], "score": 1}\n```\n```jsonl out=output\n```\n')
    assert 'scoring function "f": unexpected row [2]' in result.lines


def test_a_row_that_is_never_sent_fails_the_case(tmp_path: Path) -> None:
    scores = "".join(f'{{"row": [{each}], "score": {each}}}\n' for each in (1, 2, 3))
    result = _run(
        tmp_path, f'{_SCORING}```jsonl scores=f\n{scores}```\n```jsonl out=output\n{{"y": 1}}\n{{"y": 2}}\n```\n'
    )
    assert result.lines[0].endswith('scoring function "f": row [3] was never scored')


def test_renderings_do_not_depend_on_folders_and_ports(tmp_path: Path) -> None:
    result = _run(
        tmp_path,
        _SCORING.replace("udf.f(x)", "x") + '```jsonl out=output\n{"y": [1]}\n{"y": [2]}\n```\n```text warnings\n```\n',
    )
    assert result.has_passed
    result = _run(
        tmp_path,
        '## A\n```sql\nSELECT x FROM i\n```\n```jsonl in=i\n{"x": 9223372036854775808}\n```\n'
        "```jsonl out=output\n```\n```text warnings\n```\n",
    )
    assert any("+ warning[AQ703]: i.jsonl:1: event dropped" in line for line in result.lines)


def test_a_setting_says_how_it_cuts_the_work() -> None:
    assert str(Setting(7, 2)) == "batches of 7, parallelism 2"
