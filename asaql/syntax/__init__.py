"""Text <-> AST: `parse` reads a query, `format_script` writes one; nothing is resolved here.

`asaql.syntax.ast` holds the nodes.
"""

from asaql.syntax.format import format_expression, format_query, format_script
from asaql.syntax.parse import Parsed, parse, parse_expression

__all__ = ["Parsed", "format_expression", "format_query", "format_script", "parse", "parse_expression"]
