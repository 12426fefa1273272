"""Resolves the expressions of deployment templates as far as their own text allows.

A text like `[concat(parameters('name'), '-job')]` is an expression. Known here are `parameters` (a given value or the
default), `variables`, `concat`, `format`, `toLower`, `toUpper`, `string`, `replace`, `trim`, `coalesce`, and members
behind them; everything else depends on the deployment.
"""

import re
from collections.abc import Callable
from collections.abc import Mapping as Values
from typing import Any, Final

from msgspec import Struct, field

from asaql.jobs.document import Mapping, Node, to_python

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+)|(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<mark>[(),.\[\]]))",
    re.DOTALL,
)
_PLACE: Final = re.compile(r"\{(\d+)(?::[^}]*)?\}")
_EXPRESSION: Final = re.compile(r"\[\s*(?:[A-Za-z_][\w.]*\s*\(|')")
_MAX_DEPTH: Final = 50


class UnresolvedError(Exception):
    """An expression depends on what the template does not hold; the text says on what."""


def is_expression(text: str) -> bool:
    """Whether a template's text is an expression rather than the text itself."""
    return _EXPRESSION.match(text) is not None and text.rstrip().endswith("]")


class Expressions(Struct):
    """Evaluates the expressions of one template.

    Attributes:
        template: The template's root.
        values: Values given for parameters, which win over their defaults.
    """

    template: Mapping
    values: Values[str, Any] = field(default_factory=dict)
    _depth: int = 0

    def text_of(self, node: Node) -> Any:
        """Return what a scalar means; an expression's value, or the text itself with `[[` read as `[`.

        Raises:
            UnresolvedError: The value is not in the template.
        """
        value = to_python(node)
        return self.resolve(value)

    def resolve(self, value: Any) -> Any:
        """Return a value whose texts that are expressions have been evaluated, at any depth."""
        if isinstance(value, dict):
            return {key: self.resolve(each) for key, each in value.items()}
        if isinstance(value, list):
            return [self.resolve(each) for each in value]
        if not isinstance(value, str):
            return value
        if not is_expression(value):
            return value[1:] if value.startswith("[[") else value
        if self._depth >= _MAX_DEPTH:
            message = "a value that depends on itself"
            raise UnresolvedError(message)
        self._depth += 1
        try:
            return _Evaluation(self, value.strip()[1:-1]).result()
        finally:
            self._depth -= 1

    def parameter(self, name: str) -> Any:
        """Return the value of a parameter."""
        for given, value in self.values.items():
            if given.casefold() == name.casefold():
                return value
        parameters = self.template.mapping("parameters")
        declared = parameters.mapping(name) if parameters else None
        default = declared.entry("defaultValue") if declared else None
        if default is None:
            message = f'the parameter "{name}", which has no default value'
            raise UnresolvedError(message)
        return self.resolve(to_python(default.value))

    def variable(self, name: str) -> Any:
        """Return the value of a variable."""
        variables = self.template.mapping("variables")
        entry = variables.entry(name) if variables else None
        if entry is None:
            message = f'the variable "{name}", which the template does not define'
            raise UnresolvedError(message)
        return self.resolve(to_python(entry.value))


class _Evaluation:
    """Reads one expression from left to right."""

    def __init__(self, expressions: Expressions, text: str) -> None:
        self._expressions = expressions
        self._text = text
        self._at = 0

    def result(self) -> Any:
        value = self._value()
        if self._text[self._at :].strip():
            raise self._unreadable()
        return value

    def _unreadable(self) -> UnresolvedError:
        return UnresolvedError("an expression that is not understood")

    def _take(self) -> re.Match[str]:
        match = _TOKEN.match(self._text, self._at)
        if match is None:
            raise self._unreadable()
        self._at = match.end()
        return match

    def _next_is(self, mark: str) -> bool:
        match = _TOKEN.match(self._text, self._at)
        if match is None or match["mark"] != mark:
            return False
        self._at = match.end()
        return True

    def _value(self) -> Any:
        token = self._take()
        if token["text"] is not None:
            return token["text"][1:-1].replace("''", "'")
        if token["number"] is not None:
            return int(token["number"])
        name = token["name"]
        if name is None or not self._next_is("("):
            raise self._unreadable()
        arguments: list[Any] = []
        if not self._next_is(")"):
            arguments.append(self._value())
            while self._next_is(","):
                arguments.append(self._value())
            if not self._next_is(")"):
                raise self._unreadable()
        return self._members(self._call(name, arguments))

    def _members(self, value: Any) -> Any:
        while True:
            if self._next_is("."):
                key: Any = self._take()["name"]
            elif self._next_is("["):
                key = self._value()
                if not self._next_is("]"):
                    raise self._unreadable()
            else:
                return value
            value = self._member(value, key)

    def _member(self, value: Any, key: Any) -> Any:
        if isinstance(value, dict):
            for name, each in value.items():
                if str(name).casefold() == str(key).casefold():
                    return each
        if isinstance(value, list) and isinstance(key, int) and 0 <= key < len(value):
            return value[key]
        message = f'the member "{key}", which is not in the template'
        raise UnresolvedError(message)

    def _call(self, name: str, arguments: list[Any]) -> Any:
        folded = name.casefold()
        if folded == "parameters" and len(arguments) == 1:
            return self._expressions.parameter(str(arguments[0]))
        if folded == "variables" and len(arguments) == 1:
            return self._expressions.variable(str(arguments[0]))
        function = _FUNCTIONS.get(folded)
        if function is None or not arguments:
            message = f'the function "{name}", which only a deployment can answer'
            raise UnresolvedError(message)
        try:
            return function(*arguments)
        except (TypeError, IndexError, AttributeError) as error:
            raise self._unreadable() from error


def _concat(*parts: Any) -> Any:
    if isinstance(parts[0], list):
        return [each for part in parts for each in part]
    return "".join(_spelled(each) for each in parts)


def _format(pattern: str, *values: Any) -> str:
    return _PLACE.sub(lambda match: _spelled(values[int(match[1])]), pattern).replace("{{", "{").replace("}}", "}")


def _coalesce(*values: Any) -> Any:
    return next((each for each in values if each is not None), None)


def _spelled(value: Any) -> str:
    if isinstance(value, bool):
        return "True" if value else "False"
    return str(value)


_FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {
    "concat": _concat,
    "format": _format,
    "tolower": lambda text: text.lower(),
    "toupper": lambda text: text.upper(),
    "trim": lambda text: text.strip(),
    "string": _spelled,
    "replace": lambda text, old, new: text.replace(old, new),
    "coalesce": _coalesce,
}
