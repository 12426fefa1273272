"""Where bytes come from and go to: files, standard input and output, memory."""

from asaql.connectors.contract import Input, Output
from asaql.connectors.files import FileInput, FileOutput
from asaql.connectors.lines import LineCounter, LineRange, line_ranges
from asaql.connectors.memory import MemoryInput, MemoryOutput
from asaql.connectors.stdio import ClosedOutputError, StandardInput, StandardOutput

__all__ = [
    "ClosedOutputError",
    "FileInput",
    "FileOutput",
    "Input",
    "LineCounter",
    "LineRange",
    "MemoryInput",
    "MemoryOutput",
    "Output",
    "StandardInput",
    "StandardOutput",
    "line_ranges",
]
