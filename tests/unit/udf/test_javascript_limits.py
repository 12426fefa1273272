"""Scripts that take too long or too much memory, and isolates over a long time."""

import subprocess
import sys
from typing import Any

import pytest

from asaql.diagnostics import QueryError
from asaql.model import Column
from asaql.udf.javascript_errors import ScriptError


def failure(hosts: Any, body: str, **options: Any) -> ScriptError:
    with pytest.raises(ScriptError) as caught:
        hosts.values(f"function main(a) {{ {body} }}", [1, 2], **options)
    return caught.value


@pytest.mark.parametrize(
    "body",
    [
        "for (;;);",
        "for (;;) { try { for (;;); } catch (e) {} }",
        "return /(a+)+b/.test('a'.repeat(40));",
        "var a = []; a[4e9] = 1; return a;",
        "return {get x() { for (;;); }};",
    ],
)
def test_a_script_that_does_not_end_is_ended(hosts: Any, body: str) -> None:
    error = failure(hosts, body, timeout_seconds=0.3)
    assert error.diagnostic.code == "AQ603"
    assert error.diagnostic.message == 'function "f" took more than 0.3 seconds for one batch of events'
    assert error.row is None


@pytest.mark.parametrize(
    "body",
    [
        "var a = []; for (;;) a.push({n: a.length, s: 'k' + a.length});",
        "var a = []; for (;;) a.push(new Array(100000).fill(1.5));",
        "for (;;) { try { var a = []; for (;;) a.push([1]); } catch (e) {} }",
        "var b = []; for (;;) b.push(new Uint8Array(1000000).fill(1));",
        "try { for (var b = [];;) b.push(new ArrayBuffer(100000000)); } catch (e) { throw e; }",
    ],
)
def test_a_script_that_takes_too_much_memory_is_ended(hosts: Any, body: str) -> None:
    error = failure(hosts, body, memory_mb=32)
    assert error.diagnostic.code == "AQ603"
    assert error.diagnostic.message == 'function "f" took more than 32 MiB of memory for one batch of events'


@pytest.mark.parametrize(
    "body",
    [
        "return new Array(Math.pow(2, 28)).fill(1.5).length;",
        "return 'x'.repeat(Math.pow(2, 28)).split('').length;",
        "for (var s = 'x';;) s += s;",
        "return new Array(-1);",
    ],
)
def test_a_value_too_large_for_v8_is_an_exception(hosts: Any, body: str) -> None:
    assert failure(hosts, body).diagnostic.message.startswith('function "f" failed: RangeError: Invalid ')


def test_a_host_that_ran_into_a_limit_stays_ended(hosts: Any) -> None:
    host = hosts.open({"f": "function main(a) { while (a); return 1; }"}, timeout_seconds=0.2)
    for value in (1, 0):
        with pytest.raises(ScriptError, match=r"0\.2 seconds"):
            host.call("f", [Column.from_values([value])], 1)


def test_a_script_that_does_not_end_while_it_is_loaded_is_refused(hosts: Any) -> None:
    with pytest.raises(QueryError) as caught:
        hosts.open({"f": "for (;;);", "g": "function main() {}"}, timeout_seconds=0.2)
    assert [each.code for each in caught.value.diagnostics] == ["AQ603"]


def test_the_time_limit_holds_for_each_batch_not_for_all(hosts: Any) -> None:
    host = hosts.open(
        {"f": "function main() { var end = Date.now() + 60; while (Date.now() < end); return 1; }"}, timeout_seconds=0.5
    )
    for _ in range(12):
        assert host.call("f", [], 1).to_values() == [1]


def test_memory_stays_flat_over_many_batches(hosts: Any) -> None:
    host = hosts.open({"f": "function main(n, t) { return {n: n, t: t + t}; }"}, memory_mb=32)
    arguments = [Column.from_values(list(range(500))), Column.from_values(["x" * 200] * 500)]
    for _ in range(500):
        host.call("f", arguments, 500)


def test_closing_twice_is_harmless(hosts: Any) -> None:
    host = hosts.open({"f": "function main() {}"})
    host.close()
    host.close()


_PROGRAM = """
from asaql.diagnostics import Source
from asaql.udf.javascript import ScriptHost
from asaql.udf.script_spec import ScriptFunction
host = ScriptHost([ScriptFunction("f", Source("f.js", "function main() { return 7; }"))])
print(host.call("f", [], 1).to_values())
"""


def test_a_host_that_is_left_open_does_not_keep_the_process() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", _PROGRAM], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "[7]\n", "")


def test_the_time_zone_of_the_machine_does_not_matter() -> None:
    program = _PROGRAM.replace("return 7", "return [new Date(2020, 6, 1).getTime(), (1234.5).toLocaleString()]")
    program += "import os; print(os.environ['TZ'], 'LC_ALL' in os.environ)"
    environment = {"TZ": "America/New_York", "LANG": "de_DE.UTF-8"}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, env=environment, check=True
    )
    assert done.stdout == "[[1593561600000, '1,234.5']]\nAmerica/New_York False\n"
