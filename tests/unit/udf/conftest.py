"""Hosts for JavaScript functions that are closed when a test ends."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from asaql.diagnostics import Source
from asaql.model import Column
from asaql.udf.javascript import ScriptHost
from asaql.udf.script_spec import ScriptFunction


class Hosts:
    """Opens hosts and calls their functions with columns of values."""

    def __init__(self) -> None:
        self.opened: list[ScriptHost] = []

    def open(
        self, scripts: dict[str, str], *, kind: Any = "scalar", output_type: str = "any", **options: Any
    ) -> ScriptHost:
        """Return a host of functions: alias and script."""
        functions = [
            ScriptFunction(name, Source(f"Functions/{name}.js", text), kind, output_type)
            for name, text in scripts.items()
        ]
        self.opened.append(ScriptHost(functions, **options))
        return self.opened[-1]

    def column(self, script: str, *arguments: Sequence[Any], **options: Any) -> Column:
        """Return what a script gives for columns of arguments."""
        host = self.open({"f": script}, **options)
        columns = [Column.from_values(each) for each in arguments]
        return host.call("f", columns, len(arguments[0]) if arguments else 1)

    def values(self, script: str, *arguments: Sequence[Any], **options: Any) -> list[Any]:
        """Return the values that a script gives for columns of arguments."""
        return self.column(script, *arguments, **options).to_values()


@pytest.fixture
def hosts() -> Iterator[Hosts]:
    opener = Hosts()
    yield opener
    for each in opener.opened:
        each.close()


Values = Callable[..., list[Any]]


@pytest.fixture
def values(hosts: Hosts) -> Values:
    return hosts.values
