"""Reads a project as the editors of the service keep it: `asaproj.json`, a query and a folder for each kind of part.

Keys and words are read in any case, paths with slashes of either kind, texts with or without a byte order mark. Local
inputs (`Local_*.json`) give the data; the live inputs beside them say which names are reference data. Credentials are
never read.
"""

from collections.abc import Collection
from pathlib import Path
from typing import Final, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from asaql.diagnostics import Diagnostic, QueryError, Source, Span
from asaql.jobs.document import Mapping, Node, Scalar
from asaql.jobs.files import read_source, resolve_path
from asaql.jobs.functions import make_script, script_kind
from asaql.jobs.job import PROJECT_FILE, InputSpec, Job, OutputSpec, Place
from asaql.jobs.json_document import parse_json
from asaql.jobs.problems import Problems
from asaql.jobs.settings import Settings, check_encoding, input_format, streaming_units
from asaql.udf.scoring_spec import ScoringFunction
from asaql.udf.script_spec import ScriptFunction

_FOLDERS: Final = ("Inputs", "Outputs", "Functions")
_FUNCTION_TYPES: Final = frozenset({"jsfunction", "javascriptfunction", "csharpfunction", "mlfunction"})


def read_project(target: Path, provided: Collection[str] = (), query: Path | None = None) -> Job:
    """Return the job of a project.

    Args:
        target: The project's folder or its `asaproj.json`.
        provided: Names of functions that come from elsewhere, so that the project's own of these names, which may not
            run here, are passed over.
        query: The query's file, if it is not the one that the project names.

    Raises:
        QueryError: A part cannot be read (AQ701, AQ702) or has been retired (AQ706).
    """
    folder = target if target.is_dir() else target.parent
    reader = _Reader(folder, {each.casefold() for each in provided})
    project_file = target if not target.is_dir() else resolve_path(folder, PROJECT_FILE)
    if project_file.exists():
        reader.read_listed(project_file)
    else:
        reader.read_found()
    job = reader.job(project_file, query)
    reader.problems.raise_errors()
    return replace(job, warnings=reader.problems.warnings)


