"""Where bytes come from and go to: files, standard input and output, memory."""

from asaql.connectors.contract import Input, Output
from asaql.connectors.files import FileInput, FileOutput
from asaql.connectors.memory import MemoryInput, MemoryOutput
from asaql.connectors.stdio import ClosedOutputError, StandardInput, StandardOutput

__all__ = [
    "ClosedOutputError",
    "FileInput",
    "FileOutput",
    "Input",
    "MemoryInput",
    "MemoryOutput",
    "Output",
    "StandardInput",
    "StandardOutput",
]
