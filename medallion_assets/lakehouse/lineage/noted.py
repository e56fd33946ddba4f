"""What a stream's plan says of lineage, kept beside its checkpoint."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medallion_assets.lakehouse.json_file import write_whole
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.lineage.origin import How, Origin
from medallion_assets.lakehouse.lineage.plan import Plan, attributes, leaves
from medallion_assets.lakehouse.tables import SilverTable, Table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_FILE = "_lineage.json"
_FORMAT = 2
"""Before it, the file was nothing but column to pairs of table and column."""


@dataclass(frozen=True)
class Noted:
    """What a plan said.

    Attributes:
        columns: column to its origins, direct ones first.
        rows: what decides which rows there are.
        undeclared: what was read besides the declared upstream tables: tables of the lake by name,
            else paths.
    """

    columns: Mapping[str, tuple[Origin, ...]]
    rows: tuple[Origin, ...] = ()
    undeclared: tuple[str, ...] = ()


def note(lake: Lake, table: Table, result: DataFrame, sources: Mapping[str, DataFrame]) -> None:
    """Keep the lineage of a result beside its stream; nothing where there is no plan to read.

    Args:
        lake: where the stream is.
        table: whose result it is; its lookups are added.
        result: the transformed or aggregated frame.
        sources: upstream table to the frame the result was made from.
    """
    plan = Plan.of(result)
    if plan is None:
        return
    read = _Read.of(result, sources)
    traced = {
        name: plan.origins(number, read.columns)
        for number, name in attributes(_analyzed(result))
        if not name.startswith("_")
    }
    if isinstance(table, SilverTable):
        traced |= _looked_up(table, traced)
    known = {_plain(str(lake.path(upstream))) for upstream in table.upstream}
    undeclared = sorted(_named(lake, path) for path in read.others - known)
    content = {
        "format": _FORMAT,
        "columns": {name: _spelled(origins) for name, origins in traced.items()},
        "rows": _spelled(plan.deciding(read.columns)),
        "undeclared": undeclared,
    }
    write_whole(lake.stream_directory(table) / _FILE, content)


def noted(lake: Lake, table: Table) -> Noted | None:
    """What the plan of the table's last run with new rows said; None where none is known."""
    path = lake.stream_directory(table) / _FILE
    if not path.is_file():
        return None
    content = json.loads(path.read_text())
    if content.get("format") != _FORMAT:
        return Noted({name: _read_back(pairs) for name, pairs in content.items()})
    return Noted(
        columns={name: _read_back(origins) for name, origins in content["columns"].items()},
        rows=_read_back(content["rows"]),
        undeclared=tuple(content["undeclared"]),
    )


@dataclass(frozen=True)
class _Read:
    """What a frame reads.

    Attributes:
        columns: attribute to the upstream table and column.
        others: the paths of what is no source.
    """

    columns: Mapping[int, tuple[str, str]]
    others: frozenset[str]

    @classmethod
    def of(cls, result: DataFrame, sources: Mapping[str, DataFrame]) -> _Read:
        columns: dict[int, tuple[str, str]] = {}
        tables: dict[str, str] = {}
        for table, frame in sources.items():
            analyzed = _analyzed(frame)
            paths = {_plain(path) for path, _ in leaves(analyzed) if path is not None}
            tables |= dict.fromkeys(paths, table)
            if not paths:
                # A micro-batch, which is no longer known to be a table's.
                columns |= {number: (table, name) for number, name in attributes(analyzed)}
        others = set()
        for path, found in leaves(_analyzed(result)):
            if path is None:
                continue
            # By its path, as a source that is read twice has other ids the second time.
            table_read = tables.get(_plain(path))
            if table_read is None:
                others.add(_plain(path))
            else:
                columns |= {number: (table_read, name) for number, name in found}
        return cls(columns, frozenset(others))


def _analyzed(frame: DataFrame) -> Any:
    return frame._jdf.queryExecution().analyzed()


def _looked_up(
    table: SilverTable, traced: Mapping[str, Iterable[Origin]]
) -> dict[str, set[Origin]]:
    """The columns of lookups, which are joined when the rows are written."""
    found = {}
    for lookup in table.lookups:
        keys = {Origin(lookup.table.full_name, lookup.key, How.JOIN)}
        keys |= {
            Origin(origin.table, origin.column, How.JOIN)
            for origin in traced.get(lookup.on_column, ())
            if origin.how.is_direct
        }
        for name, source in lookup.columns.items():
            found[name] = {Origin(lookup.table.full_name, source, How.IDENTITY), *keys}
    return found


def _plain(path: str) -> str:
    return re.sub(r"^file:(//)?(?=/)", "", path).rstrip("/")


def _named(lake: Lake, path: str) -> str:
    """A path as the name of a table, where it is one of the lake's."""
    parts = Path(path).relative_to(lake.root).parts if Path(path).is_relative_to(lake.root) else ()
    return ".".join(parts) if len(parts) == len(("layer", "name")) else path


def _spelled(origins: Iterable[Origin]) -> list[tuple[str, str, str]]:
    ordered = sorted(origins, key=lambda one: (not one.how.is_direct, one))
    return [(one.table, one.column, one.how.value) for one in ordered]


def _read_back(spelled: Iterable[list[str]]) -> tuple[Origin, ...]:
    return tuple(Origin(table, column, *map(How, how)) for table, column, *how in spelled)
