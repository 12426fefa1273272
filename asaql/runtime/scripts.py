"""JavaScript functions for a run; V8 is loaded only where a query calls one."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from asaql.udf.script_spec import ScriptFunction

if TYPE_CHECKING:
    from asaql.udf.javascript import ScriptHost


def open_scripts(
    functions: Sequence[ScriptFunction], level: str, on_console: Callable[[str, str, str], None]
) -> "ScriptHost | None":
    """Return a host for these functions, None without any.

    Raises:
        QueryError: A script does not compile.
    """
    if not functions:
        return None
    from asaql.udf.javascript import ScriptHost

    return ScriptHost(functions, level=level, on_console=on_console)
