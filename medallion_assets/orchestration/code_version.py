"""A table's code version: it changes when, and only when, its declaration or transform changes."""

from __future__ import annotations

import dataclasses
import hashlib
import inspect
import json
from collections.abc import Callable, Mapping
from typing import Any

from medallion_assets.lakehouse.tables import Table

# What the catalog shows, whose a row is and what is checked afterwards does not change it.
_DESCRIPTIVE = frozenset(
    {
        *("description", "owners", "tags", "column_descriptions", "column_lineage"),
        *("data_subject", "checks", "fresh_within", "warn_above", "block_above"),
    }
)


def code_version(table: Table) -> str:
    """A short hash of everything that decides the table's rows.

    Functions count with their source text. Tables that are read count by name only: they have code
    versions of their own.
    """
    declared = {
        field.name: _plain(getattr(table, field.name))
        for field in dataclasses.fields(table)
        if field.name not in _DESCRIPTIVE
    }
    spelled = json.dumps([type(table).__name__, declared], sort_keys=True)
    return hashlib.sha256(spelled.encode()).hexdigest()[:12]


def _plain(value: Any) -> Any:
    if isinstance(value, Table):
        return value.full_name
    if dataclasses.is_dataclass(value):
        return {
            field.name: _plain(getattr(value, field.name))
            for field in dataclasses.fields(value)
            if field.name not in _DESCRIPTIVE
        }
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    # An Enum of strings is spelled as its value by JSON.
    return _source(value) if callable(value) else value


def _source(function: Callable[..., Any]) -> str:
    try:
        return inspect.getsource(function)
    except (OSError, TypeError):
        # Made without a file, in a shell for example.
        code = getattr(function, "__code__", None)
        return code.co_code.hex() if code is not None else repr(type(function))
