from collections.abc import Callable

import polars as pl
import pytest

from asaql.functions import FunctionError
from asaql.functions.scalar.regex import PatternTooCostly, compile_regex
from asaql.model import Value

ValueOf = Callable[..., Value]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("LEN('abc  ')", 3),
        ("LEN('a😀')", 3),
        ("LEN('')", 0),
        ("SUBSTRING('a😀b', 4, 1)", "b"),
        ("SUBSTRING('a😀b', 2, 1)", "\ufffd"),
        ("SUBSTRING('abc', 0, 2)", "a"),
        ("SUBSTRING('abc', 9, 2)", ""),
        ("SUBSTRING('abc', -5, 2)", ""),
        ("SUBSTRING(12345, 2, 9)", "2345"),
        ("LEFT('abc', 9)", "abc"),
        ("RIGHT('abc', 0)", ""),
        ("CHARINDEX('', 'abc')", 0),
        ("CHARINDEX('b', 'abcb', 3)", 4),
        ("CHARINDEX('b', 'abcb', -3)", 2),
        ("CHARINDEX('b', '😀b')", 3),
        ("STUFF('abc', 4, 1, 'x')", ""),
        ("STUFF('abc', 0, 1, 'x')", None),
        ("STUFF('abc', 3, 9, 'xy')", "abxy"),
        ("REPLACE('abc', '', 'x')", "abc"),
        ("REPLICATE('ab', -1)", None),
        ("REVERSE('a😀')", "😀a"),
        ("SPACE(-1)", None),
        ("UNICODE('')", None),
        ("UNICODE('😀')", 128512),
        ("NCHAR(55296)", "\ufffd"),
        ("TRANSLATE('abc', 'ab', 'ba')", "bac"),
        ("TRIM(s)", "x"),
        ("CONCAT_WS(NULL, 'a', NULL, 'b')", "ab"),
        ("CONCAT(1, 2.5, NULL, b)", "12.5true"),
        ("PATINDEX('%b_%', 'abbc')", 2),
        ("PATINDEX('b%', 'ab')", 0),
        ("PATINDEX('%b', 'abb')", 3),
        ("PATINDEX('%[^a]%', 'aab')", 3),
        ("PATINDEX('', 'ab')", 0),
        ("PATINDEX('%b%', '😀b')", 3),
        ("LOWER('ΟΔΟΣ')", "οδοσ"),
        ("UPPER('straße')", "STRAßE"),
    ],
)
def test_strings_follow_the_documented_edges(expression: str, value: Value, value_of: ValueOf) -> None:
    assert value_of(expression, s="\u00a0\u3000x\u2009", b=True) == value


@pytest.mark.parametrize(
    "expression",
    [
        "LEFT('abc', -1)",
        "RIGHT('abc', -1)",
        "SUBSTRING('abc', 1, -1)",
        "STUFF('abc', 1, -1, 'x')",
        "TRANSLATE('abc', 'ab', 'x')",
        "REPLICATE('abc', 1000000000000)",
        "LEN(r)",
        "LEFT('abc', 'x')",
    ],
)
def test_arguments_that_have_no_meaning_fail(expression: str, value_of: ValueOf) -> None:
    with pytest.raises(FunctionError):
        value_of(expression, r={})


@pytest.mark.parametrize(
    ("pattern", "text", "position"),
    [
        ("b+", "aBBc", 2),
        ("^b", "ab", 0),
        ("^b", "a\nb", 0),
        ("a$", "a\n", 0),
        ("a.b", "a\nb", 0),
        (r"\d", "٣", 0),
        (r"\w", "é", 0),
        (r"\s", "a\u00a0 b", 3),
        (r"[\d-]+", "ab-1", 3),
        (r"[^\W]", "é_", 2),
        (r"\bcat\b", "a cat", 3),
        (r"\u0041\x42", "xAB", 2),
        (r"\.\/\-", "a./-", 2),
        ("(?:ab)+c", "xababc", 2),
        ("(?<year>[0-9]{4})", "in 2024", 4),
        ("a{2}", "aa", 1),
        ("a{", "a{", 1),
        ("[]a]", "x]", 2),
        ("a(?=b)", "acab", 3),
        (r"(a)\1", "abaa", 3),
        ("b", "😀b", 3),
        ("", "abc", 1),
        ("a|", "b", 1),
        ("(", "(", 0),
        ("[z-a]", "m", 0),
        ("a**", "a", 0),
        ("*a", "a", 0),
        ("a{3,2}", "aaa", 0),
        ("\\", "\\", 0),
        (r"\p{L}", "p", 0),
        ("a)", "a)", 0),
    ],
)
def test_regular_expressions_are_of_the_ecmascript_form(
    pattern: str, text: str, position: int, value_of: ValueOf
) -> None:
    assert value_of("REGEXMATCH(s, p)", s=text, p=pattern) == position


def test_a_pattern_that_makes_other_engines_hang_takes_no_time(value_of: ValueOf) -> None:
    assert value_of("REGEXMATCH(s, '^(a+)+$')", s="a" * 50_000 + "b") == 0
    assert value_of("REGEXMATCH(s, '(x+x+)+y')", s="x" * 50_000) == 0


@pytest.mark.parametrize("pattern", ["(?=(a+)+b)", r"(a*)*\1b", "((?:a{1000}){1000}){1000}", "a{100000}"])
def test_a_pattern_that_could_take_unbounded_time_is_refused(pattern: str, value_of: ValueOf) -> None:
    with pytest.raises(PatternTooCostly):
        compile_regex(pattern)
    with pytest.raises(FunctionError, match="unbounded time"):
        value_of("REGEXMATCH('a', p)", p=pattern)


def test_a_pattern_gives_the_offset_of_the_first_match_in_bytes() -> None:
    regex = compile_regex("b")
    assert regex is not None
    assert regex.find_all(pl.Series(["éb", "a", None])).to_list() == [2, None, None]
