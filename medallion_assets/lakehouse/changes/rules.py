"""What change rows mean and which table they make: the declaration behind `apply_changes`.

The words are those of AUTO CDC, which was APPLY CHANGES before
(docs.databricks.com, create_auto_cdc_flow; Spark's declarative pipelines guide).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from medallion_assets.lakehouse.autoloader.options.nearest import nearest
from medallion_assets.lakehouse.errors import DeclarationError

if TYPE_CHECKING:
    from pyspark.sql import Column

START_AT, END_AT = "__START_AT", "__END_AT"
"""From which sequence on a version of a row holds, and up to which; null while it does."""

SEQUENCE, DELETED, TRUNCATES = "_sequence", "_deleted", "_truncates"
FINGERPRINT = "_fingerprint"
DESCRIPTIONS = {
    START_AT: "The sequence from which on this version of the row holds.",
    END_AT: "The sequence at which it ended; null while it holds.",
    SEQUENCE: "The sequence of the change the row came with, the highest of its key.",
}
"""The columns of ours that a table can have, and what they hold."""

_HISTORY = 2

OWN_COLUMNS = (START_AT, END_AT, SEQUENCE, DELETED, TRUNCATES, FINGERPRINT)
"""Columns that changes can't have, as they are made of them."""


@dataclass(frozen=True, kw_only=True)
class ChangeRules:
    """How change rows become a table.

    Args:
        keys: the columns that identify a row.
        sequence_by: what orders the changes of a key: a column, a SQL expression, or several that
            count one after the other.
        apply_as_deletes: the condition of a change that removes its key; None where none does.
        apply_as_truncates: the condition of a change that removes all rows; type 1 only.
        ignore_null_updates: whether a null leaves the value that was there.
        column_list: the columns of the table; None takes all.
        except_column_list: columns that are left out.
        stored_as_scd_type: 1 keeps the newest row of a key, 2 every version of it.
        track_history_column_list: the columns whose changes open a new version; None takes all.
        track_history_except_column_list: columns whose changes don't: the version gets their
            newest value.

    Raises:
        DeclarationError: the rules contradict each other.
    """

    keys: tuple[str, ...]
    sequence_by: tuple[str | Column, ...]
    apply_as_deletes: str | Column | None = None
    apply_as_truncates: str | Column | None = None
    ignore_null_updates: bool = False
    column_list: tuple[str, ...] | None = None
    except_column_list: tuple[str, ...] = ()
    stored_as_scd_type: int = 1
    track_history_column_list: tuple[str, ...] | None = None
    track_history_except_column_list: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.keys or len(set(self.keys)) != len(self.keys):
            raise DeclarationError("keys names the columns that identify a row, each once.")
        if not self.sequence_by:
            raise DeclarationError(
                "sequence_by is missing: without a sequence the order of arrival would decide."
            )
        if self.stored_as_scd_type not in (1, _HISTORY):
            raise DeclarationError(f"stored_as_scd_type is 1 or 2, not {self.stored_as_scd_type}.")
        tracks = self.track_history_column_list is not None
        tracks |= bool(self.track_history_except_column_list)
        if tracks and not self.has_history:
            raise DeclarationError("Type 1 has no history to track columns in; type 2 has.")
        if self.apply_as_truncates is not None and self.has_history:
            raise DeclarationError(
                "apply_as_truncates is for type 1: a history is kept, not emptied. Give the "
                "changes that end every row as apply_as_deletes, one for each key."
            )
        for whole, without in (
            ("column_list", "except_column_list"),
            ("track_history_column_list", "track_history_except_column_list"),
        ):
            if getattr(self, whole) is not None and getattr(self, without):
                raise DeclarationError(f"{whole} and {without} exclude each other.")

    @property
    def has_history(self) -> bool:
        """Whether the table has every version of a row."""
        return self.stored_as_scd_type == _HISTORY

    @property
    def keeps_events(self) -> bool:
        """Whether a later change can need earlier ones that no longer show in the table."""
        return self.has_history or self.ignore_null_updates or self.apply_as_truncates is not None

    def columns_of(self, given: Sequence[str]) -> list[str]:
        """The table's columns out of those of the changes, in their order.

        Raises:
            DeclarationError: a column is named that the changes don't have, or one of ours.
        """
        reserved = [name for name in given if name in OWN_COLUMNS]
        if reserved:
            raise DeclarationError(
                f"The changes have a column {reserved[0]}, which is made here. Rename theirs."
            )
        self._check("keys", self.keys, given)
        self._check("except_column_list", self.except_column_list, given)
        if self.column_list is None:
            kept = [name for name in given if name not in self.except_column_list]
        else:
            self._check("column_list", self.column_list, given)
            kept = [name for name in given if name in self.column_list]
        missing = [key for key in self.keys if key not in kept]
        if missing:
            raise DeclarationError(
                f"The key {missing[0]} is left out of the table's columns: without it no later "
                "change finds its row."
            )
        return kept

    def tracked(self, columns: Sequence[str]) -> list[str]:
        """Those of the table's columns whose changes open a new version.

        Raises:
            DeclarationError: a column is named that the table does not have.
        """
        values = [name for name in columns if name not in self.keys]
        untracked = self.track_history_except_column_list
        self._check("track_history_except_column_list", untracked, columns)
        if self.track_history_column_list is None:
            return [name for name in values if name not in untracked]
        self._check("track_history_column_list", self.track_history_column_list, columns)
        return [name for name in values if name in self.track_history_column_list]

    def _check(self, what: str, named: Iterable[str], known: Sequence[str]) -> None:
        for name in named:
            if name not in known:
                meant = nearest(name, known)
                hint = f" Did you mean {meant}?" if meant else ""
                raise DeclarationError(
                    f"{what} names {name}, which is no column of {', '.join(known)}.{hint}"
                )
