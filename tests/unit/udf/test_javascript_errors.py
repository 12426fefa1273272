"""What users read when a script is wrong or fails."""

import pickle
from typing import Any

import pytest

from asaql.diagnostics import Diagnostic, QueryError, render_text
from asaql.model import Column
from asaql.udf.javascript_errors import ScriptError


def place(diagnostic: Diagnostic) -> tuple[int, int, str]:
    """Return line, column and text of a diagnostic's place."""
    assert diagnostic.source is not None
    assert diagnostic.span is not None
    line, column = diagnostic.source.position(diagnostic.span.start)
    return line, column, diagnostic.source.slice(diagnostic.span)


def refusal(hosts: Any, script: str, **options: Any) -> Diagnostic:
    """Return the diagnostic of a script that cannot be loaded."""
    with pytest.raises(QueryError) as caught:
        hosts.open({"f": script}, **options)
    (diagnostic,) = caught.value.diagnostics
    return diagnostic


def failure(hosts: Any, script: str, *arguments: Any, **options: Any) -> ScriptError:
    """Return the error of a call that fails."""
    with pytest.raises(ScriptError) as caught:
        hosts.values(script, *arguments, **options)
    return caught.value


@pytest.mark.parametrize(
    ("script", "message", "where"),
    [
        ("function f(a) {\n  return a +* 2;\n}", "Unexpected token '*'", (2, 13, "*")),
        ("function f(a) {\n  return a;\n", "Unexpected end of input", (2, 11, ";")),
        ("function f(a) { return a; } }", "Unexpected token '}'", (1, 29, "}")),
        ("function f(a) { return a; } } (function () {", "Unexpected token '}'", (1, 29, "}")),
        ("var s = 'abc\nfunction main() {}", "Invalid or unexpected token", (1, 9, "'abc")),
        ("function (a) {\n  return a ++ 1;\n}", "Unexpected number", (2, 15, "1")),
        ("(a) => a +", "Unexpected token ')'", (1, 10, "+")),
        ("import x from 'y';", "Cannot use import statement outside a module", (1, 1, "import")),
        ("/* 😀 */ function f( {", "Unexpected end of input", (1, 21, "{")),
        ("return 1;", "Illegal return statement", (1, 1, "return")),
    ],
)
def test_a_syntax_error_points_into_the_script(hosts: Any, script: str, message: str, where: Any) -> None:
    diagnostic = refusal(hosts, script)
    assert diagnostic.code == "AQ601"
    assert diagnostic.message == f'the script of "f" does not compile: {message}'
    assert place(diagnostic) == where


def test_a_syntax_error_reads_like_this(hosts: Any) -> None:
    assert render_text(refusal(hosts, "function f(a) {\n  return a +* 2;\n}")) == (
        "error[AQ601]: the script of \"f\" does not compile: Unexpected token '*'\n"
        " --> Functions/f.js:2:13\n"
        "  |\n"
        "1 | function f(a) {\n"
        "2 |   return a +* 2;\n"
        "  |             ^\n"
        "  |"
    )


def test_all_scripts_that_are_wrong_are_reported(hosts: Any) -> None:
    with pytest.raises(QueryError) as caught:
        hosts.open({"a": "function (", "b": "function main() {}", "c": ""})
    assert [each.source.name for each in caught.value.diagnostics] == ["Functions/a.js", "Functions/c.js"]


def test_a_script_without_a_function_is_refused(hosts: Any) -> None:
    for script in ("", "// nothing\n", "var x = 1;", "({ main: 1 })", "42"):
        assert refusal(hosts, script).message == 'the script of "f" defines no function'


def test_several_functions_need_one_called_main(hosts: Any) -> None:
    diagnostic = refusal(hosts, "function one() {}\nconst two = () => 2;")
    assert diagnostic.message == 'the script of "f" defines several functions and none is called "main": "one", "two"'
    assert diagnostic.help == "function main(value) { return one(value); }"
    assert place(diagnostic) == (1, 10, "one")


def test_a_script_that_throws_while_it_is_loaded_is_refused(hosts: Any) -> None:
    diagnostic = refusal(hosts, "function main() {}\n  missing.call();")
    assert diagnostic.message == 'the script of "f" cannot be loaded: ReferenceError: missing is not defined'
    assert place(diagnostic) == (2, 3, "m")


def test_an_unknown_output_type_is_refused(hosts: Any) -> None:
    diagnostic = refusal(hosts, "function main() {}", output_type="bigimt")
    assert diagnostic.code == "AQ301"
    assert diagnostic.message == 'function "f" has the output type "bigimt", which is no type'
    assert diagnostic.help == "bigint"


def test_an_exception_names_function_row_and_place(hosts: Any) -> None:
    script = "function main(a, b) {\n  if (a > 1) {\n    return b.x.y;\n  }\n}"
    error = failure(hosts, script, [1, 2, 3], ["u", "v", None])
    assert error.row == 1
    assert render_text(error.diagnostic) == (
        "error[AQ602]: function \"f\" failed: TypeError: Cannot read properties of undefined (reading 'y')\n"
        " --> Functions/f.js:3:16\n"
        "  |\n"
        "2 |   if (a > 1) {\n"
        "3 |     return b.x.y;\n"
        "  |                ^\n"
        "  |\n"
        '  = note: called as f(2, "v")'
    )


