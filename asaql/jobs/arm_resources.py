"""Finds the streaming job among a template's resources, with its parts, wherever they are declared.

A part may stand inside the job's properties, as a child resource of the job, or as a resource of its own whose type
and name begin with the job's. Resources of nested deployments count as the template's own.
"""

from collections.abc import Iterator
from typing import Any, Final

from msgspec import Struct

from asaql.jobs.arm_expressions import Expressions, UnresolvedError
from asaql.jobs.document import Mapping, Node, to_python

JOB_TYPE: Final = "microsoft.streamanalytics/streamingjobs"
_DEPLOYMENT_TYPE: Final = "microsoft.resources/deployments"


class Resource(Struct, frozen=True):
    """A resource with the type spelled in full, in lower case.

    Attributes:
        type: The full type.
        node: The resource.
        expressions: What evaluates its expressions.
    """

    type: str
    node: Mapping
    expressions: Expressions

    @property
    def name(self) -> str | None:
        """The last part of the name, or None if it depends on the deployment."""
        node = self.node.get("name")
        if node is None:
            return None
        try:
            return str(self.expressions.text_of(node)).rpartition("/")[2]
        except UnresolvedError:
            return None


def find_resources(root: Mapping, values: dict[str, Any]) -> Iterator[Resource]:
    """Yield every resource of a template, children after their parents."""
    expressions = Expressions(root, values)
    if (root.text("type") or "").casefold() == JOB_TYPE:
        yield from _with_children(root, expressions, None)
    for node in root.mappings("resources"):
        yield from _with_children(node, expressions, None)


def _with_children(node: Mapping, expressions: Expressions, owner: Resource | None) -> Iterator[Resource]:
    written = (node.text("type") or "").casefold()
    full_type = f"{owner.type}/{written}" if owner is not None and written.count("/") == 0 else written
    resource = Resource(full_type, node, expressions)
    yield resource
    for child in node.mappings("resources"):
        yield from _with_children(child, expressions, resource)
    if full_type == _DEPLOYMENT_TYPE:
        properties = node.mapping("properties")
        template = properties.mapping("template") if properties else None
        if properties is not None and template is not None:
            inner = _inner_scope(properties, template, expressions)
            for child in template.mappings("resources"):
                yield from _with_children(child, inner, None)


def _inner_scope(properties: Mapping, template: Mapping, outer: Expressions) -> Expressions:
    """Return what evaluates a nested template's expressions: its own scope only if the deployment says so."""
    options = properties.mapping("expressionEvaluationOptions")
    if options is None or (options.text("scope") or "").casefold() != "inner":
        return outer
    values: dict[str, Any] = {}
    for entry in properties.mapping("parameters") or ():
        given = entry.value.entry("value") if isinstance(entry.value, Mapping) else None
        if given is not None:
            try:
                values[entry.name] = outer.resolve(to_python(given.value))
            except UnresolvedError:
                continue
    return Expressions(template, values)


class Part(Struct, frozen=True):
    """An input, output, function or transformation of a job.

    Attributes:
        name: Its name, or None if that depends on the deployment.
        node: The whole part.
        properties: Its properties.
        expressions: What evaluates its expressions.
    """

    name: str | None
    node: Mapping
    properties: Mapping
    expressions: Expressions


def parts_of(job: Resource, resources: list[Resource], kind: str) -> list[Part]:
    """Return the parts of one kind of the template's only job.

    Args:
        job: The job.
        resources: All resources of the template.
        kind: `inputs`, `outputs`, `functions` or `transformations`.
    """
    properties = job.node.mapping("properties")
    inside: list[Mapping] = []
    if properties is not None:
        single = properties.mapping(kind.removesuffix("s")) if kind == "transformations" else None
        inside = [single] if single is not None else properties.mappings(kind)
    found = [_part(Resource(kind, node, job.expressions), node) for node in inside]
    found += [_part(each, each.node) for each in resources if each.type == f"{JOB_TYPE}/{kind}"]
    return found


def _part(resource: Resource, node: Mapping) -> Part:
    empty = Mapping(node.source, node.span, ())
    return Part(resource.name, node, node.mapping("properties") or empty, resource.expressions)


def place_of(part: Part) -> Node:
    """Return the node to point at for a part as a whole: its name if it has one."""
    return part.node.get("name") or part.node
