"""Reads Markdown files of recorded cases; `asaql.testing.case` says what they may hold."""

import json
import re
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml

from asaql.diagnostics import Diagnostic, QueryError, Source, Span, did_you_mean
from asaql.testing.case import ARRIVAL_KEY, Case, ExpectedError, Input, Options, Output, Scores
from asaql.testing.markdown import Block, MarkdownError, Section, read_sections, split_lines
from asaql.udf.script_spec import ScriptFunction

_TAGS: dict[str, frozenset[str]] = {
    "sql": frozenset({"file"}),
    "in": frozenset({"file", "reference"}),
    "out": frozenset({"unordered", "exact"}),
    "error": frozenset(),
    "error-code": frozenset(),
    "warnings": frozenset(),
    "plan": frozenset(),
    "udf": frozenset({"file"}),
    "uda": frozenset({"file"}),
    "scores": frozenset({"statuses", "file"}),
    "swagger": frozenset({"file"}),
    "job": frozenset(),
}
"""The role a tag gives its block, with the further tags that the role allows."""

_LANGUAGES = {
    "in": ("jsonl", "ndjson", "csv"),
    "out": ("jsonl", "ndjson"),
    "error": ("text",),
    "error-code": ("text",),
    "warnings": ("text",),
    "plan": ("text",),
    "udf": ("js", "javascript"),
    "uda": ("js", "javascript"),
    "scores": ("jsonl", "ndjson"),
    "swagger": ("json",),
    "job": ("yaml",),
}
_NEEDS_TAG = ("jsonl", "ndjson", "csv", "js", "javascript", "yaml")
_SCORE_HEADER = re.compile(r"udf\.(\w+)\(row\)", re.IGNORECASE)
_TAGGED = re.compile(rf"^(`{{3,}}|~{{3,}})[ \t]*\w+[ \t][^\n]*\b({'|'.join(_LANGUAGES)})\b", re.MULTILINE)
"""Finds the opening of a block with a tag."""
_Named = TypeVar("_Named", Input, Output)


