"""The columns a table promises, against those it has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from medallion_assets.lakehouse.quality.table_checks.check import Looked, TableCheck, Verdict

_SAME = {"integer": "int", "long": "bigint", "short": "smallint", "byte": "tinyint"}


@dataclass(frozen=True)
class SchemaContract(TableCheck):
    """The table has these columns with these types.

    Compared with the declaration, not with the last run: what is gone stays missing.

    Args:
        columns: name to SQL type.
        exact: whether further columns break it; columns that begin with `_` never do.
    """

    columns: Mapping[str, str]
    exact: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", MappingProxyType(dict(self.columns)))
        super().__post_init__()

    def default_name(self) -> str:
        """`schema_contract`."""
        return "schema_contract"

    @property
    def description(self) -> str:
        """One sentence."""
        return f"The table has the {len(self.columns)} columns it promises, with their types."

    def verdict(self, looked: Looked) -> Verdict:
        """Compare with the table's log."""
        there = {column.name: column.type for column in looked.log.columns()}
        missing = [name for name in self.columns if name not in there]
        changed = [
            f"{name}: {there[name]}, promised {wanted}"
            for name, wanted in self.columns.items()
            if name in there and _spelled(there[name]) != _spelled(wanted)
        ]
        more = [name for name in there if name not in self.columns and not name.startswith("_")]
        return Verdict(
            passed=not (missing or changed or (self.exact and more)),
            numbers={
                "missing": ", ".join(missing) or "none",
                "of_another_type": "; ".join(changed) or "none",
                "more": ", ".join(more) or "none",
            },
        )


def _spelled(kind: str) -> str:
    text = "".join(kind.lower().split())
    return _SAME.get(text, text)