class _Reader(Struct):
    """Collects the parts of one project."""

    folder: Path
    provided: Collection[str]
    problems: Problems = field(default_factory=Problems)
    project: Mapping | None = None
    config: Mapping | None = None
    live_inputs: list[InputSpec] = field(default_factory=list)
    local_inputs: list[InputSpec] = field(default_factory=list)
    outputs: list[OutputSpec] = field(default_factory=list)
    scripts: list[ScriptFunction] = field(default_factory=list)
    scorers: list[ScoringFunction] = field(default_factory=list)

    def read_listed(self, project_file: Path) -> None:
        """Read the parts that the project file lists; if it lists none, those that are found."""
        self.project = self._mapping(project_file, None, "project file")
        if self.project is None:
            return
        listed = self.project.mappings("configurations")
        for each in listed:
            written = each.text("filePath")
            if written is not None:
                self._read_part(resolve_path(self.folder, written), each.text("subType") or "", each.get("filePath"))
        if not listed:
            self.read_found()

    def read_found(self) -> None:
        """Read the parts by the names of files and folders."""
        candidates = [resolve_path(self.folder, "JobConfig.json")]
        for name in _FOLDERS:
            found = resolve_path(self.folder, name)
            candidates += sorted(found.glob("*.json")) if found.is_dir() else []
        for path in candidates:
            if path.is_file():
                self._read_part(path, "", None)

    def _read_part(self, path: Path, sub_type: str, at: Node | None) -> None:
        if path.suffix.lower() == ".js":
            declared = resolve_path(path.parent, f"{path.name}.json")
            if declared.exists():
                path = declared
            else:
                self._add_script(path.stem, path, None, at)
                return
        if not path.exists() and sub_type.casefold() not in _FUNCTION_TYPES:
            self.problems.warning("AQ702", f'"{path}" does not exist', at, label="listed here")
            return
        part = self._mapping(path, at, "project part")
        if part is None:
            return
        kind = (part.text("ScriptType") or sub_type or _kind_by_place(path, part)).casefold()
        if kind == "jobconfig":
            self.config = part
        elif kind == "input":
            self._add_live_input(path, part)
        elif kind == "inputmock":
            self._add_local_input(path, part)
        elif kind == "output":
            name = part.get("Name")
            self.outputs.append(OutputSpec(_text(name) or path.stem, declared=_place(name or part)))
        elif kind in _FUNCTION_TYPES:
            self._add_function(path, part, kind, at)

    def _mapping(self, path: Path, at: Node | None, what: str) -> Mapping | None:
        source = read_source(path, self.problems, at, what=what)
        if source is None:
            return None
        try:
            node = parse_json(source)
        except QueryError as error:
            for each in error.diagnostics:
                self.problems.add(each)
            return None
        if not isinstance(node, Mapping):
            self.problems.error("AQ701", f'{what} "{path}" is no JSON object', node, label="expected { here")
            return None
        return node

    def _add_live_input(self, path: Path, part: Mapping) -> None:
        name = part.get("Name")
        self.live_inputs.append(
            InputSpec(_text(name) or path.stem, is_reference=_is_reference(part), declared=_place(name or part))
        )

    def _add_local_input(self, path: Path, part: Mapping) -> None:
        self.local_inputs.append(local_input(path, part, self.problems))

    def _add_function(self, path: Path, part: Mapping, kind: str, at: Node | None) -> None:
        name = part.text("Name") or path.name.split(".")[0]
        if name.casefold() in self.provided:
            return
        if kind == "csharpfunction":
            self.problems.error(
                "AQ706",
                f'function "{name}" is in C#, which the service has retired',
                part.get("Name") or part,
                label="retired in September 2024",
                help=f"write it in JavaScript and add --function {name}={name}.js",
            )
        elif kind == "mlfunction":
            self.problems.warning(
                "AQ701",
                f'the project does not say where machine-learning function "{name}" is served',
                part,
                label="no address here",
                help=f"add --score {name}=http://127.0.0.1:5001/score",
            )
        else:
            spelled = path.name[: -len(".json")] if path.name.lower().endswith(".js.json") else f"{path.stem}.js"
            self._add_script(name, resolve_path(path.parent, spelled), part, at or part)

    def _add_script(self, name: str, path: Path, declaration: Mapping | None, at: Node | None) -> None:
        if name.casefold() in self.provided or any(each.name.casefold() == name.casefold() for each in self.scripts):
            return
        source = read_source(path, self.problems, at, what="JavaScript file")
        if source is None:
            return
        script = make_script(
            name,
            source,
            self.problems,
            kind=script_kind(declaration.text("Type")) if declaration else None,
            output_type=declaration.text("OutputType") if declaration else None,
            input_types=_types(declaration) if declaration else None,
            at=declaration,
        )
        self.scripts.append(script)

    def job(self, project_file: Path, query_file: Path | None = None) -> Job:
        """Return the job of the parts; its warnings are still to be added."""
        query = self._query(project_file) if query_file is None else self._text_of(query_file)
        config = self.config or Mapping(query, Span(0, 0), ())
        settings = Settings(config, self.problems)
        sku = config.mapping("Sku")
        is_v2 = sku is not None and (sku.text("Name") or "").casefold() == "standardv2"
        written_units = (sku.get("StreamingUnits") if sku else None) or config.get("StreamingUnits")
        project_name = self.project.text("name") if self.project else None
        return Job(
            name=project_name or self.folder.resolve().name,
            query=query,
            inputs=self._inputs(),
            outputs=_distinct(self.outputs),
            scripts=tuple(self.scripts),
            scorers=tuple(self.scorers),
            policies=settings.policies(),
            level=settings.level(),
            streaming_units=streaming_units(written_units, self.problems, is_v2=is_v2),
            locale=settings.locale(),
            output_error_policy=settings.output_error_policy(),
        )

    def _text_of(self, query_file: Path) -> Source:
        return read_source(query_file, self.problems, what="query file") or Source(str(query_file), "")

    def _query(self, project_file: Path) -> Source:
        start = self.project.get("startFile") if self.project else None
        written = _text(start)
        if written:
            path = resolve_path(self.folder, written)
            if path.is_file():
                return read_source(path, self.problems, start, what="query file") or Source(str(path), "")
        found = sorted(each for each in self.folder.glob("*") if each.suffix.lower() == ".asaql")
        if len(found) == 1:
            if written:
                self.problems.warning(
                    "AQ702",
                    f'"{written}" does not exist; "{found[0].name}" is taken instead',
                    start,
                    label="not in the folder",
                    help=f'write "startFile": "{found[0].name}"',
                )
            return read_source(found[0], self.problems, what="query file") or Source(str(found[0]), "")
        names = ", ".join(each.name for each in found)
        message = (
            f'project "{project_file.parent}" has no query' if not found else "the project does not name its query"
        )
        self.problems.error(
            "AQ702" if written else "AQ701",
            f'"{written}" does not exist' if written else message,
            start,
            label="not in the folder" if written else "",
            notes=(f"the folder has {names}",) if found else ("the folder has no .asaql file",),
            help=f'write "startFile": "{found[0].name}"' if found else None,
        )
        return Source(str(self.folder), "")

    def _inputs(self) -> tuple[InputSpec, ...]:
        """Return the live inputs with the data of their local ones, then local inputs that are not live."""
        local = {each.name.casefold(): each for each in _distinct(self.local_inputs) if each.name}
        result: list[InputSpec] = []
        for live in _distinct(self.live_inputs):
            data = local.pop((live.name or "").casefold(), None)
            if data is None:
                result.append(live)
                continue
            if data.is_reference != live.is_reference:
                self._report_disagreement(data, live)
            result.append(replace(data, name=live.name, is_reference=data.is_reference or live.is_reference))
        return (*result, *local.values())

    def _report_disagreement(self, data: InputSpec, live: InputSpec) -> None:
        words = {True: "reference data", False: "a stream"}
        place = data.declared
        self.problems.add(
            Diagnostic(
                "AQ701",
                f'input "{live.name}" is {words[live.is_reference]}, by its local data {words[data.is_reference]}',
                span=place.span if place else None,
                label="taken as reference data",
                help='write "Type": "Reference Data" in both files, or "Type": "Data Stream"',
                source=place.source if place else None,
            ).as_warning()
        )


