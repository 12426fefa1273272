"""The program `asaql`: has the processes that a run asks for start while this one loads what it needs."""

import gc
import sys
from collections.abc import Sequence
from itertools import pairwise

from asaql.runtime.memory import seldom_collected
from asaql.runtime.processes import start_early


def program() -> int:
    """Run the command line as a program of its own and return its exit code."""
    processes = _parallelism(sys.argv[1:])
    if processes > 1:
        start_early(processes - 1)
    # A tenth of the time of the start is the search for garbage among what is being loaded.
    with seldom_collected():
        from asaql.cli.main import main

        code = main()
        # Python searches all objects for cycles at its end, which takes a tenth of a second; they go with the process.
        gc.freeze()
    return code


def _parallelism(arguments: Sequence[str]) -> int:
    """Return how many processes `asaql run` is told to use, 1 for whatever is no such number: it is looked at later."""
    if arguments[:1] != ["run"]:
        return 1
    values = [after for option, after in pairwise(arguments) if option == "--parallelism"]
    values += [each.removeprefix("--parallelism=") for each in arguments if each.startswith("--parallelism=")]
    return int(values[-1]) if values and values[-1].isdecimal() and len(values[-1]) < 3 else 1
