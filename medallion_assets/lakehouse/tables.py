"""What a table is: frozen declarations, without Spark and without Dagster.

A declaration says where rows come from, how they are cleaned, which row of a key wins and what
must hold. Everything else (stream, checkpoint, quarantine, asset, sensor, checks, metadata,
lineage) follows from it. A mistake in a declaration raises `DeclarationError` when the module
that holds it is imported.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING

from medallion_assets.lakehouse.autoloader.options import CloudFilesOptions, FileFormat
from medallion_assets.lakehouse.copy_into.statement import CopyInto, TableName
from medallion_assets.lakehouse.errors import DeclarationError
from medallion_assets.lakehouse.quality.expectations import Action, Expectation

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_CLUSTERING_COLUMNS = 4
_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
_NOTHING: Mapping[str, str] = MappingProxyType({})


class Layer(str, Enum):
    """The three layers; also the schema (database) that holds the layer's tables."""

    BRONZE = "bronze"
    SILVER = "silver"
    GOLD = "gold"


class OutputMode(str, Enum):
    """How a streaming query's result reaches its table, as Structured Streaming defines it."""

    APPEND = "append"
    UPDATE = "update"
    COMPLETE = "complete"


@dataclass(frozen=True, kw_only=True)
class LandingDirectory:
    """A directory in which files land.

    Args:
        name: the sub-directory of the landing root.
        format: json, csv, parquet or avro.
        schema: a DDL string; None means the schema is inferred, stored and evolved.
        options: `cloudFiles.*` options and the format's own Spark reader options.
        description: shown on the landing asset.

    Raises:
        DeclarationError: the name leaves the landing root or is not a plain directory name.
        OptionError: an option is unknown or inconsistent.
    """

    name: str
    format: FileFormat
    schema: str | None = None
    options: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    description: str = ""

    def __post_init__(self) -> None:
        _check_name("Landing directory", self.name)
        object.__setattr__(self, "options", MappingProxyType(dict(self.options)))
        self.cloud_files_options()

    @property
    def is_inferred(self) -> bool:
        """Whether the schema is inferred, stored and evolved."""
        return self.schema is None

    def cloud_files_options(self) -> CloudFilesOptions:
        """The options as Auto Loader understands them."""
        given = {"cloudFiles.format": self.format, **self.options}
        if self.schema is None:
            # A lakehouse wants typed columns; the all-string default of the option is for
            # `read_stream`, which follows the documented one.
            given.setdefault("cloudFiles.inferColumnTypes", "true")
        return CloudFilesOptions.parse(given, has_schema=self.schema is not None)


@dataclass(frozen=True, kw_only=True)
class CopiedDirectory(LandingDirectory):
    """A directory whose files a COPY INTO statement loads.

    Args:
        name: the sub-directory of the landing root; the statement's source.
        statement: COPY INTO, with `bronze.<table>` as its target and the directory's name as its
            source: both are where the lake is.

    Raises:
        DeclarationError: the statement has another source, validates, or forces.
        StatementError: it is none.
        OptionError: an option is unknown or inconsistent, or Auto Loader's.
    """

    format: FileFormat = "csv"
    statement: str = ""

    def __post_init__(self) -> None:
        said = self.copy_into()
        object.__setattr__(self, "format", said.file_format)
        if said.source != self.name or self.options or self.schema is not None:
            raise DeclarationError(
                f"{self.name}: COPY INTO {said.target.sql()} reads {said.source!r}. Its source is "
                "the directory's name, and schema and options stand in the statement."
            )
        if said.validate is not None or any(n.lower() == "force" for n, _ in said.copy_options):
            raise DeclarationError(
                f"{self.name}: an asset's COPY INTO is run again and again; VALIDATE would load "
                "nothing, and 'force' every file each time. Use `medallion copy-into` for them."
            )
        super().__post_init__()

    @property
    def is_inferred(self) -> bool:
        """False: the table's own columns are the schema."""
        return False

    def copy_into(self) -> CopyInto:
        """The statement."""
        from medallion_assets.lakehouse.copy_into.parser import parse

        return parse(self.statement)

    def cloud_files_options(self) -> CloudFilesOptions:
        """The options by which files are found and read."""
        from medallion_assets.lakehouse.copy_into.options import CopyOptions

        return CopyOptions.of(self.copy_into()).reading


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
        _check_name(f"{self.layer.value} table", self.name)
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


@dataclass(frozen=True, kw_only=True)
class BronzeTable(Table):
    """Everything that landed, raw: one row a record, plus where it came from.

    Columns added to the source's own: `_rescued_data`, `_corrupt_record`, `_file_path`,
    `_file_modification_time`, `_ingested_at`, `_batch`.
    """

    source: LandingDirectory

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.source, CopiedDirectory):
            target = self.source.copy_into().target
            if not isinstance(target, TableName) or target.parts != ("bronze", self.name):
                raise DeclarationError(
                    f"{self.full_name} is loaded by COPY INTO {target.sql()}: the statement's "
                    f"target has to be {self.full_name}."
                )

    @property
    def layer(self) -> Layer:
        """Bronze."""
        return Layer.BRONZE


