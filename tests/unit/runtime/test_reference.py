import json
from pathlib import Path

import pytest

import asaql
from asaql.diagnostics import Source
from asaql.jobs import InputSpec, Job, OutputSpec
from asaql.runtime import run_job

QUERY = "SELECT s.id, r.price FROM s TIMESTAMP BY t {join} JOIN r ON s.k = r.k"
EVENTS = [
    {"id": 1, "k": "a", "t": "2024-01-01T09:59:59Z"},
    {"id": 2, "k": "a", "t": "2024-01-01T10:00:00Z"},
    {"id": 4, "k": "a", "t": "2024-01-02T00:00:00Z"},
    {"id": 3, "k": "a", "t": "2024-01-01T12:30:00Z"},
]


def write(path: Path, rows: list[dict[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def rows_of(folder: Path, query: str, reference: InputSpec, *, parallelism: int = 1) -> list[dict[str, object]]:
    out = folder / "out.ndjson"
    inputs = (InputSpec("s", events=EVENTS), reference)
    job = Job("test", Source("query", query), inputs=inputs, outputs=(OutputSpec(None, out),))
    run_job(job, parallelism=parallelism, batch_rows=2)
    return [json.loads(line) for line in out.read_text().splitlines()]


@pytest.mark.parametrize("parallelism", [1, 2])
def test_an_event_sees_the_newest_snapshot_that_is_not_later_than_itself(tmp_path: Path, parallelism: int) -> None:
    write(tmp_path / "ref/2024/01/01/10/prices.ndjson", [{"k": "a", "price": 1}])
    write(tmp_path / "ref/2024/01/01/12/prices.ndjson", [{"k": "a", "price": 2}, {"k": "a", "price": 3}])
    write(tmp_path / "ref/2024/01/02/00/prices.ndjson", [{"k": "b", "price": 4}])
    reference = InputSpec("r", tmp_path / "ref/{date}/{time}/prices.ndjson", is_reference=True)
    rows = rows_of(tmp_path, QUERY.format(join="LEFT"), reference, parallelism=parallelism)
    prices = [(row["id"], row["price"]) for row in rows]
    assert prices == [(1, None), (2, 1), (3, 2), (3, 3), (4, None)]


def test_the_forms_of_date_and_time_can_be_chosen(tmp_path: Path) -> None:
    write(tmp_path / "prices-01-01-2024T12-15.csv", [])
    (tmp_path / "prices-01-01-2024T12-15.csv").write_text("k,price\na,7\n")
    path = tmp_path / "prices-{date}T{time}.csv"
    reference = InputSpec("r", path, is_reference=True, date_format="DD-MM-YYYY", time_format="HH-mm")
    rows = rows_of(tmp_path, QUERY.format(join=""), reference)
    assert rows == [{"id": 3, "price": "7"}, {"id": 4, "price": "7"}]


def test_a_path_without_a_time_counts_from_the_beginning(tmp_path: Path) -> None:
    write(tmp_path / "prices.ndjson", [{"k": "a", "price": 1}])
    rows = rows_of(tmp_path, QUERY.format(join=""), InputSpec("r", tmp_path / "prices.ndjson", is_reference=True))
    assert [row["id"] for row in rows] == [1, 2, 3, 4]


def test_snapshots_that_are_nowhere_are_an_error(tmp_path: Path) -> None:
    reference = InputSpec("r", tmp_path / "{date}/prices.ndjson", is_reference=True)
    with pytest.raises(asaql.QueryError, match=r"looked for .*YYYY/MM/DD/prices"):
        rows_of(tmp_path, QUERY.format(join=""), reference)
