"""Declarations of functions whose bodies take texts and bigints only."""

from collections.abc import Callable
from typing import Any

from asaql.functions.registry import Example, Function, Kernel, Parameter, Scalar, register
from asaql.functions.scalar.kernels import rowwise
from asaql.functions.scalar.types import as_bigint, as_text
from asaql.model import Kind, Value


def declare(
    name: str,
    parameters: tuple[Parameter, ...],
    kind: Kind,
    body: Callable[..., Any],
    summary: str,
    *examples: Example,
    kernel: Kernel | None = None,
    notes: tuple[str, ...] = (),
) -> None:
    """Register a strict string function.

    Args:
        name: The documented spelling.
        parameters: Each of type bigint or nvarchar(max).
        kind: Kind of the result.
        body: Takes a str or an int for each parameter; arguments of other kinds are converted before.
        summary: One sentence.
        examples: Runnable examples.
        kernel: For whole columns; by default the body row by row over columns of just the kinds it takes.
        notes: Further rules.
    """
    kinds = [Kind.BIGINT if each.type == "bigint" else Kind.NVARCHAR for each in parameters]
    register(
        Function(
            name,
            parameters,
            str(kind),
            _converting(name, body, *kinds),
            summary,
            examples,
            kernel=kernel or rowwise(kind, body, *kinds),
            category="Strings",
            notes=notes,
        )
    )


def _converting(name: str, body: Callable[..., Any], *kinds: Kind) -> Scalar:
    """Return a body that converts its arguments to the kinds that `body` takes."""
    converters = [as_bigint if each is Kind.BIGINT else as_text for each in kinds]

    def scalar(*values: Value) -> Value:
        return body(*(convert(value, name) for convert, value in zip(converters, values, strict=True)))  # type: ignore[no-any-return]

    return scalar
