"""A reader expects a field to keep its kind; no value may show that it does."""

import pytest

from asaql.formats import Chunk, Projection, ReadOptions, decoder_for

FIRST = {"bigint": "1", "nvarchar(max)": '"a"', "bit": "true", "float": "1.5", "null": "null"}
LATER = ["2", "2.0", "2e3", '"b"', "false", "null", "[1]", '{"z":1}', "9223372036854775807", "99999999999999999999"]


def decoded(*chunks: str) -> list[object]:
    decoder = decoder_for("json", Projection((("x", ("x",)), ("y", ("r", "y")))), ReadOptions())
    values: list[object] = []
    for chunk in chunks:
        columns = decoder.decode(Chunk(chunk.encode())).columns
        values += [(type(each), each) for slot in ("x", "y") for each in columns[slot].to_values()]
    return values


@pytest.mark.parametrize("later", LATER)
@pytest.mark.parametrize("first", FIRST.values(), ids=FIRST)
def test_a_later_chunk_reads_the_same_behind_any_other(first: str, later: str) -> None:
    begin = "".join(f'{{"x":{first},"r":{{"y":{first}}}}}\n' for _ in range(20))
    end = "".join(f'{{"x":{value},"r":{{"y":{value}}}}}\n' for value in [first, later] * 10)
    assert decoded(begin, end, begin) == [*decoded(begin), *decoded(end), *decoded(begin)]


@pytest.mark.parametrize("record", ["null", "5", '"text"', "[]", "{}", '{"Y":3}'])
def test_a_missing_record_or_field_is_null_behind_chunks_that_have_it(record: str) -> None:
    begin = '{"x":1,"r":{"y":1}}\n' * 20
    end = f'{{"x":2,"r":{record}}}\n{{"x":2,"r":{{"y":2}}}}\n' * 10
    assert decoded(begin, end) == [*decoded(begin), *decoded(end)]
