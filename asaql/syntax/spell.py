"""AST -> text on one line: names, expressions, sources and patterns, with no parenthesis that is not needed."""

import re
from collections.abc import Iterable

from asaql.syntax import ast
from asaql.syntax.ast import BinaryOperator, UnaryOperator
from asaql.syntax.build_expressions import conjunction, disjunction
from asaql.syntax.words import JOIN_WORDS, KEYWORDS, RESERVED

_BARE = re.compile(r"[^\W\d]\w*")

# Words that are a keyword where they are followed by what may follow a column, or any other name.
_KEYWORD_COLUMNS = RESERVED | JOIN_WORDS | {"DISTINCT", "ALL"}
_KEYWORD_NAMES = _KEYWORD_COLUMNS | {
    *("CAST", "TRY_CAST", "MATCH_RECOGNIZE", "TOP", "EXCEPT", "INTERSECT", "MINUS"),
}

# How strongly the forms bind; an operand that binds weaker than its place asks for stands in parentheses.
_OR, _AND, _NOT, _PREDICATE, _SUM, _PRODUCT, _SIGNED, _ATOM = range(8)

_LOGICAL = {BinaryOperator.OR: _OR, BinaryOperator.AND: _AND}
_ARITHMETIC = {
    BinaryOperator.ADD: _SUM,
    BinaryOperator.SUBTRACT: _SUM,
    BinaryOperator.BITWISE_AND: _SUM,
    BinaryOperator.BITWISE_OR: _SUM,
    BinaryOperator.BITWISE_XOR: _SUM,
    BinaryOperator.MULTIPLY: _PRODUCT,
    BinaryOperator.DIVIDE: _PRODUCT,
    BinaryOperator.MODULO: _PRODUCT,
}


def spell_name(name: ast.Identifier, keywords: frozenset[str] = _KEYWORD_NAMES) -> str:
    """Return a name as it must be written where the words in `keywords` are no names."""
    if name.is_double_quoted and "\n" not in name.name and "\r" not in name.name:
        return '"' + name.name.replace('"', '""') + '"'
    if _BARE.fullmatch(name.name) and name.name.upper() not in keywords:
        return name.name
    if not name.name or "\n" in name.name or "\r" in name.name:
        return _quoted(name.name)
    return "[" + name.name.replace("]", "]]") + "]"


def _spell_parts(parts: Iterable[ast.Identifier], keywords: frozenset[str]) -> str:
    """Return names joined by dots; behind a dot every word is a name."""
    first, *rest = parts
    spelled = [spell_name(first, keywords if not rest else RESERVED)]
    return ".".join(spelled + [spell_name(each, frozenset()) for each in rest])


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def spell_expression(expression: "ast.Expression | ast.Star") -> str:
    """Return an expression or a star as text."""
    return _spell(expression, _OR)


def _spell(node: "ast.Expression | ast.Star", place: int) -> str:
    """Return a node as text, in parentheses if it binds weaker than its `place`."""
    text, strength = _form(node)
    return text if strength >= place else f"({text})"


def _form(node: "ast.Expression | ast.Star") -> tuple[str, int]:
    """Return a node as text and how strongly it binds."""
    match node:
        case ast.Binary():
            return _binary(node)
        case ast.Unary(operator=operator, operand=operand):
            inner = _spell(operand, _SIGNED)
            # Two minus signs side by side would begin a comment.
            gap = " " if operator is UnaryOperator.MINUS and inner.startswith("-") else ""
            return f"{operator}{gap}{inner}", _SIGNED
        case ast.Not(operand=operand):
            return f"NOT {_spell(operand, _NOT)}", _NOT
        case ast.IsNull(operand=operand, is_negated=is_negated):
            return f"{_spell(operand, _SUM)} IS {'NOT ' if is_negated else ''}NULL", _PREDICATE
        case ast.Like():
            return f"{_negatable(node)} LIKE {_spell(node.pattern, _SUM)}", _PREDICATE
        case ast.Between():
            low, high = _spell(node.low, _SUM), _spell(node.high, _SUM)
            return f"{_negatable(node)} BETWEEN {low} AND {high}", _PREDICATE
        case ast.In():
            return f"{_negatable(node)} IN ({spell_list(node.items)})", _PREDICATE
        case _:
            return _atom(node), _ATOM


