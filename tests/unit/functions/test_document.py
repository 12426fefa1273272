from pathlib import Path

from asaql.functions import functions
from asaql.functions.document import functions_page

PAGE = Path(__file__).parents[3] / "docs" / "functions.md"


def test_the_page_of_functions_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == functions_page(), (
        "python -m asaql.functions.document > docs/functions.md"
    )


def test_every_function_of_a_chapter_is_on_the_page() -> None:
    page = functions_page()
    for each in functions():
        assert not each.category or each.summary in page, each.name
