"""Prints docs/errors.md, the page of all diagnostic codes."""

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


if __name__ == "__main__":
    print(errors_page(), end="")
