"""What every table has."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType

from medallion_assets.lakehouse.errors import DeclarationError
from medallion_assets.lakehouse.tables.names import check_name

_CLUSTERING_COLUMNS = 4
_NOTHING: Mapping[str, str] = MappingProxyType({})


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
    """

    name: str
    description: str = ""
    owners: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    column_descriptions: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    cluster_by: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_name(f"{self.layer.value} table", self.name)
        for mapping in ("tags", "column_descriptions"):
            object.__setattr__(self, mapping, MappingProxyType(dict(getattr(self, mapping))))
        if len(self.cluster_by) > _CLUSTERING_COLUMNS:
            raise DeclarationError(
                f"{self.full_name}: Delta clusters by at most four columns, "
                f"{len(self.cluster_by)} are given. Leave the least selective ones out."
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
