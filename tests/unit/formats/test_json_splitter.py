"""Cutting JSON: when chunks come, how large they are, what a broken document costs."""

import pytest

from asaql.formats import Chunk, Projection, ReadOptions, chunks, decoder_for, json_documents, splitter_for
from asaql.formats.json_splitter import LOOKAHEAD_BYTES

EVENT = b'{"n":1,"text":"' + b"x" * 80 + b'"}'


def read(data: bytes) -> tuple[list[object], list[int]]:
    decoder = decoder_for("json", Projection((("n", ("n",)),)), ReadOptions())
    values: list[object] = []
    lines = []
    for chunk in chunks([data[at : at + 65_536] for at in range(0, len(data), 65_536)], splitter_for("json")):
        decoded = decoder.decode(chunk)
        values += decoded.columns["n"].to_values()
        lines += [each.line for each in decoded.problems]
    return values, lines


def test_lines_come_as_soon_as_they_are_complete() -> None:
    splitter = splitter_for("json", "in")
    assert splitter.feed(b'{"n":1}') == []
    assert splitter.feed(b'\n{"n"') == [Chunk(b'{"n":1}\n', 1, "in")]
    assert splitter.feed(b":2}\n") == [Chunk(b'{"n":2}\n', 2, "in")]
    assert splitter.feed(b'{"n":3}') == []
    assert splitter.finish() == [Chunk(b'{"n":3}', 3, "in")]


def test_elements_of_an_array_come_as_soon_as_they_are_complete() -> None:
    splitter = splitter_for("json")
    assert splitter.feed(b"[\n") == []
    assert [chunk.data for chunk in splitter.feed(b'{"n":1},\n{"n":')] == [b'{"n":1}\n']
    assert [chunk.data for chunk in splitter.feed(b"2}]")] == [b'{"n":2}\n']
    assert splitter.finish() == []


@pytest.mark.parametrize("data", [(EVENT + b"\n") * 15_000, b"[" + b",".join([EVENT] * 15_000) + b"]"])
def test_chunks_are_about_as_large_as_asked_for(data: bytes) -> None:
    sizes = [len(chunk.data) for chunk in chunks([data], splitter_for("json", chunk_bytes=10_000))]
    assert max(sizes) < 15_200
    assert min(sizes[:-1]) > 9_800


@pytest.mark.parametrize(
    "layout",
    [
        lambda events: b"[" + b",".join(events) + b"]",
        lambda events: b"[\n" + b",\n".join(events) + b"\n]",
        lambda events: b"[ " + b" ,\r\n\r\n  ".join(events) + b" ] ",
        lambda events: b"".join(events),
        lambda events: b"\n\n" + b"\n".join(event.replace(b",", b",\n") for event in events),
    ],
)
def test_long_streams_of_every_layout_are_held_in_small_parts(layout: object) -> None:
    count = 3 * LOOKAHEAD_BYTES // len(EVENT)
    data = layout([EVENT] * count)  # type: ignore[operator]
    splitter = splitter_for("json")
    fed = cut = 0
    for at in range(0, len(data), 65_536):
        fed += len(data[at : at + 65_536])
        cut += sum(len(chunk.data) for chunk in splitter.feed(data[at : at + 65_536]))
        assert fed - cut <= 2 * LOOKAHEAD_BYTES + 0.05 * fed
    assert read(data) == ([1] * count, [])


def test_an_event_over_several_lines_is_reported_on_its_first() -> None:
    assert read(b'[\n {\n  "n": 1\n },\n {\n  "n": 01\n },\n {"n": 3}\n]\n') == ([1, 3], [5])


def test_a_text_without_an_end_costs_the_lines_of_its_event() -> None:
    values, lines = read(b'[\n{\n"n": 1\n},\n{\n"n": "2\n},\n{\n"n": 3\n}\n]\n')
    assert values == [1, 3]
    assert lines[0] == 5


def test_an_array_that_never_ends_is_read_to_its_last_element() -> None:
    assert read(b'[\n{"n":1},\n{"n":2},\n') == ([1, 2], [])
    assert read(b'[\n{"n":1},\n{"n":') == ([1], [3])


def test_a_first_line_that_is_cut_off_costs_only_itself() -> None:
    assert read(b'{"n":\n{"n":2}\n{"n":3}\n') == ([2, 3], [1])


def test_an_event_longer_than_any_is_given_up_line_by_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_documents, "MAX_EVENT_BYTES", 100_000)
    data = b'[\n{"n":1},\n{"n":[\n' + b'{"n":2},\n' * 20_000
    values, lines = read(data)
    assert values[0] == 1
    assert set(values[1:]) == {2}
    assert lines == [3]


def test_brackets_that_do_not_match_are_malformed() -> None:
    values, lines = read(b'[\n{"n":1},\n{"n":[2},\n{"n":3}\n]\n')
    assert values == [1, 3]
    assert lines == [3]


def test_chunks_of_rows_hold_the_events_of_a_line_apart() -> None:
    data = b'{"n":1}\n\n[{"n":2},{"n":3}]\n{"n":4}{"n":5}\nbad\n{"n":6}\n'
    cut = list(chunks([data], splitter_for("json", rows=2)))
    assert [chunk.data.split() for chunk in cut] == [
        [b'{"n":1}', b'{"n":2}'],
        [b'{"n":3}', b'{"n":4}'],
        [b'{"n":5}', b"bad"],
        [b'{"n":6}'],
    ]
    assert [chunk.lines for chunk in cut] == [(1, 3), (3, 4), (4, 5), (6,)]


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf", b" \n\r\n\t ", b"[]", b"[\n]\n"])
def test_nothing_has_no_events(data: bytes) -> None:
    assert read(data) == ([], [])
    assert [chunk.data.strip() for chunk in chunks([data], splitter_for("json", rows=1)) if chunk.data.strip()] in (
        [],
        [b"[]"],
    )
