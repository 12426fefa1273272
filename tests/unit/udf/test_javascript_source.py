"""Which function of a script is meant."""

from typing import Any

import pytest

from asaql.udf.javascript_source import outline


@pytest.mark.parametrize(
    "script",
    [
        "function main(a) { return a + 1; }",
        "function helper(a) { return a; }\nfunction main(a) { return helper(a) + 1; }",
        "function anyName(a) { return a + 1; }",
        "var f = function (a) { return a + 1; };",
        "const f = (a) => a + 1;",
        "let f = a => a + 1",
        "main = function (a) { return a + 1; };",
        "var limit = 5, f = function (a) { return a + 1; };",
        "function (a) { return a + 1; }",
        "function (a) { return a + 1; };",
        "(function (a) { return a + 1; })",
        "(function named(a) { return a + 1; });",
        "(a) => a + 1;",
        "a => a + 1",
        "(a, b = 1) => { return a + b; } // done",
        "\ufeff// with a byte order mark\nfunction main(a) { return a + 1; }",
        "/* function other() {} */ function main(a) { return a + 1; } // function another() {}",
        "'use strict';\nfunction main(a) { function inner() { return 1; } return a + inner(); }",
        "if (true) { function hidden() {} }\nfunction shown(a) { return a + 1; }",
        "var text = 'function a() {', re = /[{(/]\"/g, t = `{${ '}' + `{` }(`;\nfunction main(a) { return a + 1; }",
        "var half = 4 / 2, more = (1) / 2; function f(a) { return a + 1; } var g = 'x'.length / 2;",
        "function größe$(a) { return a + 1; }",
        "async function later() {} var later = 1; function main(a) { return a + 1; }",
        "function main(a) { return a + 1; } // no newline at the end",
        "(function () { var main = 3; })(); function f(a) { return a + 1; }",
        "!function () {}(); var f = a => a + 1;",
    ],
)
def test_the_function_is_found(values: Any, script: str) -> None:
    assert values(script, [1, 2]) == [2, 3]


def test_the_outline_lists_names_of_the_top_level_only() -> None:
    script = """
    function one() { var inner = 1; function two() {} }
    const three = () => { let four; };
    class Five { six() {} }
    async function* seven() {}
    eight = nine.ten = 11;
    if (x == 1 && y === 2) { z = 3; }
    """
    found = outline(script)
    assert found.functions == ("one", "seven")
    assert found.variables == ("three", "eight")
    assert found.classes == ("Five",)
    assert script[found.starts["three"] :].startswith("three =")


@pytest.mark.parametrize(
    "script", ["`${", "/", "'", '"\\', "/*", "}}}", "((((", "`", "function", "=>", "\\", "#", "a = /[/"]
)
def test_the_outline_of_a_broken_script_is_survived(script: str) -> None:
    assert outline(script).functions == ()
