"""What every table has."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from types import MappingProxyType

from medallion_assets.lakehouse.errors import DeclarationError
from medallion_assets.lakehouse.quality.table_checks.check import TableCheck
from medallion_assets.lakehouse.tables.names import check_name

_CLUSTERING_COLUMNS = 4
_NOTHING: Mapping[str, str] = MappingProxyType({})
_NO_LINEAGE: Mapping[str, tuple[str, ...]] = MappingProxyType({})

PERSONAL_TAG = "pii"
"""The tag of a table with rows of people; its value is `true`."""


class Layer(str, Enum):
    """The three layers; also the schema (database) that holds the layer's tables."""

    BRONZE = "bronze"
    SILVER = "silver"
    GOLD = "gold"


@dataclass(frozen=True, kw_only=True)
class Table(ABC):
    """What every table has.

    Args:
        name: lower case, unique within its layer; the asset key is `<layer>/<name>`.
        description: one or two sentences for the catalog.
        owners: Dagster owners, e-mail addresses or `team:<name>`.
        tags: free key-value pairs.
        column_descriptions: column name to a sentence.
        cluster_by: up to four columns for Delta's liquid clustering.
        data_subject: whose rows these are: the name of what people go by, such as `customer_id`,
            to the SQL expression that gives it from a stored row, or to several, where one row
            has it in several places. `medallion erase` finds a person's rows by it, and the table
            is tagged `pii`. {} says that no row is a person's, None says nothing.
        checks: what has to hold of the table as a whole; each is an asset check.
        fresh_within: how long ago the table's last run may be; whether its data are fresh is for
            the check `Fresh`.
        column_lineage: column to the columns it comes from, each as `<layer>.<table>.<column>` of a
            table this one reads, of a bronze table as `landing.<source>.<field>`. Used for columns
            of which Spark's plan says nothing; for others the plan is held against it.
    """

    name: str
    description: str = ""
    owners: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    column_descriptions: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    cluster_by: tuple[str, ...] = ()
    data_subject: Mapping[str, str | tuple[str, ...]] | None = None
    checks: tuple[TableCheck, ...] = ()
    fresh_within: timedelta | None = None
    column_lineage: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: _NO_LINEAGE)

    def __post_init__(self) -> None:
        check_name(f"{self.layer.value} table", self.name)
        for mapping in ("tags", "column_descriptions", "column_lineage"):
            object.__setattr__(self, mapping, MappingProxyType(dict(getattr(self, mapping))))
        if len(self.cluster_by) > _CLUSTERING_COLUMNS:
            raise DeclarationError(
                f"{self.full_name}: Delta clusters by at most four columns, "
                f"{len(self.cluster_by)} are given. Leave the least selective ones out."
            )
        self._check_data_subject()
        self._check_column_lineage()
        names = [check.name for check in self.checks]
        if len(set(names)) != len(names):
            raise DeclarationError(
                f"{self.full_name}: two checks have the same name ({', '.join(names)}). Give one "
                "of them another with name=."
            )

    def _check_data_subject(self) -> None:
        if self.data_subject is None:
            return
        object.__setattr__(self, "data_subject", MappingProxyType(dict(self.data_subject)))
        for name in self.data_subject:
            found = self.identifying(name)
            if not name.isidentifier() or not found or not all(sql.strip() for sql in found):
                raise DeclarationError(
                    f"{self.full_name}: data_subject maps a name such as customer_id to the SQL "
                    f"expression that gives it from a row, not {name!r} to {found!r}."
                )
        if self.data_subject:
            object.__setattr__(self, "tags", MappingProxyType({**self.tags, PERSONAL_TAG: "true"}))

    def _check_column_lineage(self) -> None:
        known = self.lineage_sources
        for column, given in self.column_lineage.items():
            origins: object = given
            if isinstance(origins, str):
                raise DeclarationError(
                    f"{self.full_name}: column_lineage maps {column!r} to the text {origins!r}; "
                    f"give a tuple: ({origins!r},)."
                )
            for origin in given:
                table, _, name = origin.rpartition(".")
                if not name or not any(origin.startswith(f"{one}.") for one in known):
                    raise DeclarationError(
                        f"{self.full_name}: column_lineage says that {column!r} comes from "
                        f"{origin!r}, and {table or origin!r} is nothing the table reads. Give "
                        f"<table>.<column> of one of: {', '.join(known)}."
                    )

    @property
    @abstractmethod
    def layer(self) -> Layer:
        """The layer the table belongs to."""

    @property
    def full_name(self) -> str:
        """`<layer>.<name>`, as Spark SQL calls it."""
        return f"{self.layer.value}.{self.name}"

    @property
    def upstream(self) -> tuple[Table, ...]:
        """The tables this one reads, in declaration order."""
        return ()

    @property
    def is_personal(self) -> bool:
        """Whether rows are people's, and so not for an event log."""
        return self.tags.get(PERSONAL_TAG) == "true"

    @property
    def lineage_sources(self) -> tuple[str, ...]:
        """What columns can come from: the tables this one reads; of bronze the landing source."""
        return tuple(dict.fromkeys(table.full_name for table in self.upstream))

    def identifying(self, name: str) -> tuple[str, ...]:
        """The expressions that give what people go by under a name; () where none is declared."""
        given = (self.data_subject or {}).get(name, ())
        return (given,) if isinstance(given, str) else tuple(given)
