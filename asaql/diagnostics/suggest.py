"""The nearest known name to one that is not known."""

from collections.abc import Iterable


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that a user who wrote `name` most likely meant, or None.

    Case does not count, as it does not in the dialect.
    """
    # Loaded only where something is wrong.
    from difflib import get_close_matches

    spellings = {each.casefold(): each for each in known}
    matches = get_close_matches(name.casefold(), spellings, n=1, cutoff=0.6)
    return spellings[matches[0]] if matches else None
