"""From the syntax tree to bound queries: names resolved, laws checked, every error reported."""

from asaql.analysis.bind_script import Analysis, analyse
from asaql.analysis.catalog import Catalog, DeclaredFunction, FunctionKind

__all__ = ["Analysis", "Catalog", "DeclaredFunction", "FunctionKind", "analyse"]