def read_cases(path: Path, *, is_searched: bool = False) -> list[Case]:
    """Return the cases of a Markdown file; sections without a `sql` block are prose and give none.

    Args:
        path: The file.
        is_searched: Whether the file was found rather than named. It may then be any document, so that a section is a
            case only if it also has a block with a tag.

    Raises:
        QueryError: The file cannot be read or does not follow the form; every diagnostic names file and line.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        message = f'case file "{path}" cannot be read'
        raise QueryError(Diagnostic("AQ702", message, notes=(str(error),))) from error
    source = Source(str(path), text)
    if is_searched and not _TAGGED.search(text):
        return []
    try:
        sections = read_sections(text)
    except MarkdownError as error:
        raise _fault(source, error.line, str(error)) from error
    reader = _Reader(path, source)
    cases = [reader.case(each) for each in sections if _is_case(each, needs_tag=is_searched)]
    seen: dict[str, Case] = {}
    for case in cases:
        if case.heading in seen:
            raise _fault(source, case.line, f'two cases have the heading "{case.heading}"')
        seen[case.heading] = case
    return cases


def _is_case(section: Section, *, needs_tag: bool) -> bool:
    roles = {_role(block) for block in section.blocks}
    return "sql" in roles and (not needs_tag or len(roles - {"sql", None}) > 0)


def _fault(
    source: Source, line: int, message: str, *, help_: str | None = None, notes: tuple[str, ...] = ()
) -> QueryError:
    start = source.offset(line, 1)
    span = Span(start, start + len(source.line(line)))
    return QueryError(Diagnostic("AQ710", message, span, source=source, help=help_, notes=notes))


def _role(block: Block) -> str | None:
    """Return what a block is for, or None for an illustration."""
    if block.language == "sql":
        return "sql"
    return next((tag for tag in block.tags if tag in _TAGS and tag != "sql"), None)


class _Reader:
    """Turns the sections of one file into cases."""

    def __init__(self, path: Path, source: Source) -> None:
        self._path = path
        self._source = source

    def case(self, section: Section) -> Case:
        blocks = self._by_role(section)
        query = self._single(blocks, "sql")
        if query is None:
            raise self._fault(section.line, f'case "{section.heading}" has no query')
        error = self._error(blocks)
        outputs = tuple(self._output(each) for each in blocks.get("out", ()))
        if error is not None and outputs:
            raise self._fault(error.block.line, "a case has either rows or errors to expect")
        functions = [self._function(block, "udf", "scalar") for block in blocks.get("udf", ())]
        functions += [self._function(block, "uda", "aggregate") for block in blocks.get("uda", ())]
        return Case(
            path=self._path,
            heading=section.heading,
            line=section.line,
            end=section.end,
            last_block_end=max(each.end for each in section.blocks),
            prose=section.prose,
            query=Source(query.tags.get("file") or "<query>", self._text(query)),
            query_block=query,
            inputs=self._distinct(tuple(self._input(each) for each in blocks.get("in", ()))),
            outputs=self._distinct(outputs),
            error=error,
            warnings=self._single(blocks, "warnings"),
            plan=self._single(blocks, "plan"),
            functions=tuple(functions),
            scores=self._all_scores(section, blocks),
            options=self._options(self._single(blocks, "job")),
        )

    def _by_role(self, section: Section) -> dict[str, list[Block]]:
        blocks: dict[str, list[Block]] = {}
        for block in section.blocks:
            role = _role(block)
            if role is None:
                self._refuse_untagged(block)
                continue
            for tag in block.tags:
                if tag != role and tag not in _TAGS[role]:
                    known = sorted(_TAGS[role])
                    nearest = did_you_mean(tag, known)
                    raise self._fault(
                        block.line,
                        f'a block with "{role}" has no tag "{tag}"',
                        help_=f'did you mean "{nearest}"?' if nearest else None,
                    )
            if role != "sql" and block.language not in _LANGUAGES[role]:
                raise self._fault(
                    block.line,
                    f'a block with "{role}" has the language "{block.language}"',
                    help_=f"write {' or '.join(_LANGUAGES[role])}",
                )
            blocks.setdefault(role, []).append(block)
        return blocks

    def _refuse_untagged(self, block: Block) -> None:
        tags = sorted(_TAGS)
        for tag in block.tags:
            if nearest := did_you_mean(tag, tags):
                raise self._fault(block.line, f'no block has the tag "{tag}"', help_=f'did you mean "{nearest}"?')
        if block.language in _NEEDS_TAG:
            allowed = [role for role, languages in _LANGUAGES.items() if block.language in languages]
            raise self._fault(block.line, f'a "{block.language}" block needs a tag: {", ".join(allowed)}')

    def _single(self, blocks: Mapping[str, list[Block]], role: str) -> Block | None:
        found = blocks.get(role, [])
        if len(found) > 1:
            raise self._fault(found[1].line, f'a case has one "{role}" block at most')
        return found[0] if found else None

    def _distinct(self, items: tuple[_Named, ...]) -> tuple[_Named, ...]:
        seen: set[str] = set()
        for item in items:
            if item.name.casefold() in seen:
                raise self._fault(item.block.line, f'two blocks are named "{item.name}"')
            seen.add(item.name.casefold())
        return items

    def _name(self, block: Block, role: str) -> str:
        if name := block.tags[role]:
            return name
        raise self._fault(block.line, f'the tag "{role}" needs a name', help_=f"write {role}=NAME")

    def _file(self, block: Block) -> Path | None:
        if "file" not in block.tags:
            return None
        path = self._path.parent / (block.tags["file"] or "")
        if not path.is_file():
            raise self._fault(
                block.line, f'file "{block.tags["file"] or ""}" is not there', notes=(f"looked for {path}",)
            )
        return path

    def _text(self, block: Block) -> str:
        path = self._file(block)
        return block.text if path is None else path.read_text(encoding="utf-8-sig")

    def _function(self, block: Block, role: str, kind: Literal["scalar", "aggregate"]) -> ScriptFunction:
        name = self._name(block, role)
        return ScriptFunction(name, Source(block.tags.get("file") or f"{name}.js", self._text(block)), kind)

    def _input(self, block: Block) -> Input:
        name, is_reference = self._name(block, "in"), "reference" in block.tags
        path = self._file(block)
        if path is not None and (block.language == "csv" or f'"{ARRIVAL_KEY}"' not in path.read_text("utf-8-sig")):
            return Input(name, block, path=path, is_reference=is_reference)
        if path is not None:
            numbered = enumerate(split_lines(path.read_text("utf-8-sig")), 1)
            events = [
                self._object(line, block.line, f" in line {n} of the file") for n, line in numbered if line.strip()
            ]
        elif block.language == "csv":
            return Input(name, block, csv=block.text, is_reference=is_reference)
        else:
            events = [self._object(line, number) for number, line in block.lines()]
        arrivals = [event.pop(ARRIVAL_KEY, None) for event in events]
        timed = tuple(each for each in arrivals if isinstance(each, str))
        if timed and len(timed) < len(events):
            raise self._fault(block.line, f'some events have "{ARRIVAL_KEY}" and others have not')
        return Input(name, block, tuple(events), timed or None, is_reference=is_reference)

    def _output(self, block: Block) -> Output:
        rows = tuple(self._object(line, number) for number, line in block.lines())
        return Output(self._name(block, "out"), block, rows, "unordered" not in block.tags, "exact" in block.tags)

    def _json(self, text: str, line: int, where: str = "") -> Any:
        try:
            return json.loads(text)
        except ValueError as error:
            raise self._fault(line, f"text is not JSON{where}", notes=(str(error),)) from error

    def _object(self, text: str, line: int, where: str = "") -> dict[str, Any]:
        value = self._json(text, line, where)
        if not isinstance(value, dict):
            raise self._fault(line, f"a line must hold one JSON object{where}")
        return value

    def _error(self, blocks: Mapping[str, list[Block]]) -> ExpectedError | None:
        codes = self._single(blocks, "error-code")
        block = self._single(blocks, "error")
        if codes is not None:
            return ExpectedError(codes, codes=tuple(sorted(line.strip() for _, line in codes.lines())))
        if block is None:
            return None
        kind = block.tags["error"]
        if kind is None:
            return ExpectedError(block, rendering=block.text.strip("\n"))
        contains = tuple(line.strip() for _, line in block.lines())
        if kind in ("compile", "runtime"):
            return ExpectedError(block, stage=kind, contains=contains)
        return ExpectedError(block, codes=tuple(sorted(kind.split(","))), contains=contains)

    def _all_scores(self, section: Section, blocks: Mapping[str, list[Block]]) -> tuple[Scores, ...]:
        scores = [self._scores(each) for each in blocks.get("scores", ())] + self._score_tables(section)
        documents = {self._name(each, "swagger").casefold(): self._text(each) for each in blocks.get("swagger", ())}
        return tuple(replace(each, swagger=documents.get(each.name.casefold())) for each in scores)

    def _scores(self, block: Block) -> Scores:
        answers = []
        numbered = enumerate(split_lines(self._text(block)), 1) if self._file(block) else block.lines()
        for number, line in numbered:
            answer = self._object(line, block.line if self._file(block) else number)
            if set(answer) != {"row", "score"}:
                raise self._fault(number, 'a line of scores holds "row" and "score"')
            answers.append((answer["row"], answer["score"]))
        statuses = (block.tags.get("statuses") or "").split(",")
        return Scores(self._name(block, "scores"), tuple(answers), tuple(int(each) for each in statuses if each))

    def _score_tables(self, section: Section) -> list[Scores]:
        found = []
        for table in section.tables:
            match = _SCORE_HEADER.fullmatch(table.header[0])
            if match is None:
                continue
            answers = []
            for number, cells in table.rows:
                if len(cells) != 2:
                    raise self._fault(number, "a row of scores has two cells: the row and its score")
                answers.append((self._json(cells[0], number), self._json(cells[1], number)))
            found.append(Scores(match[1], tuple(answers)))
        return found

    def _options(self, block: Block | None) -> Options:
        if block is None:
            return Options()
        try:
            given = yaml.safe_load(block.text) or {}
        except yaml.YAMLError as error:
            raise self._fault(block.line, "text is not YAML", notes=(" ".join(str(error).split()),)) from error
        if not isinstance(given, dict):
            raise self._fault(block.line, "the job's options are a mapping of names to values")
        known = {each.name for each in fields(Options)}
        for name in given:
            if name not in known:
                nearest = did_you_mean(str(name), known)
                raise self._fault(
                    block.line,
                    f'a job has no option "{name}"',
                    help_=f'did you mean "{nearest}"?' if nearest else f"options: {', '.join(sorted(known))}",
                )
        if "reference" in given:
            names = given["reference"]
            given["reference"] = (names,) if isinstance(names, str) else tuple(names)
        for name in ("compatibility_level", "start_time", "out_of_order_policy", "replay"):
            if given.get(name) is not None:
                given[name] = self._option_text(block, name, given[name])
        if "tolerance" in given:
            given["tolerance"] = self._tolerance(block, given["tolerance"])
        return Options(**given)

    def _tolerance(self, block: Block, value: object) -> float:
        try:
            return float(str(value))  # YAML takes 1e-6, without a point, for a text
        except ValueError as error:
            raise self._fault(block.line, 'option "tolerance" is a number', help_="write tolerance: 1e-6") from error

    def _option_text(self, block: Block, name: str, value: object) -> str:
        if not isinstance(value, str):
            raise self._fault(block.line, f'option "{name}" is a text', help_=f'write {name}: "{value}"')
        return value

    def _fault(self, line: int, message: str, *, help_: str | None = None, notes: tuple[str, ...] = ()) -> QueryError:
        return _fault(self._source, line, message, help_=help_, notes=notes)
