"""What a JavaScript call costs: `python tests/bench/javascript.py [rows]`.

Prints calls per second of the function that makes an array of five arguments: through a host, a batch in one call into
V8; through Node.js, which reads the same batches as JSON lines and writes the arrays as JSON; and with one call into V8
for each row. Wall-clock time, and for the host CPU time too.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import orjson
from py_mini_racer import MiniRacer

from asaql.diagnostics import Source
from asaql.model import Column
from asaql.udf.javascript import ScriptHost
from asaql.udf.script_spec import ScriptFunction

BATCH = 8192
ROWS = 500_000
ROWS_ONE_BY_ONE = 2_000
SCRIPT = """
function createArray(vendorid, weekday, pickuphour, passenger, distance) {
    'use strict';
    return [vendorid, weekday, pickuphour, passenger, distance];
}
"""
NODE = """
const fs = require('fs');
const batches = fs.readFileSync(process.argv[2], 'utf8').split('\\n');
const start = process.hrtime.bigint();
let rows = 0;
for (const line of batches) {
    const columns = JSON.parse(line);
    const results = new Array(columns[0].length);
    for (let i = 0; i < results.length; i++) {
        results[i] = createArray(columns[0][i], columns[1][i], columns[2][i], columns[3][i], columns[4][i]);
    }
    rows += JSON.parse(JSON.stringify(results)).length;
}
console.log(rows / (Number(process.hrtime.bigint() - start) / 1e9));
"""


def texts(i: int) -> list[str]:
    """Return a row whose five arguments are all text, as the article's are."""
    return [str(i % 3), ("Mon", "Tue", "Wed", "Thu")[i % 4], str(i % 24), str(i % 6), f"{i % 400 / 10}"]


def mixed(i: int) -> list[object]:
    """Return a row of texts, whole numbers and a fraction."""
    return [str(i % 3), ("Mon", "Tue", "Wed", "Thu")[i % 4], i % 24, i % 6, i % 400 / 10]


def batches_of(row: Callable[[int], list[object]], rows: int) -> list[list[list[object]]]:
    """Return batches, each a list of columns."""
    return [
        [list(column) for column in zip(*(row(i) for i in range(start, min(start + BATCH, rows))), strict=True)]
        for start in range(0, rows, BATCH)
    ]


def through_host(batches: list[list[list[object]]], rows: int) -> tuple[float, float]:
    """Return calls per second of wall-clock time and of CPU time."""
    host = ScriptHost([ScriptFunction("createArray", Source("createArray.js", SCRIPT))])
    columns = [[Column.from_values(column) for column in batch] for batch in batches]
    host.call("createArray", columns[0], len(columns[0][0]))
    wall, cpu = time.perf_counter(), time.process_time()
    for batch in columns:
        host.call("createArray", batch, len(batch[0]))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    host.close()
    return rows / wall, rows / cpu


def through_node(node: str, batches: list[list[list[object]]]) -> float:
    """Return calls per second of Node.js over the same batches, JSON read and written included."""
    with tempfile.TemporaryDirectory() as folder:
        script, data = Path(folder, "bench.js"), Path(folder, "batches.json")
        script.write_text(SCRIPT + NODE)
        data.write_bytes(b"\n".join(orjson.dumps(batch) for batch in batches))
        done = subprocess.run([node, script, data], capture_output=True, text=True, check=True)
    return float(done.stdout)


def one_by_one(row: Callable[[int], list[object]]) -> float:
    """Return calls per second with one call into V8 for each row."""
    with MiniRacer() as racer:
        racer.eval(SCRIPT)
        start = time.perf_counter()
        for i in range(ROWS_ONE_BY_ONE):
            racer.call("createArray", *row(i))
        return ROWS_ONE_BY_ONE / (time.perf_counter() - start)


def main() -> None:
    """Measure and print."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    node = shutil.which("node")
    print(f"createArray, {rows:,} rows in batches of {BATCH:,}; calls per second")
    for name, row in (("texts", texts), ("texts and numbers", mixed)):
        batches = batches_of(row, rows)
        wall, cpu = through_host(batches, rows)
        print(f"\n{name}")
        print(f"  host                 {wall:>12,.0f}   (per CPU second {cpu:,.0f})")
        if node:
            print(f"  Node.js              {through_node(node, batches):>12,.0f}")
        else:
            print("  Node.js              not measured: no node on the path")
        print(f"  one call for a row   {one_by_one(row):>12,.0f}")


if __name__ == "__main__":
    main()
