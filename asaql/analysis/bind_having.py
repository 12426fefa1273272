"""HAVING: which select items it may name, and what it means without GROUP BY."""

from asaql.analysis.bind import Binder, Surroundings
from asaql.analysis.bound import BoundExpression
from asaql.analysis.names import default_name
from asaql.syntax import ast


def aliases_of(select: ast.Select) -> dict[str, ast.Expression]:
    """Return the select items that HAVING may name, by folded name."""
    aliases: dict[str, ast.Expression] = {}
    for item in select.items:
        if isinstance(item.expression, ast.Star):
            continue
        # The name that a column keeps without AS means the column, wherever it stands.
        own = None if isinstance(item.expression, ast.Path) else default_name(item.expression)
        name = item.alias.name if item.alias else own
        if name is not None:
            aliases[name.casefold()] = item.expression
    return aliases


class UngroupedHavingBinder(Binder):
    """Binds HAVING without GROUP BY, which filters like WHERE but may name what SELECT computes.

    A name that the SELECT reads from a source, or that a source is known to have, is that column; an alias comes
    second.

    Args:
        around: The SELECT, whose list is bound already.
        aliases: Select items by folded alias.
    """

    def __init__(self, around: Surroundings, aliases: dict[str, ast.Expression]) -> None:
        super().__init__(around, "HAVING")
        read = {path[0].casefold() for source in around.sources for path in source.fields.values()}
        self._aliases = {
            name: item
            for name, item in aliases.items()
            if name not in read and not any(source.has(name) for source in around.sources)
        }

    def path(self, path: ast.Path) -> BoundExpression:
        """Bind a path: a column, or an alias that is the name of none."""
        alias = self._aliases.get(path.parts[0].folded) if len(path.parts) == 1 else None
        return super().path(path) if alias is None else Binder(self.around, self.clause).bind(alias)