def _binary(node: ast.Binary) -> tuple[str, int]:
    if (operands := _balanced_operands(node)) is not None:
        strength = _LOGICAL[node.operator]
        return f" {node.operator} ".join(_spell(each, strength + 1) for each in operands), strength
    if node.operator in _LOGICAL or node.operator in _ARITHMETIC:
        strength = _LOGICAL.get(node.operator, _ARITHMETIC.get(node.operator, _SUM))
        left, right = _spell(node.left, strength), _spell(node.right, strength + 1)
        return f"{left} {node.operator} {right}", strength
    return f"{_spell(node.left, _SUM)} {node.operator} {_spell(node.right, _SUM)}", _PREDICATE


def _balanced_operands(node: ast.Binary) -> list[ast.Expression] | None:
    """Return the operands of a chain of AND or OR so long that it is read as a balanced tree; None of other trees."""
    right = node.right
    if node.operator not in _LOGICAL or not isinstance(right, ast.Binary) or right.operator is not node.operator:
        return None
    operands: list[ast.Expression] = []
    waiting: list[ast.Expression] = [node.right, node.left]
    while waiting:
        each = waiting.pop()
        if isinstance(each, ast.Binary) and each.operator is node.operator:
            waiting += [each.right, each.left]
        else:
            operands.append(each)
    chain = conjunction if node.operator is BinaryOperator.AND else disjunction
    with_marks = [item for operand in operands for item in (operand, None)][:-1]
    return operands if chain(with_marks) == node else None


def _negatable(node: ast.Like | ast.Between | ast.In) -> str:
    return f"{_spell(node.operand, _SUM)}{' NOT' if node.is_negated else ''}"


def _atom(node: "ast.Expression | ast.Star") -> str:
    match node:
        case ast.IntegerLiteral(value=value):
            return str(value)
        case ast.FloatLiteral(value=number):
            return repr(number)
        case ast.StringLiteral(value=text):
            return _quoted(text)
        case ast.NullLiteral():
            return "NULL"
        case ast.Path(parts=parts):
            return _spell_parts(parts, _KEYWORD_COLUMNS)
        case ast.Star(qualifier=qualifier):
            return f"{_spell_parts(qualifier, RESERVED)}.*" if qualifier else "*"
        case ast.FieldAccess(operand=operand, name=name):
            needs = not isinstance(operand, ast.Call | ast.Cast | ast.Case | ast.FieldAccess)
            needs = needs or (isinstance(operand, ast.Call) and operand.over is not None)
            text = spell_expression(operand)
            return f"{f'({text})' if needs else text}.{spell_name(name, frozenset())}"
        case ast.Call():
            return _call(node)
        case ast.Cast(operand=operand, type=type_name, is_safe=is_safe):
            return f"{'TRY_CAST' if is_safe else 'CAST'}({spell_expression(operand)} AS {spell_type(type_name)})"
        case ast.Case():
            return _case(node)
        case _:
            message = f"{type(node).__name__} is no operand"
            raise TypeError(message)


def _call(node: ast.Call) -> str:
    arguments = ", ".join(spell_expression(each) for each in node.arguments)
    name = _spell_parts((*node.prefix, node.name), _KEYWORD_NAMES)
    text = f"{name}({'DISTINCT ' if node.is_distinct else ''}{arguments})"
    return f"{text} OVER ({_over(node.over)})" if node.over is not None else text


