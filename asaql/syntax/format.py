"""AST -> canonical SQL: written on one line first, then laid out as any text is.

`parse(format_script(script))` is `script` again, places apart. Comments are not part of the tree and so not written;
`lay_out` keeps those of a text.
"""

from asaql.diagnostics import Source
from asaql.syntax import ast
from asaql.syntax.layout import lay_out
from asaql.syntax.spell import (
    spell_alias,
    spell_expression,
    spell_item,
    spell_limit,
    spell_list,
    spell_name,
    spell_pattern,
    spell_source,
    spell_type,
)


def format_script(script: ast.Script) -> str:
    """Return a script as canonical text that ends with a line feed; an empty script as an empty text.

    A clause stays on its line up to 100 characters; longer lists, conditions and calls take a line per entry.
    """
    return lay_out(Source("<script>", " ".join(_part(each) for each in script.parts)))


def format_query(query: ast.Query) -> str:
    """Return one SELECT, or several joined by UNION, as canonical text without a final semicolon."""
    return format_script(ast.Script((query,))).removesuffix(";\n")


def format_expression(expression: ast.Expression) -> str:
    """Return an expression on one line."""
    return spell_expression(expression)


def _part(part: "ast.CreateTable | ast.With | ast.Query") -> str:
    if isinstance(part, ast.CreateTable):
        columns = ", ".join(f"{spell_name(each.name)} {spell_type(each.type)}" for each in part.columns)
        return f"CREATE TABLE {spell_name(part.name)} ({columns});"
    if isinstance(part, ast.With):
        return "WITH " + ", ".join(f"{spell_name(each.name)} AS ({_query(each.query)})" for each in part.steps)
    return f"{_query(part)};"


def _query(query: ast.Query) -> str:
    if isinstance(query, ast.Select):
        return _select(query)
    return (" UNION ALL " if query.is_all else " UNION ").join(_select(each) for each in query.branches)


def _select(node: ast.Select) -> str:
    clauses = ["SELECT " + ", ".join(spell_item(each) for each in node.items)]
    if node.into is not None:
        clauses.append(f"INTO {spell_name(node.into)}")
    clauses.append(f"FROM {_from(node.from_)}")
    if node.where is not None:
        clauses.append(f"WHERE {spell_expression(node.where)}")
    if node.group_by:
        clauses.append(f"GROUP BY {spell_list(node.group_by)}")
    if node.having is not None:
        clauses.append(f"HAVING {spell_expression(node.having)}")
    return " ".join(clauses)


def _from(node: ast.From) -> str:
    parts = [spell_source(node.source)]
    parts += (_join(each) if isinstance(each, ast.Join) else _apply(each) for each in node.operations)
    if node.match is not None:
        parts.append(_match(node.match))
    return " ".join(parts + [f"UNION {spell_source(each)}" for each in node.union])


def _join(node: ast.Join) -> str:
    right = node.right
    text = spell_source(right) if isinstance(right, ast.SourceReference) else f"({_from(right)})"
    return f"{node.kind} {text} ON {spell_expression(node.condition)}"


def _apply(node: ast.Apply) -> str:
    return f"{node.kind} {spell_expression(node.function)}{spell_alias(node.alias)}"


def _match(node: ast.MatchRecognize) -> str:
    parts = [spell_limit(node.limit)] if node.limit is not None else []
    if node.partition_by:
        parts.append(f"PARTITION BY {spell_list(node.partition_by)}")
    if node.measures:
        parts.append("MEASURES " + ", ".join(spell_item(each) for each in node.measures))
    parts += ["AFTER MATCH SKIP TO NEXT ROW", f"PATTERN ({spell_pattern(node.pattern)})"]
    definitions = (f"{spell_name(each.variable)} AS {spell_expression(each.condition)}" for each in node.definitions)
    parts.append("DEFINE " + ", ".join(definitions))
    return f"MATCH_RECOGNIZE ({' '.join(parts)}){spell_alias(node.alias)}"
