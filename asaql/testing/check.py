"""Holds what a run gave against what its case expects."""

from asaql.testing.case import Case, ExpectedError, Output
from asaql.testing.compare import compare_rows
from asaql.testing.execute import Outcome


def check_outcome(case: Case, outcome: Outcome) -> list[str]:
    """Return how an outcome differs from a case's expectation, as lines; none if it does not."""
    if case.error is not None:
        return _check_error(case, case.error, outcome)
    if outcome.error is not None:
        return [f"{case.place}: the {_what(outcome)} failed", *_indented(outcome.rendering), *outcome.faults]
    lines = [f"{case.path}: {fault}" for fault in outcome.faults]
    expected = {each.name.casefold(): each for each in case.outputs}
    observed = {name.casefold(): name for name in outcome.rows}
    for folded, output in expected.items():
        rows = outcome.rows[observed[folded]] if folded in observed else []
        if folded not in observed and output.rows:
            lines.append(f'{case.path}:{output.block.line}: the query writes no output "{output.name}"')
        difference = compare_rows(output, rows, tolerance=case.options.tolerance, path=case.path)
        if difference:
            lines += [f"{case.path}:{output.block.line}: {difference[0]}", *difference[1:]]
    for name in unexpected_outputs(case, outcome):
        spare = Output(name, case.query_block, ())
        lines += [f"{case.place}: output without a block: {name}", *compare_rows(spare, outcome.rows[name])[1:]]
    if case.warnings is not None and (expected_text := case.warnings.text.strip("\n")) != outcome.warnings:
        lines.append(f"{case.path}:{case.warnings.line}: other warnings")
        lines += _texts(expected_text, outcome.warnings)
    return lines


def check_plan(case: Case, plan: str) -> list[str]:
    """Return how a plan differs from the one that a case expects, as lines; none if it does not."""
    if case.plan is None or case.plan.text.strip("\n") == plan.strip("\n"):
        return []
    return [f"{case.path}:{case.plan.line}: another plan", *_texts(case.plan.text.strip("\n"), plan.strip("\n"))]


def unexpected_outputs(case: Case, outcome: Outcome) -> list[str]:
    """Return the outputs that have rows, or exist at all, without the case having a block for them."""
    known = {each.name.casefold() for each in case.outputs}
    return [name for name, rows in outcome.rows.items() if name.casefold() not in known and (rows or not known)]


def _check_error(case: Case, expected: ExpectedError, outcome: Outcome) -> list[str]:
    place = f"{case.path}:{expected.block.line}"
    if outcome.error is None:
        return [f"{place}: an error is expected and the job ran"]
    if expected.rendering is not None and expected.rendering != outcome.rendering:
        return [f"{place}: another error", *_texts(expected.rendering, outcome.rendering)]
    if expected.codes is not None and expected.codes != outcome.codes:
        codes = ", ".join(expected.codes), ", ".join(outcome.codes)
        return [f"{place}: expected {codes[0]}, observed {codes[1]}", *_indented(outcome.rendering)]
    if expected.stage is not None and expected.stage != outcome.stage:
        return [
            f"{place}: expected a {expected.stage} error, the {_what(outcome)} failed",
            *_indented(outcome.rendering),
        ]
    missing = [each for each in expected.contains if each.casefold() not in outcome.rendering.casefold()]
    if missing:
        return [f'{place}: the error does not say "{missing[0]}"', *_indented(outcome.rendering)]
    return []


def _what(outcome: Outcome) -> str:
    return "query" if outcome.stage == "compile" else "running job"


def _texts(expected: str, observed: str) -> list[str]:
    return [
        *(f"    - {line}".rstrip() for line in expected.split("\n")),
        *(f"    + {line}".rstrip() for line in observed.split("\n")),
    ]


def _indented(text: str) -> list[str]:
    return [f"    {line}".rstrip() for line in text.split("\n")]
