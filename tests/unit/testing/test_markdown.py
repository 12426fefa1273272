import pytest

from asaql.testing.markdown import MarkdownError, read_sections, split_lines


def test_sections_hold_prose_blocks_and_line_numbers() -> None:
    (section,) = read_sections("# Title\n\n## One\n\nWhy.\n\n```sql\nSELECT 1\n```\n")
    assert (section.heading, section.line, section.end, section.prose) == ("One", 3, 9, "Why.")
    (block,) = section.blocks
    assert (block.language, block.text, block.line, block.end) == ("sql", "SELECT 1\n", 7, 9)


def test_a_fence_may_hold_shorter_fences_and_headings() -> None:
    (section,) = read_sections("## One\n````text\n```\n## not a heading\n```\n````\n")
    assert section.blocks[0].text == "```\n## not a heading\n```\n"


def test_tags_are_flags_and_pairs_and_values_may_be_quoted() -> None:
    (section,) = read_sections('## One\n```jsonl out="my output" unordered\n```\n')
    assert dict(section.blocks[0].tags) == {"out": "my output", "unordered": None}


def test_tables_are_taken_out_of_the_prose() -> None:
    (section,) = read_sections("## One\n\nBefore.\n\n| a | b |\n|---|---|\n| `[1, 2]` | x \\| y |\n\nAfter.\n")
    (table,) = section.tables
    assert table.header == ("a", "b")
    assert table.rows == ((7, ("[1, 2]", "x | y")),)
    assert section.prose == "Before.\n\n\nAfter."


def test_only_a_line_feed_ends_a_line() -> None:
    assert split_lines("a\u2028b\x1c\nc") == ["a\u2028b\x1c\n", "c"]


def test_a_fence_that_is_never_closed_is_named_by_its_line() -> None:
    with pytest.raises(MarkdownError) as caught:
        read_sections("## One\n\n```sql\nSELECT 1\n")
    assert caught.value.line == 3


def test_a_quote_behind_a_fence_must_be_closed() -> None:
    with pytest.raises(MarkdownError, match="no closing quotation"):
        read_sections('## One\n```jsonl in="a\n```\n')