def _over(node: ast.Over) -> str:
    parts = []
    if node.partition_by:
        parts.append(f"PARTITION BY {spell_list(node.partition_by)}")
    if node.order_by:
        keys = (f"{spell_expression(each.key)}{' DESC' if each.is_descending else ''}" for each in node.order_by)
        parts.append(f"ORDER BY {', '.join(keys)}")
    if node.limit is not None:
        parts.append(spell_limit(node.limit))
    if node.when is not None:
        parts.append(f"WHEN {spell_expression(node.when)}")
    return " ".join(parts)


def _case(node: ast.Case) -> str:
    parts = ["CASE"]
    if node.operand is not None:
        parts.append(spell_expression(node.operand))
    parts += [f"WHEN {spell_expression(each.condition)} THEN {spell_expression(each.result)}" for each in node.whens]
    if node.otherwise is not None:
        parts.append(f"ELSE {spell_expression(node.otherwise)}")
    return " ".join([*parts, "END"])


def spell_list(expressions: Iterable[ast.Expression]) -> str:
    """Return expressions with commas between them."""
    return ", ".join(spell_expression(each) for each in expressions)


def spell_limit(node: ast.Duration) -> str:
    """Return a LIMIT clause."""
    return f"LIMIT DURATION({spell_name(node.unit)}, {spell_expression(node.count)})"


def spell_type(node: ast.TypeName) -> str:
    """Return a type with its arguments."""
    name = spell_name(ast.Identifier(node.name))
    arguments = (each if each.isdigit() else spell_name(ast.Identifier(each)) for each in node.arguments)
    return f"{name}({', '.join(arguments)})" if node.arguments else name


def spell_item(node: ast.SelectItem) -> str:
    """Return an entry of a SELECT list or of MEASURES."""
    return f"{spell_expression(node.expression)}{spell_alias(node.alias)}"


def spell_alias(name: ast.Identifier | None) -> str:
    """Return ` AS name`, or nothing."""
    return f" AS {spell_name(name)}" if name is not None else ""


def spell_source(node: ast.SourceReference) -> str:
    """Return a source with its clauses."""
    text = f"{spell_name(node.name)}{spell_alias(node.alias)}"
    if node.partition_by is not None:
        text += f" PARTITION BY {spell_list(node.partition_by.keys)}"
        text += f" INTO {node.partition_by.count}" if node.partition_by.count is not None else ""
    if node.timestamp_by is not None:
        text += f" TIMESTAMP BY {spell_expression(node.timestamp_by.expression)}"
        text += f" OVER {spell_list(node.timestamp_by.over)}" if node.timestamp_by.over else ""
    return text


def spell_pattern(node: ast.Pattern, *, is_part: bool = False) -> str:
    """Return a pattern; as a part of another one with the parentheses that it needs there."""
    match node:
        case ast.PatternVariable(name=name):
            # Variables stand side by side, where any two words can make a keyword.
            return spell_name(name, KEYWORDS)
        case ast.PatternAny():
            return "."
        case ast.PatternRepeat(item=item, minimum=minimum, maximum=maximum):
            inner = spell_pattern(item, is_part=True)
            inner = f"({inner})" if isinstance(item, ast.PatternRepeat) else inner
            return f"{inner}{_quantifier(minimum, maximum)}"
        case ast.PatternSequence(items=items):
            text = " ".join(spell_pattern(each, is_part=True) for each in items)
        case ast.PatternAlternation(options=options):
            text = " | ".join(_option(each) for each in options)
    return f"({text})" if is_part else text


def _option(node: ast.Pattern) -> str:
    return spell_pattern(node, is_part=isinstance(node, ast.PatternAlternation))


def _quantifier(minimum: int, maximum: int | None) -> str:
    shorthand = {(0, None): "*", (1, None): "+", (0, 1): "?"}.get((minimum, maximum))
    if shorthand is not None:
        return shorthand
    if maximum == minimum:
        return f"{{{minimum}}}"
    return f"{{{minimum},{'' if maximum is None else maximum}}}"
