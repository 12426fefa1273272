"""Text <-> AST: `parse` reads a query, `format_script` writes one, `lay_out` keeps its comments; nothing is resolved.

`asaql.syntax.ast` holds the nodes.
"""

from asaql.syntax.format import format_expression, format_query, format_script
from asaql.syntax.layout import lay_out
from asaql.syntax.parse import Parsed, parse, parse_expression

__all__ = ["Parsed", "format_expression", "format_query", "format_script", "lay_out", "parse", "parse_expression"]
