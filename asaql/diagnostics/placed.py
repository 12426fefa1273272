"""The base of values that remember where they were written."""

from collections.abc import Callable
from operator import attrgetter
from typing import Any, ClassVar

from msgspec import Struct


class Placed(Struct, frozen=True, eq=False):
    """An immutable value that equals another of its type wherever the two were written.

    Structs compare all their fields; this one leaves out those that only say where something stands or how it looks.
    They are not shown either.
    """

    _uncounted: ClassVar[frozenset[str]] = frozenset({"span"})

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if type(self) is not type(other):
            return NotImplemented
        counted = _counted[type(self)]
        return bool(counted(self) == counted(other))

    def __hash__(self) -> int:
        return hash(_counted[type(self)](self))

    def __repr__(self) -> str:
        fields = (f"{name}={getattr(self, name)!r}" for name in self.__struct_fields__ if name not in self._uncounted)
        return f"{type(self).__name__}({', '.join(fields)})"


class _Counted(dict[type[Placed], Callable[[Placed], Any]]):
    """For each type, what gives the type and the fields that count; made when first asked for."""

    def __missing__(self, kind: type[Placed]) -> Callable[[Placed], Any]:
        names = [name for name in kind.__struct_fields__ if name not in kind._uncounted]
        self[kind] = attrgetter("__class__", *names)
        return self[kind]


_counted = _Counted()
