"""Writes the pages of docs/ that are made from the code: errors and the command line."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from asaql.cli.main import COMMANDS, load_command
from asaql.diagnostics import CODES

_CHAPTERS = {
    "1": "Syntax",
    "2": "Names",
    "3": "Types and values",
    "4": "Time and windows",
    "5": "Partitioning",
    "6": "Functions in JavaScript and scoring",
    "7": "Jobs, inputs and outputs",
    "8": "Lint",
    "9": "asaql itself",
}


def errors_page() -> str:
    """Return the page as Markdown."""
    lines = [
        "# Errors and warnings",
        "",
        "Every error and every warning has a code. A code keeps its meaning for ever.",
    ]
    chapter = ""
    for code in sorted(CODES.values(), key=lambda each: each.code):
        if code.code[2] != chapter:
            chapter = code.code[2]
            lines += ["", f"## {_CHAPTERS[chapter]}"]
        lines += ["", f"### {code.code}: {code.title}", "", code.explanation]
    return "\n".join(lines) + "\n"


def cli_page() -> str:
    """Return the help texts of all commands as Markdown."""
    lines = ["# Command line", "", "The commands' own help texts; `asaql COMMAND --help` prints the same."]
    for name in COMMANDS:
        command = load_command(name)
        context = command.make_context(f"asaql {name}", [], terminal_width=100, resilient_parsing=True)
        lines += ["", f"## asaql {name}", "", "```", command.get_help(context), "```"]
    return "\n".join(lines) + "\n"


PAGES: Final[dict[str, Callable[[], str]]] = {"errors.md": errors_page, "cli.md": cli_page}
"""File in docs/ to what makes it."""

if __name__ == "__main__":
    for file, page in PAGES.items():
        (Path(__file__).parent.parent / "docs" / file).write_text(page(), encoding="utf-8")
