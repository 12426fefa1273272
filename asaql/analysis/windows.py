"""Windows of GROUP BY: from calls to sizes in ticks, every documented form and spelling."""

from collections.abc import Callable

from asaql.analysis.bound import BoundExpression
from asaql.analysis.bound_query import WindowSpec
from asaql.analysis.findings import Findings
from asaql.analysis.units import bind_duration
from asaql.model import TICKS_PER_DAY
from asaql.syntax import ast

MAX_SIZE = 7 * TICKS_PER_DAY
_KINDS = {
    **dict.fromkeys(("tumblingwindow", "tumbling"), "tumbling"),
    **dict.fromkeys(("hoppingwindow", "hopping"), "hopping"),
    **dict.fromkeys(("slidingwindow", "sliding"), "sliding"),
    **dict.fromkeys(("sessionwindow", "session"), "session"),
}
_FORMS = {
    "tumbling": "TumblingWindow(second, 10)",
    "hopping": "HoppingWindow(second, 10, 5)",
    "sliding": "SlidingWindow(second, 10)",
    "session": "SessionWindow(second, 5, 60)",
}
_PARTS = {
    "tumbling": (("duration",), ("offset",)),
    "hopping": (("duration", "hop"), ("offset",)),
    "sliding": (("duration",), ()),
    "session": (("timeout", "maxduration"), ()),
}
Bind = Callable[[ast.Expression], BoundExpression]


def is_window(expression: ast.Expression | ast.Star) -> bool:
    """Return whether this GROUP BY item is a window function, Windows() included."""
    return (
        isinstance(expression, ast.Call)
        and not expression.prefix
        and _name(expression) in {*_KINDS, "windows", "window"}
    )


def is_event_time(expression: ast.Expression | ast.Star) -> bool:
    """Return whether this is `System.Timestamp`, with or without parentheses."""
    if isinstance(expression, ast.Path):
        names = [part.folded for part in expression.parts]
    elif isinstance(expression, ast.Call) and not expression.arguments:
        names = [part.folded for part in (*expression.prefix, expression.name)]
    else:
        return False
    return names == ["system", "timestamp"]


def bind_windows(call: ast.Call, bind: Bind, findings: Findings) -> tuple[WindowSpec, ...]:
    """Return the windows that a GROUP BY item stands for; empty after an error.

    Args:
        call: A call for which `is_window` holds.
        bind: Binds the keys of a session's OVER.
        findings: Takes the errors.
    """
    if _name(call) == "windows":
        return _bind_members(call, bind, findings)
    if _name(call) == "window":
        findings.error(
            "AQ404",
            "Window(..) belongs inside Windows(..)",
            call.span,
            help="Windows(Window('id', TumblingWindow(second, 10)), ..)",
        )
        return ()
    window = _bind_window(call, bind, findings)
    return (window,) if window is not None else ()


def _bind_members(call: ast.Call, bind: Bind, findings: Findings) -> tuple[WindowSpec, ...]:
    windows: list[WindowSpec] = []
    seen: dict[str, ast.Expression] = {}
    named = 0
    for argument in call.arguments:
        identity: ast.Expression | ast.Star | None = None
        inner = argument
        if isinstance(argument, ast.Call) and _name(argument) == "window" and len(argument.arguments) == 2:
            identity, inner = argument.arguments
        name = identity.value if isinstance(identity, ast.StringLiteral) else None
        if identity is not None and name is None:
            findings.error("AQ404", "a window's identity must be text that is written out", identity.span)
            continue
        if name is not None and isinstance(identity, ast.StringLiteral):
            named += 1
            if name.casefold() in seen:
                findings.error("AQ404", f'two windows have the identity "{name}", case aside', identity.span)
            seen[name.casefold()] = identity
        if is_event_time(inner):
            windows.append(WindowSpec("snapshot", id=name, span=inner.span))
        elif isinstance(inner, ast.Call) and _name(inner) in _KINDS:
            window = _bind_window(inner, bind, findings, name)
            if window is not None:
                windows.append(window)
        else:
            findings.error("AQ404", "Windows(..) takes windows", inner.span, label="not a window")
    if named and named != len(call.arguments):
        findings.error("AQ404", "inside Windows(..) either every window has an identity or none has", call.span)
    if not call.arguments:
        findings.error("AQ404", "Windows(..) needs at least one window", call.span)
    return tuple(windows)


def _bind_window(call: ast.Call, bind: Bind, findings: Findings, identity: str | None = None) -> WindowSpec | None:
    kind = _KINDS[_name(call)]
    sizes = _sizes(kind, call, findings)
    if sizes is None:
        return None
    limited = {name: sizes[name] for name in ("duration", "hop", "timeout", "maxduration") if name in sizes}
    for name, ticks in limited.items():
        if ticks <= 0:
            findings.error("AQ404", f"the {name} of a window must be positive", call.span)
            return None
        if ticks > MAX_SIZE:
            findings.error("AQ404", "a window is at most 7 days long", call.span, label=f"the {name} is longer")
            return None
    keys: tuple[BoundExpression, ...] = ()
    if call.over is not None:
        if kind != "session":
            findings.error("AQ408", "only a session window takes OVER", call.over.span, help=_FORMS[kind])
        keys = tuple(bind(key) for key in call.over.partition_by)
    size = sizes["timeout"] if kind == "session" else sizes["duration"]
    hop = sizes["maxduration"] if kind == "session" else sizes.get("hop", size)
    return WindowSpec(kind, size, hop, sizes.get("offset", 0), keys, identity, span=call.span)


def _sizes(kind: str, call: ast.Call, findings: Findings) -> dict[str, int] | None:
    """Return the ticks of each part by its name, from the short form or the long one; None after an error."""
    required, optional = _PARTS[kind]
    arguments = call.arguments
    parts: dict[str, int | None] = {}
    if arguments and all(isinstance(each, ast.Call) for each in arguments):
        for each in arguments:
            if not isinstance(each, ast.Call):
                continue
            name = each.name.folded
            name = "hop" if name == "hopsize" else name
            if name not in required + optional or name in parts or len(each.arguments) != 2:
                findings.error("AQ404", _expectation(kind, call), each.span, help=_FORMS[kind])
                return None
            parts[name] = bind_duration(each.arguments[0], each.arguments[1], findings)
    else:
        names = required + optional
        numbers = arguments[1:]
        if not len(required) <= len(numbers) <= len(names):
            findings.error("AQ404", _expectation(kind, call), call.span, help=_FORMS[kind])
            return None
        for name, number in zip(names, numbers, strict=False):
            if name == "offset" and isinstance(number, ast.Call) and len(number.arguments) == 2:
                parts[name] = bind_duration(number.arguments[0], number.arguments[1], findings)
            else:
                parts[name] = bind_duration(arguments[0], number, findings)
    if any(name not in parts for name in required):
        findings.error("AQ404", _expectation(kind, call), call.span, help=_FORMS[kind])
        return None
    if any(ticks is None for ticks in parts.values()):
        return None
    return {name: ticks for name, ticks in parts.items() if ticks is not None}


def _expectation(kind: str, call: ast.Call) -> str:
    words = {"duration": "a size", "hop": "a hop", "timeout": "a time-out", "maxduration": "a maximum duration"}
    required = " and ".join(words[name] for name in _PARTS[kind][0])
    return f"{call.name.name} takes a unit and {required}"


def _name(call: ast.Call) -> str:
    return call.name.folded