def local_input(path: Path, part: Mapping, problems: Problems) -> InputSpec:
    """Return the input that a description of local data declares, in either of its two shapes.

    Args:
        path: The file with the description.
        part: The description.
        problems: Where a format that cannot be read is reported.
    """
    alias = part.get("InputAlias", "Name")
    name = _text(alias) or path.stem.removeprefix("Local_").removeprefix("local_")
    serialization = part.mapping("Serialization") or part
    data = part.get("FilePath")
    written = _text(data)
    check_encoding(serialization.get("Encoding"), problems, f'the local input "{name}"')
    return InputSpec(
        name,
        path=resolve_path(path.parent, written) if written else None,
        format=input_format(
            part.get("Format") or serialization.get("Type" if serialization is not part else "Format"),
            problems,
            f'the local input "{name}"',
        ),
        delimiter=part.text("Delimiter") or serialization.text("FieldDelimiter", "Delimiter"),
        is_reference=_is_reference(part),
        declared=_place(data or alias or part),
    )


_Spec = TypeVar("_Spec", InputSpec, OutputSpec)


def _distinct(specs: list[_Spec]) -> tuple[_Spec, ...]:
    """Return the specs without earlier ones of the same name."""
    return tuple({(each.name or "").casefold(): each for each in specs}.values())


def _text(node: Node | None) -> str | None:
    return str(node.value).strip() or None if isinstance(node, Scalar) else None


def _place(node: Node) -> Place:
    return Place(node.source, node.span)


def _is_reference(part: Mapping) -> bool:
    return (part.text("Type") or "").casefold().startswith("reference")


def _types(declaration: Mapping) -> tuple[str, ...] | None:
    inputs = declaration.get("FunctionInputs")
    if inputs is None:
        return None
    return tuple(each.text("DataType") or "any" for each in declaration.mappings("FunctionInputs"))


def _kind_by_place(path: Path, part: Mapping) -> str:
    """Return the kind of a part that does not say it, from the folder it lies in."""
    folder = path.parent.name.casefold()
    if folder == "inputs":
        return "InputMock" if path.name.casefold().startswith("local_") or part.get("FilePath") else "Input"
    if folder == "outputs":
        return "Output"
    if folder == "functions":
        return "JSFunction" if path.name.lower().endswith(".js.json") else ""
    return "JobConfig" if path.name.casefold() == "jobconfig.json" else ""
