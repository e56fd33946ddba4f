"""Column lineage: which columns of which upstream table a column is computed from.

Taken from Spark's analyzed plan when a stream starts, and kept beside the stream, so that a run
with nothing new can show it without a session. A Spark Connect session does not hand out its plan:
there the last one known stays.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medallion_assets.lakehouse.json_file import write_whole
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.tables import BronzeTable, SilverTable, Table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

Lineage = Mapping[str, tuple[tuple[str, str], ...]]
"""Column to pairs of upstream table and its column."""

_FILE = "_lineage.json"


def column_lineage(lake: Lake, table: Table) -> Lineage:
    """The lineage noted by the table's last run; empty where none is known.

    A bronze column comes from the field of the same name in its landing directory, which goes by
    `landing.<name>`.
    """
    if isinstance(table, BronzeTable):
        return {
            column.name: ((f"landing.{table.source.name}", column.name),)
            for column in lake.log(table).columns()
            if not column.name.startswith("_")
        }
    path = lake.stream_directory(table) / _FILE
    if not path.is_file():
        return {}
    return {
        column: tuple((upstream, name) for upstream, name in pairs)
        for column, pairs in json.loads(path.read_text()).items()
    }


def note(
    directory: Path, table: Table, result: DataFrame, sources: Mapping[str, DataFrame]
) -> None:
    """Keep the lineage of a result beside its stream.

    Args:
        directory: the stream's checkpoint.
        table: whose result it is; its lookups are added.
        result: the transformed or aggregated frame.
        sources: upstream table to the frame the result was made from.
    """
    plan = _plan(result)
    if plan is None:
        return
    leaves = {
        number: (full_name, name)
        for full_name, frame in sources.items()
        for name, number in _outputs(frame)
    }
    traced = {
        name: sorted(_origins(number, _definitions(plan), leaves, frozenset()))
        for name, number in _outputs(result)
        if not name.startswith("_")
    }
    if isinstance(table, SilverTable):
        for lookup in table.lookups:
            for name, source in lookup.columns.items():
                traced[name] = [(lookup.table.full_name, source)]
    write_whole(directory / _FILE, traced)


def _plan(frame: DataFrame) -> Any:
    try:
        return json.loads(frame._jdf.queryExecution().analyzed().toJSON())
    except AttributeError:
        return None


def _outputs(frame: DataFrame) -> list[tuple[str, int]]:
    output = frame._jdf.queryExecution().analyzed().output()
    attributes = [output.apply(index) for index in range(output.size())]
    return [(attribute.name(), attribute.exprId().id()) for attribute in attributes]


def _definitions(plan: Any) -> dict[int, set[int]]:
    """Attribute id to the ids its defining expression refers to."""
    defined: dict[int, set[int]] = {}
    for tree in _trees(plan):
        for index, node in enumerate(tree):
            if node["class"].endswith(".Alias"):
                below = _subtree(tree, index)
                defined.setdefault(node["exprId"]["id"], set()).update(_references(below[1:]))
            elif node["class"].endswith(".Generate"):
                made = _references_of(node.get("generatorOutput"))
                for number in made:
                    refers = _references_of(node.get("generator"))
                    defined.setdefault(number, set()).update(refers)
    return defined


def _trees(value: Any) -> Iterator[list[dict[str, Any]]]:
    """Every expression or plan in the document; each is a list of its nodes, parents first."""
    if isinstance(value, list):
        if value and all(isinstance(node, dict) and "class" in node for node in value):
            yield value
        for item in value:
            yield from _trees(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _trees(item)


def _subtree(tree: list[dict[str, Any]], index: int) -> list[dict[str, Any]]:
    end, open_children = index, 1
    while open_children:
        open_children += tree[end]["num-children"] - 1
        end += 1
    return tree[index:end]


def _references(nodes: list[dict[str, Any]]) -> set[int]:
    return {node["exprId"]["id"] for node in nodes if node["class"].endswith(".AttributeReference")}


def _references_of(value: Any) -> set[int]:
    return {number for tree in _trees(value) for number in _references(tree)}


def _origins(
    number: int,
    defined: Mapping[int, set[int]],
    leaves: Mapping[int, tuple[str, str]],
    seen: frozenset[int],
) -> set[tuple[str, str]]:
    if number in leaves:
        return {leaves[number]}
    if number in seen:
        return set()
    found: set[tuple[str, str]] = set()
    for reference in defined.get(number, ()):
        found |= _origins(reference, defined, leaves, seen | {number})
    return found