def test_an_exception_in_a_helper_points_to_the_helper(hosts: Any) -> None:
    script = "var parse = function (t) {\n  return JSON.parse(t);\n};\nfunction main(t) { return parse(t); }"
    error = failure(hosts, script, ["{"])
    assert error.diagnostic.message.startswith('function "f" failed: SyntaxError: Expected property name')
    assert place(error.diagnostic) == (2, 15, "parse")


def test_columns_count_characters_not_utf_16_units(hosts: Any) -> None:
    error = failure(hosts, "function main() { '😀😀'; missing(); }")
    assert place(error.diagnostic) == (1, 25, "missing")


@pytest.mark.parametrize(
    ("thrown", "shown"),
    [
        ("{input: row, reason: 'bad'}", '{"input":{"id":7},"reason":"bad"}'),
        ("'text'", "text"),
        ("null", "null"),
        ("undefined", "undefined"),
        ("12", "12"),
        ("[1, 2]", "[1,2]"),
        ("new RangeError('r')", "RangeError: r"),
        ("new Error('two\\nlines')", "Error: two lines"),
    ],
)
def test_whatever_is_thrown_is_shown_with_its_place(hosts: Any, thrown: str, shown: str) -> None:
    error = failure(hosts, f"function main(row) {{\n  throw {thrown};\n}}", [{"id": 7}])
    assert error.diagnostic.code == "AQ602"
    assert error.diagnostic.message == f'function "f" failed: {shown}'
    assert place(error.diagnostic)[0] == 2
    assert error.diagnostic.notes == ('called as f({"id": 7})',)


def test_odd_things_that_are_thrown_are_survived(hosts: Any) -> None:
    for thrown in (
        "{get x() { throw 1; }}",
        "Object.create(null)",
        "new Proxy({}, {get: function () { throw 1; }})",
        "Object.assign(new Error('e'), {stack: 5})",
        "{toJSON: function () { throw 1; }, toString: null}",
        "Symbol('s')",
        "10n",
    ):
        assert failure(hosts, f"function main() {{ throw {thrown}; }}").diagnostic.code == "AQ602"


def test_a_long_message_and_long_arguments_are_cut(hosts: Any) -> None:
    error = failure(hosts, "function main(t) { throw t; }", ["x" * 100_000])
    assert len(error.diagnostic.message) < 3_000
    assert len(error.diagnostic.notes[0]) < 400


def test_endless_recursion_is_an_exception(hosts: Any) -> None:
    error = failure(hosts, "function main(a) { return main(a) + 1; }", [1])
    assert error.diagnostic.message == 'function "f" failed: RangeError: Maximum call stack size exceeded'


def test_an_exception_that_the_script_catches_is_none(values: Any) -> None:
    assert values("function main(a) { try { return a.b.c; } catch (e) { return e.name; } }", [1]) == ["TypeError"]


def test_an_exception_raised_while_a_result_is_read_is_reported(hosts: Any) -> None:
    error = failure(hosts, "function main() { return {get x() { throw new Error('no'); }}; }")
    assert error.diagnostic.message == 'function "f" failed: Error: no'


def test_a_host_goes_on_after_an_exception(hosts: Any) -> None:
    host = hosts.open({"f": "function main(a) { if (a < 0) throw 'negative'; return a; }"})
    with pytest.raises(ScriptError):
        host.call("f", [Column.from_values([-1])], 1)
    assert host.call("f", [Column.from_values([1])], 1).to_values() == [1]


def test_console_info_and_warn_are_passed_on(hosts: Any) -> None:
    said: list[tuple[str, str, str]] = []
    script = "console.info('loaded');\nfunction main(a) { console.info('a', a, [null]); console.warn({u: undefined}); }"
    hosts.values(script, [1, 2], on_console=lambda *line: said.append(line))
    assert said == [
        ("info", "f", "loaded"),
        ("info", "f", "a 1 [null]"),
        ("warn", "f", "{}"),
        ("info", "f", "a 2 [null]"),
        ("warn", "f", "{}"),
    ]


@pytest.mark.parametrize("method", ["log", "error"])
def test_console_log_and_error_stop_the_job(hosts: Any, method: str) -> None:
    said: list[tuple[str, str, str]] = []
    script = f"function main(a) {{\n  console.info(a);\n  if (a > 1) console.{method}('too', a);\n}}"
    error = failure(hosts, script, [1, 2, 3], on_console=lambda *line: said.append(line))
    assert error.row == 1
    assert error.diagnostic.code == "AQ602"
    assert error.diagnostic.message == 'function "f" stopped the job: too 2'
    assert error.diagnostic.help == "console.info(...) or console.warn(...) let the job go on"
    assert place(error.diagnostic) == (3, 22, method)
    assert said == [("info", "f", "1"), ("info", "f", "2"), ("error", "f", "too 2")]


def test_console_error_stops_the_job_even_where_the_script_catches(hosts: Any) -> None:
    error = failure(hosts, "function main() { try { console.error('x'); } catch (e) { return 1; } }")
    assert error.diagnostic.message == 'function "f" stopped the job: x'


def test_an_error_can_be_sent_to_another_process(hosts: Any) -> None:
    error = failure(hosts, "function main() { throw 1; }")
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.diagnostic, copy.row, str(copy)) == (error.diagnostic, error.row, str(error))
