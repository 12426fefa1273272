"""How a script becomes a function: what V8 is given to compile, and which of a script's functions is meant."""

import re

from msgspec import Struct

from asaql.diagnostics import Diagnostic, Span, did_you_mean
from asaql.functions import type_kind
from asaql.model import Kind
from asaql.udf.javascript_errors import unusable
from asaql.udf.javascript_source import ScriptOutline, outline
from asaql.udf.script_spec import ScriptFunction

_OUTPUT_TYPES = ("any", "bigint", "float", "nvarchar(max)", "datetime", "bit", "record", "array")
_NAME = re.compile(r"[^\W\d][\w$]*|\$[\w$]*")
_RESERVED = re.compile(
    "await|break|case|catch|class|const|continue|debugger|default|delete|do|else|enum|export|extends|false|finally|for|"
    "function|if|implements|import|in|instanceof|interface|let|new|null|package|private|protected|public|return|static|"
    "super|switch|this|throw|true|try|typeof|var|void|while|with|yield"
)


class UnusableScriptError(Exception):
    """A script that cannot be used, with its diagnostic."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


class ScriptForm(Struct, frozen=True):
    """A script as V8 takes it; each text has one line before the script.

    Attributes:
        function: What the job declares.
        url: The name of the script in stack traces.
        names: Names that may be functions; none if the script is one function expression.
        shape: The script's outline.
    """

    function: ScriptFunction
    url: str
    names: tuple[str, ...]
    shape: ScriptOutline

    @staticmethod
    def of(function: ScriptFunction, number: int) -> "ScriptForm":
        """Return the form of the `number`th script of a host."""
        shape = outline(function.source.text)
        names = shape.functions + shape.variables
        if function.kind != "scalar":
            names += shape.classes
        usable = tuple(name for name in names if _NAME.fullmatch(name) and not _RESERVED.fullmatch(name))
        alias = re.sub(r"[^A-Za-z0-9_.]", "_", function.name)
        return ScriptForm(function, f"{alias}-{number}.js", usable, shape)

    @property
    def is_expression(self) -> bool:
        """Whether the script is one function expression, which has no name to be found by."""
        return self.shape.starts_function and not self.shape.functions

    @property
    def check(self) -> str:
        """The text whose compilation tells whether the script is right; running it throws null first."""
        if self.is_expression:
            return f"throw null; (\n{self._expression}\n)"
        return f"throw null;\n{self.function.source.text}"

    @property
    def program(self) -> str:
        """The text that runs the script in a scope of its own and hands its functions to the driver."""
        if self.is_expression:
            body = f'return {{ "": (\n{self._expression}\n) }};'
        else:
            candidates = ", ".join(f'["{name}"]: typeof {name} === "function" ? {name} : null' for name in self.names)
            body = f"\n{self.function.source.text}\n;return {{ {candidates} }};"
        return f"__asaql__.load(function () {{{body}}})\n//# sourceURL={self.url}"

    @property
    def _expression(self) -> str:
        return self.function.source.text[: self.shape.end]

    def choose(self, names: list[str]) -> str:
        """Return which of the functions `names`, all that the script defines, the job means.

        Raises:
            UnusableScriptError: There is none, or several of equal right.
        """
        alias = self.function.name.casefold()
        named = [name for name in names if name.casefold() == alias] if self.function.kind != "scalar" else []
        if named or "main" in names:
            return named[0] if named else "main"
        if len(names) == 1:
            return names[0]
        if not names:
            message = f'the script of "{self.function.name}" defines no function'
            raise UnusableScriptError(unusable(self.function, message, help="function main(value) { return value; }"))
        listed = ", ".join(f'"{name}"' for name in names)
        advice = f"function main(value) {{ return {names[0]}(value); }}"
        message = f'the script of "{self.function.name}" defines several functions and none is called "main": {listed}'
        raise UnusableScriptError(unusable(self.function, message, self.span(names[0]), help=advice))

    def span(self, name: str) -> Span | None:
        """Return where the script declares `name`."""
        start = self.shape.starts.get(name)
        return None if start is None else Span(start, start + len(name))


def output_kind(function: ScriptFunction) -> Kind | None:
    """Return the kind that results are converted to, None for `any`.

    Raises:
        UnusableScriptError: The declared output type is no type.
    """
    written = function.output_type.strip()
    if written.casefold() == "any":
        return None
    name, _, length = written.partition("(")
    kind = type_kind(name.strip(), (length.rstrip(") "),) if length else ())
    if kind is None:
        message = f'function "{function.name}" has the output type "{written}", which is no type'
        guess = did_you_mean(written, _OUTPUT_TYPES)
        raise UnusableScriptError(
            unusable(function, message, code="AQ301", help=guess or f"one of {', '.join(_OUTPUT_TYPES)}")
        )
    return kind
