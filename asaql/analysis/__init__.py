"""From the syntax tree to bound queries: names resolved, laws checked, every error reported.

Names are imported when they are first used: worker processes evaluate bound expressions and analyse nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asaql.analysis.bind_script import Analysis, analyse
    from asaql.analysis.catalog import Catalog, DeclaredFunction, FunctionKind

__all__ = ["Analysis", "Catalog", "DeclaredFunction", "FunctionKind", "analyse"]

_HOMES = {
    "Analysis": "bind_script",
    "Catalog": "catalog",
    "DeclaredFunction": "catalog",
    "FunctionKind": "catalog",
    "analyse": "bind_script",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"asaql.analysis.{_HOMES[name]}"), name)
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
