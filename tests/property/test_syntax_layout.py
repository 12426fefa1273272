"""Laying a text out changes neither what it says nor its comments, and laying it out again changes nothing."""

import re
from collections import Counter
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from property.test_syntax_round_trip import scripts

from asaql.diagnostics import Source
from asaql.syntax import format_script, lay_out, parse
from asaql.syntax.lexemes import scan

COMMENTS = st.sampled_from(
    [
        " -- one\n",
        "\n-- two\n",
        "\n\n    -- three\n\n",
        " /* four */ ",
        "\n/* five\n   six */\n",
        " /* a\n b */",
        "\n",
        "\n\n",
    ]
)


@st.composite
def commented(draw: st.DrawFn) -> str:
    """A script with comments between its words."""
    text = format_script(draw(scripts()))
    lexemes = scan(Source("script", text)).lexemes
    pieces = [draw(COMMENTS)] if draw(st.booleans()) else []
    for left, right in pairwise(lexemes):
        gap = text[left.end : right.start]
        pieces += [left.text, draw(COMMENTS) if draw(st.integers(0, 5)) == 0 and gap else gap]
    return "".join([*pieces, *(each.text for each in lexemes[-1:]), draw(COMMENTS)])


def comments_of(text: str) -> Counter[str]:
    blanked = list(text)
    for each in scan(Source("script", text)).lexemes:
        blanked[each.start : each.end] = " " * (each.end - each.start)
    return Counter(each.rstrip() for each in re.findall(r"--[^\n]*|/\*[\s\S]*?\*/", "".join(blanked)))


@settings(max_examples=150)
@given(commented())
def test_comments_and_meaning_are_kept_and_the_layout_is_stable(text: str) -> None:
    laid = lay_out(Source("script", text))
    assert parse(Source("laid", laid)).script == parse(Source("script", text)).script
    assert comments_of(laid) == comments_of(text), laid
    assert lay_out(Source("laid", laid)) == laid
