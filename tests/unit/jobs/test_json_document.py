import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asaql.diagnostics import QueryError, Source
from asaql.jobs.document import Mapping, to_python
from asaql.jobs.json_document import parse_json

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def parse(text: str) -> object:
    return to_python(parse_json(Source("x.json", text)))


@given(JSON)
def test_what_the_standard_library_writes_is_read_back(value: object) -> None:
    assert parse(json.dumps(value)) == value
    assert parse(json.dumps(value, indent=2, ensure_ascii=False)) == value


def test_comments_trailing_commas_and_line_breaks_in_texts_are_accepted() -> None:
    assert parse('{ // first\n "a": [1, 2,], /* then\n */ "b": "x\ny", }') == {"a": [1, 2], "b": "x\ny"}


def test_every_node_knows_its_place() -> None:
    text = '{\n  "query": "SELECT 1"\n}'
    root = parse_json(Source("x.json", text))
    assert isinstance(root, Mapping)
    node = root.get("QUERY")
    assert node is not None
    assert node.source.slice(node.span) == '"SELECT 1"'


def test_a_key_is_found_in_any_case_and_the_last_one_wins() -> None:
    root = parse_json(Source("x.json", '{"Name": "a", "name": "b", "other": null}'))
    assert isinstance(root, Mapping)
    assert root.text("NAME") == "b"
    assert root.get("other") is None


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ('{"a" 1}', 6),
        ('{"a": 1 "b": 2}', 9),
        ("[1, 2", 6),
        ("{'a': 1}", 2),
        ('{"a": nope}', 7),
        ('{"a": "open}', 7),
        ("{} {}", 4),
        ("", 1),
        ('{"a": "\\q"}', 7),
    ],
)
def test_the_first_place_that_is_no_json_is_named(text: str, column: int) -> None:
    source = Source("x.json", text)
    with pytest.raises(QueryError) as caught:
        parse_json(source)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "AQ701"
    assert diagnostic.span is not None
    assert source.position(diagnostic.span.start) == (1, column)


def test_deep_nesting_is_refused_without_exhausting_the_stack() -> None:
    with pytest.raises(QueryError, match="levels of nesting"):
        parse("[" * 5000)


@given(st.text(alphabet='{}[]",:/*\\ \nab1-.', max_size=40))
def test_any_text_gives_a_tree_or_a_diagnostic(text: str) -> None:
    with contextlib.suppress(QueryError):
        parse(text)


def test_messages_do_not_show_keys_and_passwords() -> None:
    text = '{\n "apiKey": "hunter2",\n "url": "https://u:pw@h/x?code=sesame", "SharedAccessPolicyKey": "abc" oops }'
    with pytest.raises(QueryError) as caught:
        parse(text)
    shown = str(caught.value)
    assert "hunter2" not in shown
    assert "sesame" not in shown
    assert "pw@" not in shown
    assert '"abc"' not in shown
    assert "apiKey" in shown
