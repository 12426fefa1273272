"""TIMESTAMP BY .. OVER: what its keys demand of GROUP BY and of joins between streams."""

from collections.abc import Iterable

from asaql.analysis.bound import BoundExpression
from asaql.analysis.findings import Findings
from asaql.syntax import ast

# The service adds the partition by itself where a key needs it.
_IMPLIED = "partitionid"


class Substreams:
    """The substream keys of the sources of one SELECT.

    Args:
        findings: Takes the errors.
    """

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._keys: dict[str, list[tuple[ast.Expression, BoundExpression]]] = {}

    def add(self, source: str, written: Iterable[ast.Expression], bound: Iterable[BoundExpression]) -> None:
        """Take the keys of a source, which is given by its folded name."""
        pairs = zip(written, bound, strict=True)
        self._keys[source] = [pair for pair in pairs if _name(pair[0]).casefold() != _IMPLIED]

    def check_groups(self, keys: Iterable[BoundExpression]) -> None:
        """Report the keys that GROUP BY lacks: each substream has a time, and so windows, of its own."""
        grouped = list(keys)
        for pairs in self._keys.values():
            for written, bound in pairs:
                if bound not in grouped:
                    self._report(written, "not in GROUP BY", f"GROUP BY {_name(written)}, ..")

    def check_join(self, source: str, keys: Iterable[BoundExpression]) -> None:
        """Report the keys of a source that no equality of ON compares."""
        compared = list(keys)
        for written, bound in self._keys.get(source, ()):
            if bound not in compared:
                self._report(written, "not compared in ON", f"AND a.{_name(written)} = b.{_name(written)}")

    def _report(self, written: ast.Expression, label: str, advice: str) -> None:
        self._findings.error(
            "AQ408",
            f'the key "{_name(written)}" of TIMESTAMP BY .. OVER must be used in GROUP BY and in joins',
            written.span,
            label=label,
            help=advice,
        )


def _name(written: ast.Expression) -> str:
    return written.parts[-1].name if isinstance(written, ast.Path) else "key"
