"""The texts of a job as files of their own hold them."""

import textwrap

from asaql.diagnostics import Source


def plain_text(source: Source) -> str:
    """Return a query's or a function's text; one from a job file without the lines and the indentation before it."""
    if not source.name.endswith((".yaml", ".yml")):
        return source.text
    return textwrap.dedent(source.text).lstrip("\n")
