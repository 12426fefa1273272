"""What all tests share: how hypothesis searches."""

import os
from typing import Final

import pytest
from hypothesis import settings

_FUZZ_FACTOR: Final = 100
"""How many times more examples `make fuzz` tries than a normal run."""

_IS_FUZZING: Final = os.environ.get("HYPOTHESIS_PROFILE") == "fuzz"

settings.register_profile("default", derandomize=True, deadline=None, database=None)
settings.load_profile("default")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give every property test more and random examples when fuzzing."""
    if not _IS_FUZZING:
        return
    for item in items:
        function = getattr(item, "obj", None)
        chosen = getattr(function, "_hypothesis_internal_use_settings", None)
        if function is not None and chosen is not None:
            more = settings(
                chosen,
                max_examples=_FUZZ_FACTOR * chosen.max_examples,
                derandomize=False,
                deadline=None,
                print_blob=True,
            )
            function._hypothesis_internal_use_settings = more