@dataclass(frozen=True, kw_only=True)
class Lookup:
    """Columns taken from another silver table by key: the augmentation of a row.

    The rows of the table follow the looked-up table: when a customer changes or arrives after its
    orders, the orders' columns are corrected in the next run.

    Args:
        table: the looked-up table, merged by exactly the column `key`.
        key: the column of the looked-up table.
        on: the column of this table that holds the key; the same name where it is None.
        columns: column of this table to column of the looked-up table.
        types: SQL types of those columns that aren't strings; they are needed only for a table
            that may be filled before the looked-up one exists.
    """

    table: SilverTable
    columns: Mapping[str, str]
    key: str
    on: str | None = None
    types: Mapping[str, str] = field(default_factory=lambda: _NOTHING)

    def __post_init__(self) -> None:
        for mapping in ("columns", "types"):
            object.__setattr__(self, mapping, MappingProxyType(dict(getattr(self, mapping))))
        if self.table.keys != (self.key,):
            raise DeclarationError(
                f"A lookup in {self.table.full_name} goes by its key {self.table.keys}, "
                f"not by {self.key!r}: otherwise one row could find several."
            )

    @property
    def on_column(self) -> str:
        """The column of the augmented table that holds the key."""
        return self.on or self.key


@dataclass(frozen=True, kw_only=True)
class SilverTable(Table):
    """Cleaned, deduplicated and augmented rows.

    Args:
        source: the table that is streamed.
        transform: gets and returns a *streaming* DataFrame: watermarks, windows, joins and
            deduplication work. Columns that start with `_` are seen by expectations and kept in
            the quarantine, not in the table.
        keys: where given, rows are merged by these columns; else they are appended.
        sequence_by: the columns that order the changes of one key; the highest wins, whatever the
            order of arrival.
        delete_when: a SQL condition; a winning row for which it holds removes the key.
        expectations: rules for every transformed row.
        lookups: columns taken from other silver tables.
        output_mode: append (default); update merges by `keys` what a streaming aggregation
            changed; complete replaces the table with the aggregation's whole result.
    """

    source: BronzeTable | SilverTable
    transform: Callable[[DataFrame], DataFrame]
    keys: tuple[str, ...] = ()
    sequence_by: tuple[str, ...] = ()
    delete_when: str | None = None
    expectations: tuple[Expectation, ...] = ()
    lookups: tuple[Lookup, ...] = ()
    output_mode: OutputMode = OutputMode.APPEND

    def __post_init__(self) -> None:
        super().__post_init__()
        names = [expectation.name for expectation in self.expectations]
        if len(set(names)) != len(names):
            raise DeclarationError(f"{self.full_name}: two expectations have the same name.")
        if self.output_mode is OutputMode.UPDATE and not self.keys:
            raise DeclarationError(
                f"{self.full_name}: output mode update needs `keys`, the columns that identify "
                "a group, because Delta merges by them."
            )
        if self.output_mode is OutputMode.UPDATE and (
            self.expectations or self.sequence_by or self.delete_when or self.lookups
        ):
            raise DeclarationError(
                f"{self.full_name}: output mode update replaces a group's row with its new result; "
                "expectations, sequence_by, delete_when and lookups have no meaning there. "
                "Declare them on a table of the rows before they are aggregated."
            )
        if self.output_mode is OutputMode.COMPLETE and (self.keys or self.expectations):
            raise DeclarationError(
                f"{self.full_name}: output mode complete replaces the whole table every time; "
                "keys and expectations have no meaning there."
            )
        if self.output_mode is OutputMode.APPEND and bool(self.keys) != bool(self.sequence_by):
            raise DeclarationError(
                f"{self.full_name}: `keys` and `sequence_by` go together: without a sequence "
                "the winning row of a key would depend on the order of arrival."
            )
        if (self.delete_when or self.lookups) and not self.keys:
            raise DeclarationError(f"{self.full_name}: delete_when and lookups need `keys`.")
        if isinstance(self.source, SilverTable) and self.source.merges:
            raise DeclarationError(
                f"{self.full_name} streams {self.source.full_name}, whose rows change in place. "
                "Stream its source instead and look the rest up, or make this a gold table."
            )

    @property
    def layer(self) -> Layer:
        """Silver."""
        return Layer.SILVER

    @property
    def merges(self) -> bool:
        """Whether rows of this table change after they were written."""
        return bool(self.keys) or self.output_mode is OutputMode.COMPLETE

    @property
    def has_quarantine(self) -> bool:
        """Whether any rule sends rows to the quarantine table."""
        return any(rule.action is Action.QUARANTINE for rule in self.expectations)

    @property
    def quarantine_name(self) -> str:
        """The name of the quarantine table, in the same layer."""
        return f"{self.name}_quarantine"

    @property
    def upstream(self) -> tuple[Table, ...]:
        """The streamed source, then the looked-up tables."""
        return (self.source, *(lookup.table for lookup in self.lookups))


