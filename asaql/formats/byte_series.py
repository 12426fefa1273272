"""Bytes as Polars series that lie in the same memory: nothing is copied.

Polars takes memory of others through the C data interface of Apache Arrow
(https://arrow.apache.org/docs/format/CDataInterface.html): two structures in capsules, one that tells the type and one
that points to the values, with a function that Polars calls when it needs the memory no longer.
"""

import ctypes
from itertools import count
from typing import Any, Final

import polars as pl

_BYTE, _WORD = (b"C", 1), (b"L", 8)


class _Schema(ctypes.Structure):
    """`struct ArrowSchema`."""

    _fields_ = [
        ("format", ctypes.c_char_p),
        ("name", ctypes.c_char_p),
        ("metadata", ctypes.c_char_p),
        ("flags", ctypes.c_int64),
        ("n_children", ctypes.c_int64),
        ("children", ctypes.c_void_p),
        ("dictionary", ctypes.c_void_p),
        ("release", ctypes.c_void_p),
        ("private_data", ctypes.c_void_p),
    ]


class _Array(ctypes.Structure):
    """`struct ArrowArray`."""

    _fields_ = [
        ("length", ctypes.c_int64),
        ("null_count", ctypes.c_int64),
        ("offset", ctypes.c_int64),
        ("n_buffers", ctypes.c_int64),
        ("n_children", ctypes.c_int64),
        ("buffers", ctypes.c_void_p),
        ("children", ctypes.c_void_p),
        ("dictionary", ctypes.c_void_p),
        ("release", ctypes.c_void_p),
        ("private_data", ctypes.c_void_p),
    ]


_RELEASE = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
_capsule_of = ctypes.pythonapi.PyCapsule_New
_capsule_of.restype = ctypes.py_object
_capsule_of.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]

_lent: Final[dict[int, Any]] = {}
"""What series point to, by the number of each."""
_numbers = count(1)


def _release_schema(address: int) -> None:
    _Schema.from_address(address).release = None


def _release_array(address: int) -> None:
    # The structure may have been moved since it was made: only its number tells what it points to.
    array = _Array.from_address(address)
    del _lent[array.private_data]
    array.release = None


_release_of_schema, _release_of_array = _RELEASE(_release_schema), _RELEASE(_release_array)
_schema_release, _array_release = (
    ctypes.cast(each, ctypes.c_void_p).value for each in (_release_of_schema, _release_of_array)
)


class _View:
    """Bytes in the form in which Polars takes over memory; lives until it has done so."""

    def __init__(self, data: bytes, format_: bytes, width: int) -> None:
        number = next(_numbers)
        no_nulls = None
        buffers = (ctypes.c_void_p * 2)(no_nulls, ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p))
        _lent[number] = data, buffers
        self._schema = _Schema(format=format_, name=b"", release=_schema_release)
        self._array = _Array(
            length=len(data) // width,
            n_buffers=2,
            buffers=ctypes.addressof(buffers),
            release=_array_release,
            private_data=number,
        )

    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[object, object]:
        return (
            _capsule_of(ctypes.addressof(self._schema), b"arrow_schema", None),
            _capsule_of(ctypes.addressof(self._array), b"arrow_array", None),
        )


def bytes_of(data: bytes) -> pl.Series:
    """Return all bytes as a series of UInt8."""
    return pl.Series(_View(data, *_BYTE))


def words_of(data: bytes) -> pl.Series:
    """Return the bytes as a series of UInt64, eight at a time; the last ones that do not make eight are left out."""
    return pl.Series(_View(data, *_WORD))
