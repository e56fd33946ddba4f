"""From which fields of a landing directory the columns of a bronze table come."""

from __future__ import annotations

from collections.abc import Iterable

from medallion_assets.lakehouse.copy_into.statement import CopyInto
from medallion_assets.lakehouse.lineage.origin import How, Origin
from medallion_assets.lakehouse.tables import BronzeTable, CopiedDirectory


def fields_of_landing(table: BronzeTable, columns: Iterable[str]) -> dict[str, tuple[Origin, ...]]:
    """Column to the fields it comes from.

    Args:
        table: the bronze table.
        columns: its columns; those that begin with `_` are made here.
    """
    source, own = table.source, [name for name in columns if not name.startswith("_")]
    landing = f"landing.{source.name}"
    fields = {name: {name: How.IDENTITY} for name in own}
    if isinstance(source, CopiedDirectory):
        fields = _fields_of(source.copy_into, fields)
    return {
        name: tuple(Origin(landing, field, how) for field, how in fields.get(name, {}).items())
        for name in own
    }


def _fields_of(said: CopyInto, by_name: dict[str, dict[str, How]]) -> dict[str, dict[str, How]]:
    if said.by_position or (said.columns and not said.expressions):
        # Which field stands at a position only the files say.
        return {}
    if not said.expressions:
        return by_name
    selected = [_selected(one.text) for one in said.expressions]
    if any(one is None for one in selected):
        # With `*` the fields that no expression names keep their names.
        named = {one[0]: one[1] for one in selected if one is not None}
        return {**by_name, **named}
    pairs = [one for one in selected if one is not None]
    if said.columns:
        return dict(zip(said.columns, (fields for _, fields in pairs), strict=False))
    return dict(pairs)


def _selected(text: str) -> tuple[str, dict[str, How]] | None:
    """The name of an expression and the fields it is made of; None of `*`."""
    from sqlglot import exp, parse_one

    tree = parse_one(text, read="databricks")
    if tree.find(exp.Star) is not None and not isinstance(tree, exp.Alias):
        return None
    value = tree.this if isinstance(tree, exp.Alias) else tree
    how = How.IDENTITY if isinstance(value, exp.Column) else How.TRANSFORMATION
    return tree.alias_or_name, {column.name: how for column in value.find_all(exp.Column)}
