"""AST -> canonical SQL: keywords in upper case, one clause a line, the bodies of steps indented.

`parse(format_script(script))` is `script` again, places apart. Comments are not part of the tree and so not written.
"""

from collections.abc import Iterable, Sequence

from asaql.syntax import ast
from asaql.syntax.spell import (
    spell_alias,
    spell_conjunct,
    spell_expression,
    spell_item,
    spell_limit,
    spell_list,
    spell_name,
    spell_pattern,
    spell_source,
    spell_type,
)

_WIDTH = 100
_INDENT = "    "


def format_script(script: ast.Script) -> str:
    """Return a script as canonical text that ends with a line feed; an empty script as an empty text.

    A clause stays on its line up to 100 characters; longer lists and conditions take a line per entry.
    """
    text = ""
    for part in script.parts:
        text += "\n".join(_part(part)) + ("\n" if isinstance(part, ast.With) else ";\n\n")
    return text.rstrip("\n") + "\n" if text else ""


def format_query(query: ast.Query) -> str:
    """Return one SELECT, or several joined by UNION, as canonical text without a final semicolon."""
    return "\n".join(_query(query))


def format_expression(expression: ast.Expression) -> str:
    """Return an expression on one line."""
    return spell_expression(expression)


def _part(part: "ast.CreateTable | ast.With | ast.Query") -> list[str]:
    if isinstance(part, ast.CreateTable):
        columns = [f"{spell_name(each.name)} {spell_type(each.type)}" for each in part.columns]
        return _enclosed(f"CREATE TABLE {spell_name(part.name)} (", columns, ")")
    if isinstance(part, ast.With):
        return _with(part)
    return _query(part)


def _with(node: ast.With) -> list[str]:
    lines = ["WITH"]
    for step in node.steps:
        lines += [f"{spell_name(step.name)} AS (", *_indented(_query(step.query)), "),"]
    lines[-1] = ")"
    return lines


def _query(query: ast.Query) -> list[str]:
    if isinstance(query, ast.Select):
        return _select(query)
    lines: list[str] = []
    for branch in query.branches:
        lines += ["UNION ALL" if query.is_all else "UNION"] if lines else []
        lines += _select(branch)
    return lines


def _select(node: ast.Select) -> list[str]:
    lines = _listed("SELECT", [spell_item(each) for each in node.items])
    if node.into is not None:
        lines.append(f"INTO {spell_name(node.into)}")
    lines += _from("FROM", node.from_)
    if node.where is not None:
        lines += _condition("WHERE", node.where)
    if node.group_by:
        lines += _listed("GROUP BY", [spell_expression(each) for each in node.group_by])
    if node.having is not None:
        lines += _condition("HAVING", node.having)
    return lines


def _from(lead: str, node: ast.From) -> list[str]:
    lines = [f"{lead} {spell_source(node.source)}"]
    for operation in node.operations:
        lines += _join(operation) if isinstance(operation, ast.Join) else [_apply(operation)]
    if node.match is not None:
        lines += _match(node.match)
    return lines + [f"UNION {spell_source(each)}" for each in node.union]


def _join(node: ast.Join) -> list[str]:
    if isinstance(node.right, ast.SourceReference):
        return _condition(f"{node.kind} {spell_source(node.right)} ON", node.condition)
    inner = _from("", node.right)
    body = _indented([inner[0].lstrip(" "), *inner[1:]])
    return [f"{node.kind} (", *body, *_condition(") ON", node.condition)]


def _apply(node: ast.Apply) -> str:
    return f"{node.kind} {spell_expression(node.function)}{spell_alias(node.alias)}"


def _match(node: ast.MatchRecognize) -> list[str]:
    lines = [spell_limit(node.limit)] if node.limit is not None else []
    if node.partition_by:
        lines.append(f"PARTITION BY {spell_list(node.partition_by)}")
    if node.measures:
        lines += _listed("MEASURES", [spell_item(each) for each in node.measures])
    lines += ["AFTER MATCH SKIP TO NEXT ROW", f"PATTERN ({spell_pattern(node.pattern)})"]
    definitions = [f"{spell_name(each.variable)} AS {spell_expression(each.condition)}" for each in node.definitions]
    lines += _listed("DEFINE", definitions)
    return ["MATCH_RECOGNIZE (", *_indented(lines), f"){spell_alias(node.alias)}"]


def _listed(lead: str, entries: Sequence[str]) -> list[str]:
    """Return a keyword with its list: on one line where it fits, else an entry a line."""
    line = f"{lead} {', '.join(entries)}"
    if len(line) <= _WIDTH or len(entries) == 1:
        return [line]
    return [lead, *_indented(_with_commas(entries))]


def _enclosed(opening: str, entries: Sequence[str], closing: str) -> list[str]:
    line = f"{opening}{', '.join(entries)}{closing}"
    return [line] if len(line) <= _WIDTH else [opening, *_indented(_with_commas(entries)), closing]


def _with_commas(entries: Sequence[str]) -> list[str]:
    return [f"{each}," for each in entries[:-1]] + list(entries[-1:])


def _condition(lead: str, condition: ast.Expression) -> list[str]:
    """Return a keyword with its condition: on one line where it fits, else a line for each operand of AND."""
    line = f"{lead} {spell_expression(condition)}"
    if len(line) <= _WIDTH:
        return [line]
    operands: list[ast.Expression] = []
    while isinstance(condition, ast.Binary) and condition.operator is ast.BinaryOperator.AND:
        operands.append(condition.right)
        condition = condition.left
    if not operands:
        return [line]
    rest = _indented(f"AND {spell_conjunct(each)}" for each in reversed(operands))
    return [f"{lead} {spell_conjunct(condition)}", *rest]


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"{_INDENT}{each}" for each in lines]
