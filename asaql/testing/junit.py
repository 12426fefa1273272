"""Reports as JUnit XML, which build servers show."""

import itertools
import re
from xml.etree import ElementTree

from asaql.testing.report import CaseResult, TestReport

_NOT_IN_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_xml(report: TestReport) -> bytes:
    """Return a report as JUnit XML: a suite for each file, a test case for each case."""
    root = ElementTree.Element(
        "testsuites",
        tests=str(len(report.results) + len(report.errors)),
        failures=str(report.failed),
        errors=str(len(report.errors)),
        time=f"{report.seconds:.3f}",
    )
    for path, results in itertools.groupby(report.results, key=lambda each: each.case.path):
        _add_suite(root, str(path), list(results))
    for text in report.errors:
        suite = ElementTree.SubElement(root, "testsuite", name="case files", tests="1", failures="0", errors="1")
        item = ElementTree.SubElement(suite, "testcase", classname="case files", name="read")
        ElementTree.SubElement(item, "error", message=text.splitlines()[0]).text = _allowed(text)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))


def _add_suite(root: ElementTree.Element, name: str, results: list[CaseResult]) -> None:
    failed = sum(not each.has_passed for each in results)
    seconds = sum(each.seconds for each in results)
    suite = ElementTree.SubElement(
        root, "testsuite", name=name, tests=str(len(results)), failures=str(failed), errors="0", time=f"{seconds:.3f}"
    )
    for each in results:
        item = ElementTree.SubElement(
            suite,
            "testcase",
            classname=name,
            name=each.case.heading,
            file=name,
            line=str(each.case.line),
            time=f"{each.seconds:.3f}",
        )
        if not each.has_passed:
            failure = ElementTree.SubElement(item, "failure", message=_allowed(each.lines[0]))
            failure.text = _allowed("\n".join(each.lines))


def _allowed(text: str) -> str:
    """Return a text without the control characters that XML cannot hold."""
    return "".join(
        each if each in "\t\n" or (each >= " " and each not in "\ufffe\uffff") else "\ufffd" for each in text
    )
