"""Declared facts that a query is compiled against. They are handed in: compiling reads no file."""

from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct


class FunctionKind(StrEnum):
    """What answers a user-defined function."""

    SCRIPT = "JavaScript function"
    AGGREGATE = "JavaScript aggregate"
    SCORE = "scoring function"


class DeclaredFunction(Struct, frozen=True):
    """A user-defined function of the job.

    Attributes:
        name: Its alias in queries.
        kind: What answers it.
        arity: Number of arguments where the declaration gives it.
    """

    name: str
    kind: FunctionKind
    arity: int | None = None


class Catalog(Struct, frozen=True):
    """Everything outside of the query text that its meaning depends on.

    Attributes:
        functions: The job's user-defined functions.
        inputs: Names of the inputs that the job declares; empty when any name may be an input.
        reference: Names of the inputs that hold reference data.
        level: Compatibility level, `1.0`, `1.1` or `1.2`.
        ignores_case: Whether comparisons of text ignore case.
        is_complete: Whether all functions are declared, as they are when a job is run. A query file alone declares
            none, and then an undeclared function is a warning.
    """

    functions: tuple[DeclaredFunction, ...] = ()
    inputs: tuple[str, ...] = ()
    reference: tuple[str, ...] = ()
    level: str = "1.2"
    ignores_case: bool = False
    is_complete: bool = True

    def function(self, name: str) -> DeclaredFunction | None:
        """Return the user-defined function of this alias, case aside; of several the last one."""
        folded = name.casefold()
        return next((each for each in reversed(self.functions) if each.name.casefold() == folded), None)

    def is_reference(self, name: str) -> bool:
        """Return whether the input of this name holds reference data."""
        return _contains(self.reference, name)


def _contains(names: Iterable[str], name: str) -> bool:
    return name.casefold() in {each.casefold() for each in names}
