"""What a function is, and how one is found.

A function is one declaration: signature, documentation, runnable examples, a scalar body that is the truth, and
optionally a kernel that computes whole columns of known kinds.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from msgspec import Struct

from asaql.model import Column, Value

Scalar: TypeAlias = Callable[..., Value]
"""Takes one value per argument and returns a value. Raises FunctionError for values it cannot take."""

Kernel: TypeAlias = Callable[[Sequence[Column], int], Column | None]
"""Takes the argument columns (constants have one row) and the number of rows; returns the result column, constant if
it is one, or None to leave the batch to the scalar body. May raise FunctionError; the scalar body then decides which
row is at fault."""


class FunctionError(ValueError):
    """A function met values that it cannot take; the text is the message of the diagnostic.

    Args:
        message: The fact in one line, lower-case first letter, no full stop.
        code: The diagnostic's code.
        help: What to type instead, if there is something to type.
    """

    def __init__(self, message: str, code: str = "AQ305", *, help: str | None = None) -> None:  # noqa: A002
        super().__init__(message)
        self.code = code
        self.help = help


class Parameter(Struct, frozen=True):
    """A parameter as the documentation names it.

    Attributes:
        name: Name in signatures and messages.
        type: What it takes, in words: `bigint or float`, `nvarchar(max)`, `datetime`, `any`, or `datepart` for a bare
            word such as `minute`, which reaches the function as text.
        is_optional: Whether it may be left out; only optional parameters follow an optional one.
        is_repeated: Whether it may be given more than once; the last parameter only.
    """

    name: str
    type: str = "any"
    is_optional: bool = False
    is_repeated: bool = False


class Example(Struct, frozen=True):
    """An expression over literals and the value it has; run as a test and printed in the documentation."""

    expression: str
    value: Any


class Function(Struct, frozen=True):
    """A scalar function or operator of the dialect.

    Attributes:
        name: The documented spelling; an operator's symbol for operators.
        parameters: In order.
        returns: The result's type in words.
        scalar: The body for one row.
        summary: One sentence.
        examples: Runnable examples.
        is_strict: Whether a NULL argument makes the result NULL without calling the body.
        kernel: The body for whole columns, if there is one.
        category: The chapter of the documentation.
        notes: Further rules, one sentence each.
    """

    name: str
    parameters: tuple[Parameter, ...]
    returns: str
    scalar: Scalar
    summary: str
    examples: tuple[Example, ...] = ()
    is_strict: bool = True
    kernel: Kernel | None = None
    category: str = ""
    notes: tuple[str, ...] = ()

    @property
    def arity(self) -> tuple[int, int | None]:
        """The least and the greatest number of arguments; None for no limit."""
        least = sum(not each.is_optional for each in self.parameters)
        repeated = bool(self.parameters) and self.parameters[-1].is_repeated
        return least, None if repeated else len(self.parameters)

    @property
    def is_callable(self) -> bool:
        """Whether a query may call it by its name; operators, casts and variants by option have other spellings."""
        return self.name.isidentifier() and self.category not in ("Operators", "Comparisons")

    def __repr__(self) -> str:
        return f"Function({self.name!r})"

    def __reduce__(self) -> tuple[Callable[[str], "Function"], tuple[str]]:
        return function_named, (self.name,)


_FUNCTIONS: dict[str, Function] = {}


def register(*functions: Function) -> None:
    """Add functions to the registry; each name once, without case."""
    for each in functions:
        key = each.name.casefold()
        if key in _FUNCTIONS:
            message = f"function {each.name} is registered twice"
            raise ValueError(message)
        _FUNCTIONS[key] = each


def find_function(name: str) -> Function | None:
    """Return the function or operator of this name, case aside, or None."""
    return _FUNCTIONS.get(name.casefold())


def function_named(name: str) -> Function:
    """Return the function of a name that is known to exist."""
    return _FUNCTIONS[name.casefold()]


def functions() -> tuple[Function, ...]:
    """Return all functions and operators, by name."""
    return tuple(sorted(_FUNCTIONS.values(), key=lambda each: each.name.casefold()))
