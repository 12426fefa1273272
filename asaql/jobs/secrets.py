"""Hides what may be secret in a description before any message can quote a line of it."""

import re
from typing import Final

from asaql.diagnostics import Source

_ENTRY: Final = re.compile(
    r"""(?P<key>["']?\b[\w-]*(?:key|password|secret|token|connectionstring|authorization)["']?[ \t]*:[ \t]*)
        (?P<value>"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[^\s"',}\]\#|>&*][^\n,}]*)""",
    re.IGNORECASE | re.VERBOSE,
)
_USER: Final = re.compile(r"""(?<=://)[^/\s"'@]+(?=@)""")
_QUERY_STRING: Final = re.compile(r"""(?P<address>https?://[^\s"'?]*\?)(?P<value>[^\s"']+)""", re.IGNORECASE)
_PLAIN: Final = frozenset({"null", "true", "false", "~"})


def without_secrets(source: Source) -> Source:
    """Return the source with the values of keys, passwords and the like starred out, every place unmoved.

    Texts that only refer to a secret stay readable: `${NAME}` and a template's expressions.
    """
    text = _ENTRY.sub(_hide_entry, source.text)
    text = _USER.sub(lambda match: "*" * len(match[0]), text)
    text = _QUERY_STRING.sub(lambda match: match["address"] + "*" * len(match["value"]), text)
    return source if text == source.text else Source(source.name, text)


def _hide_entry(match: re.Match[str]) -> str:
    value = match["value"]
    inner = value.strip("\"' \t\r")
    if "${" in inner or inner.startswith("[") or inner.lower() in _PLAIN:
        return match[0]
    return match["key"] + value.replace(inner, "*" * len(inner)) if inner else match[0]