@dataclass(frozen=True, kw_only=True)
class GoldTable(Table):
    """An aggregate that follows its sources: only the groups that changed are computed again.

    Args:
        sources: argument name of `query` to the silver table it gets.
        group_by: group column to the SQL expression that computes it from a source's row; a
            mapping of source name to expression where the sources differ.
        query: an ordinary batch query over the sources, each with the group columns added. It
            gets the rows of the changed groups only, so a result row may depend on nothing but
            rows of its own group. Its result has the group columns, one row a group.
    """

    sources: Mapping[str, SilverTable]
    group_by: Mapping[str, str | Mapping[str, str]]
    query: Callable[..., DataFrame]

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.sources or not self.group_by:
            raise DeclarationError(f"{self.full_name} needs `sources` and `group_by`.")
        for column, expression in self.group_by.items():
            if not isinstance(expression, str) and set(expression) != set(self.sources):
                raise DeclarationError(
                    f"{self.full_name}: group column {column!r} names the sources "
                    f"{sorted(expression)}, the table has {sorted(self.sources)}."
                )
        object.__setattr__(self, "sources", MappingProxyType(dict(self.sources)))
        object.__setattr__(self, "group_by", MappingProxyType(dict(self.group_by)))

    @property
    def layer(self) -> Layer:
        """Gold."""
        return Layer.GOLD

    @property
    def upstream(self) -> tuple[Table, ...]:
        """The aggregated tables."""
        return tuple(self.sources.values())

    def group_expressions(self, source: str) -> dict[str, str]:
        """Group column to its SQL expression over the named source."""
        return {
            column: expression if isinstance(expression, str) else expression[source]
            for column, expression in self.group_by.items()
        }


@dataclass(frozen=True)
class Lakehouse:
    """All declarations, in an order in which every table stands after what it reads."""

    tables: tuple[Table, ...]

    def __post_init__(self) -> None:
        names = [table.full_name for table in self.tables]
        names += [
            f"silver.{table.quarantine_name}"
            for table in self.tables
            if isinstance(table, SilverTable) and table.has_quarantine
        ]
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            raise DeclarationError(f"Declared twice: {', '.join(doubled)}. Rename one of each.")
        sources = [table.source.name for table in self.tables if isinstance(table, BronzeTable)]
        shared = sorted({name for name in sources if sources.count(name) > 1})
        if shared:
            raise DeclarationError(
                f"Landing directories with two bronze tables: {', '.join(shared)}. "
                "One stream reads a directory; derive the second table from the first."
            )

    @classmethod
    def from_modules(cls, *modules: ModuleType) -> Lakehouse:
        """Collect every table that is a module-level name, and what those tables read."""
        declared = [
            value
            for module in modules
            for value in vars(module).values()
            if isinstance(value, Table)
        ]
        return cls.from_tables(declared)

    @classmethod
    def from_tables(cls, tables: Iterable[Table]) -> Lakehouse:
        """Order the tables, and what they read, by dependency."""
        declared = list(tables)
        ordered: dict[int, Table] = {}

        def visit(table: Table) -> None:
            if id(table) not in ordered:
                for upstream in table.upstream:
                    visit(upstream)
                ordered[id(table)] = table

        for layer in Layer:
            for table in declared:
                if table.layer is layer:
                    visit(table)
        return cls(tuple(ordered.values()))

    def table(self, full_name: str) -> Table:
        """The table called `<layer>.<name>`.

        Raises:
            DeclarationError: there is none; the message lists those there are.
        """
        for table in self.tables:
            if table.full_name == full_name:
                return table
        known = ", ".join(table.full_name for table in self.tables)
        raise DeclarationError(f"There is no table {full_name!r}. Declared are: {known}.")

    def downstream(self, table: Table) -> tuple[Table, ...]:
        """The table and everything that directly or indirectly reads it, in order."""
        reached = {table.full_name}
        for candidate in self.tables:
            if any(upstream.full_name in reached for upstream in candidate.upstream):
                reached.add(candidate.full_name)
        return tuple(candidate for candidate in self.tables if candidate.full_name in reached)


def _check_name(what: str, name: str) -> None:
    if not _NAME.match(name):
        raise DeclarationError(
            f"{what} {name!r}: a name is lower-case letters, digits and underscores and starts "
            "with a letter, because it is also a directory and part of an asset key."
        )
