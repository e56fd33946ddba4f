"""A table of cleaned, deduplicated and augmented rows."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING

from medallion_assets.lakehouse.changes.rules import START_AT, ChangeRules
from medallion_assets.lakehouse.errors import DeclarationError
from medallion_assets.lakehouse.quality.expectations import Action, Expectation
from medallion_assets.lakehouse.tables.bronze_table import BronzeTable
from medallion_assets.lakehouse.tables.kafka_topics import KafkaTopics
from medallion_assets.lakehouse.tables.table import Layer, Table
from medallion_assets.lakehouse.tables.watermark import Watermark

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


class OutputMode(str, Enum):
    """How a streaming query's result reaches its table, as Structured Streaming defines it."""

    APPEND = "append"
    UPDATE = "update"
    COMPLETE = "complete"


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
    types: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        for mapping in ("columns", "types"):
            object.__setattr__(self, mapping, MappingProxyType(dict(getattr(self, mapping))))
        if self.table.stored_as_scd_type != 1:
            raise DeclarationError(
                f"{self.table.full_name} has every version of a row: a lookup could find several. "
                "Look up in a table of type 1."
            )
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
        transform: gets and returns a *streaming* DataFrame: windows, joins and deduplication work.
            Columns that start with `_` are seen by expectations and kept in
            the quarantine, not in the table.
        keys: where given, rows are merged by these columns; else they are appended.
        sequence_by: the columns that order the changes of one key; the highest wins, whatever the
            order of arrival.
        apply_as_deletes: a SQL condition; a winning row for which it holds removes the key.
        ignore_null_updates: whether a null leaves the value that was there.
        stored_as_scd_type: 1 keeps the newest row of a key; 2 every version of it, with
            `__START_AT` and `__END_AT`.
        track_history_column_list: the columns whose changes open a new version; None takes all.
        track_history_except_column_list: columns whose changes don't.
        expectations: rules for every transformed row.
        lookups: columns taken from other silver tables.
        output_mode: append (default); update merges by `keys` what a streaming aggregation
            changed; complete replaces the table with the aggregation's whole result.
        joins: argument name of `transform` to a further table that is streamed.
        watermarks: name of a join, or of the source, to its watermark; set before the transform.
        deletion_vectors: whether a merge marks the rows it replaces instead of writing their files
            again, for large tables whose changes come all over; readers have to know the feature.
    """

    source: BronzeTable | SilverTable
    transform: Callable[..., DataFrame]
    keys: tuple[str, ...] = ()
    sequence_by: tuple[str, ...] = ()
    apply_as_deletes: str | None = None
    ignore_null_updates: bool = False
    stored_as_scd_type: int = 1
    track_history_column_list: tuple[str, ...] | None = None
    track_history_except_column_list: tuple[str, ...] = ()
    expectations: tuple[Expectation, ...] = ()
    lookups: tuple[Lookup, ...] = ()
    output_mode: OutputMode = OutputMode.APPEND
    joins: Mapping[str, BronzeTable | SilverTable] = field(
        default_factory=lambda: MappingProxyType({})
    )
    watermarks: Mapping[str, Watermark] = field(default_factory=lambda: MappingProxyType({}))
    deletion_vectors: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        for mapping in ("joins", "watermarks"):
            object.__setattr__(self, mapping, MappingProxyType(dict(getattr(self, mapping))))
        names = [expectation.name for expectation in self.expectations]
        if len(set(names)) != len(names):
            raise DeclarationError(f"{self.full_name}: two expectations have the same name.")
        if self.output_mode is OutputMode.UPDATE and not self.keys:
            raise DeclarationError(
                f"{self.full_name}: output mode update needs `keys`, the columns that identify "
                "a group, because Delta merges by them."
            )
        if self.output_mode is OutputMode.UPDATE and (
            self.expectations or self.sequence_by or self.apply_as_deletes or self.lookups
        ):
            raise DeclarationError(
                f"{self.full_name}: output mode update replaces a group's row with its new result; "
                "expectations, sequence_by, apply_as_deletes and lookups have no meaning there. "
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
        if (self.apply_as_deletes or self.lookups) and not self.keys:
            raise DeclarationError(f"{self.full_name}: apply_as_deletes and lookups need `keys`.")
        if self.change_rules is not None and self.change_rules.keeps_events and self.lookups:
            raise DeclarationError(
                f"{self.full_name}: a looked-up value has no place in a history, as it changes "
                "without a change of the row. Look it up in a table of type 1, or in gold."
            )
        if self.deletion_vectors and not self.keys:
            raise DeclarationError(
                f"{self.full_name}: deletion_vectors needs `keys`: rows that are appended, or all "
                "replaced at once, leave nothing to mark."
            )
        self._check_streams()

    def _check_streams(self) -> None:
        names = [stream.full_name for stream in (self.source, *self.joins.values())]
        if len(set(names)) != len(names) or self.source.name in self.joins:
            raise DeclarationError(
                f"{self.full_name} streams {', '.join(names)}: each table once, and under names of "
                "their own. To join a stream with itself, use it twice in the transform."
            )
        try:
            inspect.signature(self.transform).bind(None, **self.joins)
        except TypeError as error:
            given = "".join(f", {name}=..." for name in self.joins)
            raise DeclarationError(
                f"{self.full_name}: the transform is called with the rows of "
                f"{self.source.full_name}{given}: {error}."
            ) from error
        for stream in self.streams.values():
            if isinstance(stream, SilverTable) and stream.merges:
                raise DeclarationError(
                    f"{self.full_name} streams {stream.full_name}, whose rows change in place. "
                    "Stream its source instead and look the rest up, or make this a gold table."
                )
        if self.output_mode is not OutputMode.APPEND or self.joins or self.watermarks:
            for stream in self.streams.values():
                source = stream.source if isinstance(stream, BronzeTable) else None
                if isinstance(source, KafkaTopics) and source.infers_values:
                    raise DeclarationError(
                        f"{self.full_name} needs {stream.full_name} as a stream, and the values of "
                        "its events are decoded one micro-batch at a time, as their fields are not "
                        "known before: declare value_schema."
                    )
        unknown = sorted(self.watermarks.keys() - self.streams.keys())
        if unknown:
            raise DeclarationError(
                f"{self.full_name}: watermarks for {', '.join(unknown)}; its streams are "
                f"{', '.join(self.streams)}."
            )
        if self.watermarks and self.output_mode is OutputMode.COMPLETE:
            raise DeclarationError(
                f"{self.full_name}: in output mode complete Spark keeps every group for ever, and "
                "no row is late. Leave the watermarks out, or use update."
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
    def change_rules(self) -> ChangeRules | None:
        """How rows are merged by their keys; None where they are not.

        Raises:
            DeclarationError: the rules contradict each other.
        """
        if not self.keys or not self.sequence_by:
            return None
        return ChangeRules(
            keys=self.keys,
            sequence_by=self.sequence_by,
            apply_as_deletes=self.apply_as_deletes,
            ignore_null_updates=self.ignore_null_updates,
            stored_as_scd_type=self.stored_as_scd_type,
            track_history_column_list=self.track_history_column_list,
            track_history_except_column_list=self.track_history_except_column_list,
        )

    @property
    def identity(self) -> tuple[str, ...]:
        """The columns whose values together are in one row only; () where rows are appended."""
        rules = self.change_rules
        return (*self.keys, START_AT) if rules is not None and rules.has_history else self.keys

    @property
    def has_quarantine(self) -> bool:
        """Whether any rule sends rows to the quarantine table."""
        return any(rule.action is Action.QUARANTINE for rule in self.expectations)

    @property
    def quarantine_name(self) -> str:
        """The name of the quarantine table, in the same layer."""
        return f"{self.name}_quarantine"

    @property
    def late_name(self) -> str:
        """The name of the table of late rows, in the same layer."""
        return f"{self.name}_late"

    @property
    def side_tables(self) -> tuple[str, ...]:
        """The names of the tables that its stream writes beside it, in the same layer."""
        quarantine = (self.quarantine_name,) if self.has_quarantine else ()
        return (*quarantine, self.late_name) if self.watermarks else quarantine

    @property
    def streams(self) -> Mapping[str, BronzeTable | SilverTable]:
        """Every streamed table by its name in `watermarks`: the source first."""
        return {self.source.name: self.source, **self.joins}

    @property
    def upstream(self) -> tuple[Table, ...]:
        """The streamed tables, then the looked-up ones."""
        return (*self.streams.values(), *(lookup.table for lookup in self.lookups))
