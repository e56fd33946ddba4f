"""Spark's analyzed plan, read for lineage.

The plan comes as JSON: lists of nodes, parents first, each node with its number of children; the
expressions of a node are such lists too. An attribute has an id that stays the same from where it
is defined up to the result.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from medallion_assets.lakehouse.lineage.origin import How, Origin

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

Node = Mapping[str, Any]
Use = tuple[int, How]
"""An attribute, by its id, and how it is used."""

_DECIDING = {
    "Filter": ("condition", How.FILTER),
    "Join": ("condition", How.JOIN),
    "Aggregate": ("groupingExpressions", How.GROUP_BY),
    "Deduplicate": ("keys", How.GROUP_BY),
    "DeduplicateWithinWatermark": ("keys", How.GROUP_BY),
    "Sort": ("order", How.SORT),
}
"""Nodes of a plan that decide which rows there are, and by which of their expressions."""


@dataclass(frozen=True)
class Plan:
    """The plan of one frame.

    Attributes:
        nodes: the plan as JSON.
        unions: of every Union: the ids of its result, each with those of its other branches.
    """

    nodes: list[Node]
    unions: Mapping[int, tuple[int, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, frame: DataFrame) -> Plan | None:
        """The plan of a frame; None where the session does not hand it out (Spark Connect)."""
        try:
            analyzed = frame._jdf.queryExecution().analyzed()
        except AttributeError:
            return None
        nodes: list[Node] = json.loads(analyzed.toJSON())
        unions: dict[int, tuple[int, ...]] = {}
        for index, node in enumerate(nodes):
            if _kind(node) == "Union":
                # The one node whose result JSON does not tell: its columns go by their places.
                unions.update(_places(analyzed.apply(index)))
        return cls(nodes, unions)

    def origins(self, number: int, leaves: Mapping[int, tuple[str, str]]) -> set[Origin]:
        """Where an attribute of the result comes from.

        Args:
            number: the attribute's id.
            leaves: id to table and column, for everything that is read.

        Returns:
            The columns whose values it has, and those that decide it by a condition or a window.
            Where there are none, as of `count(*)`, those that decide which rows are counted.
        """
        found = self._resolved({(number, How.IDENTITY)}, leaves)
        if any(origin.how.is_direct for origin in found):
            return found
        return found | self._resolved(self._counted(number, frozenset()), leaves)

    def deciding(self, leaves: Mapping[int, tuple[str, str]]) -> set[Origin]:
        """The columns that decide which rows the result has."""
        return self._resolved(self._deciding(0, len(self.nodes)), leaves)

    def _resolved(self, uses: set[Use], leaves: Mapping[int, tuple[str, str]]) -> set[Origin]:
        found: set[Origin] = set()
        done: set[Use] = set()
        waiting = list(uses)
        while waiting:
            number, how = use = waiting.pop()
            if use in done:
                continue
            done.add(use)
            if number in leaves:
                found.add(Origin(*leaves[number], how))
            waiting += [
                (below, how.then(used)) for below, used in self._definitions.get(number, ())
            ]
        return found

    def _counted(self, number: int, seen: frozenset[int]) -> set[Use]:
        """What decides the rows that an aggregate is made of, or one further down."""
        if number in self._aggregated:
            index = self._aggregated[number]
            return self._deciding(index, _end(self.nodes, index))
        found: set[Use] = set()
        for below, _ in self._definitions.get(number, ()):
            if below not in seen:
                found |= self._counted(below, seen | {number})
        return found

    def _deciding(self, start: int, end: int) -> set[Use]:
        found: set[Use] = set()
        for node in self.nodes[start:end]:
            name, how = _DECIDING.get(_kind(node), ("", How.FILTER))
            for tree in _trees(node.get(name)):
                found |= _uses(tree, how)
        return found

    @cached_property
    def _definitions(self) -> dict[int, set[Use]]:
        """Attribute to what its defining expression uses."""
        defined: dict[int, set[Use]] = {
            number: {(other, How.IDENTITY) for other in others}
            for number, others in self.unions.items()
        }
        for tree in _trees(self.nodes):
            for index in range(len(tree)):
                for number, uses in _defined_at(tree, index):
                    defined.setdefault(number, set()).update(uses)
        return defined

    @cached_property
    def _aggregated(self) -> dict[int, int]:
        """Attribute to the Aggregate node that computes it."""
        return {
            _id(tree[0]): index
            for index, node in enumerate(self.nodes)
            if _kind(node) == "Aggregate"
            for tree in _trees(node.get("aggregateExpressions"))
            if _kind(tree[0]) == "Alias"
        }


def _defined_at(tree: list[Node], index: int) -> Iterator[tuple[int, set[Use]]]:
    """The attributes that a node defines, each with what it uses."""
    node = tree[index]
    kind = _kind(node)
    if kind == "Alias":
        yield _id(node), _uses(tree[index + 1 : _end(tree, index)], How.IDENTITY)
    elif kind == "Generate":
        used = _used_by(node.get("generator"), How.TRANSFORMATION)
        yield from ((number, used) for number in _ids(node.get("generatorOutput")))
    elif kind == "Expand":
        # A row for each projection, column by column: sliding windows, rollups.
        made = _ids(node.get("output"))
        for row in node.get("projections") or ():
            uses = [_used_by(value, How.IDENTITY) for value in row]
            yield from zip(made, uses, strict=False)


def _kind(node: Node) -> str:
    return str(node["class"]).rpartition(".")[2]


def _id(node: Node) -> int:
    return int(node["exprId"]["id"])


def _trees(value: Any) -> Iterator[list[Node]]:
    """Every expression or plan in a part of the document; each is a list of its nodes."""
    if isinstance(value, list):
        if value and all(isinstance(node, dict) and "class" in node for node in value):
            yield value
        for item in value:
            yield from _trees(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _trees(item)


def _end(tree: list[Node], index: int) -> int:
    """Where the nodes below the one at an index end."""
    open_children = 1
    while open_children:
        open_children += tree[index]["num-children"] - 1
        index += 1
    return index


def _ids(value: Any) -> list[int]:
    """The attributes in a list of attributes, in order."""
    return [_id(tree[0]) for tree in _trees(value) if _kind(tree[0]) == "AttributeReference"]


def _used_by(value: Any, how: How) -> set[Use]:
    return {use for tree in _trees(value) for use in _uses(tree, how)}


def _uses(tree: list[Node], how: How) -> set[Use]:
    """The attributes that an expression uses."""
    found: set[Use] = set()

    def visit(index: int, how: How) -> int:
        node = tree[index]
        if _kind(node) == "AttributeReference":
            found.add((_id(node), how))
        after = index + 1
        for child in range(node["num-children"]):
            after = visit(after, how.then(_below(node, child)))
        return after

    if tree:
        visit(0, how)
    return found


def _below(node: Node, child: int) -> How:
    """How a node uses its child."""
    kind, children = _kind(node), int(node["num-children"])
    if kind == "Alias":
        return How.IDENTITY
    if kind == "AggregateExpression":
        # Its second child is what stands in `filter (where ...)`.
        return How.AGGREGATION if child == 0 else How.FILTER
    if kind == "WindowSpecDefinition":
        return How.WINDOW
    if kind == "If":
        return How.CONDITIONAL if child == 0 else How.TRANSFORMATION
    if kind == "CaseWhen":
        # Pairs of a condition and a value, and perhaps one more value.
        is_condition = child % 2 == 0 and child + 1 < children
        return How.CONDITIONAL if is_condition else How.TRANSFORMATION
    return How.TRANSFORMATION


def _places(union: Any) -> dict[int, tuple[int, ...]]:
    """The ids of a union's result, each with those that stand in its place in other branches."""
    outputs = [attributes(child) for child in _sequence(union.children())]
    return {
        first[0]: tuple(other[index][0] for other in outputs[1:])
        for index, first in enumerate(attributes(union))
        if all(index < len(other) for other in outputs)
    }


def attributes(plan: Any) -> list[tuple[int, str]]:
    """The ids and names of a plan's result."""
    return [(one.exprId().id(), one.name()) for one in _sequence(plan.output())]


def _sequence(of: Any) -> list[Any]:
    return [of.apply(index) for index in range(of.size())]


def leaves(plan: Any) -> list[tuple[str | None, list[tuple[int, str]]]]:
    """What a plan reads: the path, where it is files, and the ids and names of its columns."""
    return [(_path(leaf), attributes(leaf)) for leaf in _sequence(plan.collectLeaves())]


def _path(leaf: Any) -> str | None:
    """The directory a leaf reads; None of one that is no directory, or not known."""
    from py4j.protocol import Py4JError

    kind = leaf.getClass().getSimpleName()
    try:
        if kind == "LogicalRelation":
            roots = leaf.relation().location().rootPaths()
            return str(roots.apply(0).toString()) if roots.size() else None
        if kind == "StreamingRelation":
            given = leaf.dataSource().options().get("path")
            return str(given.get()) if given.isDefined() else None
        if kind == "DataSourceV2Relation":
            return str(leaf.table().path().toString())
    except Py4JError:
        # Another kind of relation, which has no such method.
        pass
    return None
