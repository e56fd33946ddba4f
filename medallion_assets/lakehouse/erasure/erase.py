"""Erase people: their rows, what was made of them, their old files, their values in the logs.

In this order, of which each step can be broken off and is completed by the same command again:

1. Every stream is run first: what waits unread in old files is read before those go.
2. Table by table, each after those it reads: its stream follows what was erased before it, its own
   rows are deleted, and its log gets a checkpoint.
3. Each stream takes one more commit, so that none asks for an entry before the checkpoint.
4. Old files are vacuumed, and the logs' entries before the checkpoints removed.
5. Tables and files are looked through again.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from medallion_assets.lakehouse import locks
from medallion_assets.lakehouse.erasure import old_files
from medallion_assets.lakehouse.erasure.found import Found, look
from medallion_assets.lakehouse.erasure.identifiers import Identifier
from medallion_assets.lakehouse.erasure.landing import held_files
from medallion_assets.lakehouse.erasure.notes import notes
from medallion_assets.lakehouse.erasure.old_files import LogBeginning
from medallion_assets.lakehouse.erasure.person_rows import person_rows
from medallion_assets.lakehouse.erasure.records import (
    HeldFile,
    HeldState,
    Record,
    standing_files,
    standing_states,
)
from medallion_assets.lakehouse.erasure.report import Erased, Erasure
from medallion_assets.lakehouse.erasure.stores import Store, check_there, concerned, stores_of
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.materialize import materialize_held, never, quiet
from medallion_assets.lakehouse.run import Run
from medallion_assets.lakehouse.streams.trigger import AVAILABLE_NOW
from medallion_assets.lakehouse.tables import BronzeTable, Lakehouse, SilverTable, Table

if TYPE_CHECKING:
    from pyspark.sql import Column, SparkSession

STATE = "state"
"""In a checkpoint: what a stream remembers of rows it has taken."""


def erase(
    lakehouse: Lakehouse,
    lake: Lake,
    session: Callable[[], SparkSession],
    identifiers: Sequence[Identifier],
    *,
    unreadable: bool = False,
    owner: str = "an erasure",
    progress: Callable[[str], None] = quiet,
) -> Erasure:
    """Erase people from every table below the lake that has rows of theirs, or is made of such.

    Nothing of it can be undone. Readers that hold an older version of a table fail; the engine's
    own streams go on.

    Args:
        lakehouse: all declarations.
        lake: where the tables are.
        session: gives the session.
        identifiers: what the people go by; a row of any of them is erased.
        unreadable: whether to erase rows that do not say whose they are and have raw text, too.
        owner: who erases, for another run's message.
        progress: told of every step.

    Returns:
        What was done, and what a last look found.

    Raises:
        OptionError: no table goes by such a name, or has such values of it, or is there.
        DeclarationError: a declared expression can't be computed from its table.
        TableLockedError: another run holds one of the tables. Trying again helps.
    """
    tables = concerned(lakehouse, identifiers)
    check_there(tables, lake)
    with ExitStack() as held:
        for table in tables:
            held.enter_context(locks.hold(lake.lock_path(table), table.full_name, owner))
        run = Run(lake, session, AVAILABLE_NOW, progress, never)
        return _Erasing(lakehouse, tables, run, tuple(identifiers), unreadable).erase()


def survey(
    lakehouse: Lakehouse,
    lake: Lake,
    session: Callable[[], SparkSession],
    identifiers: Sequence[Identifier],
) -> dict[str, Found]:
    """What there is of people now, by the name of each store; nothing is changed.

    Args:
        lakehouse: all declarations.
        lake: where the tables are.
        session: gives the session.
        identifiers: what the people go by.

    Raises:
        OptionError: no table goes by such a name, or has such values of it, or is there.
        DeclarationError: a declared expression can't be computed from its table.
    """
    tables = concerned(lakehouse, identifiers)
    check_there(tables, lake)
    return {
        store.name: look(session(), store, identifiers, files=True)
        for table in tables
        for store in stores_of(table, lake)
    }


@dataclass(frozen=True)
class _Erasing:
    """One erasure; the locks of its tables are held."""

    lakehouse: Lakehouse
    tables: tuple[Table, ...]
    run: Run
    identifiers: tuple[Identifier, ...]
    unreadable: bool

    def erase(self) -> Erasure:
        """All steps."""
        lake = self.run.lake
        for table in self.tables:
            self._run(table)
        stores = [store for table in self.tables for store in stores_of(table, lake)]
        before = {store: self._look(store, files=False) for store in stores}
        record = Record.begin(lake, self._names, self._files(before), self._states(before))
        self._forget_what_is_superseded()
        begun = {}
        for table in self.tables:
            self._follow(table)
            for store in (store for store in stores if store.table is table):
                self._delete(store, before[store])
                begun[store] = old_files.begin_log(self.run.session(), store.path)
        for table in self.tables:
            self._follow(table)
            for store in (store for store in stores if store.table is table):
                old_files.end_log(self.run.session(), store.path, begun[store])
        removed = {store: self._clean(store, begun[store]) for store in stores}
        done = self._done(stores, before, removed, record)
        record.end(done.outcome())
        return done

    @property
    def _names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(identifier.name for identifier in self.identifiers))

    def _look(self, store: Store, *, files: bool) -> Found:
        return look(self.run.session(), store, self.identifiers, files=files)

    def _files(self, before: Mapping[Store, Found]) -> list[HeldFile]:
        """The landing files that the rows to erase came from."""
        return [
            file
            for store, found in before.items()
            if isinstance(store.table, BronzeTable) and self._number(found)
            if (condition := self._condition(store)) is not None
            for file in held_files(self.run.session(), self.run.lake, store.table, condition)
        ]

    def _states(self, before: Mapping[Store, Found]) -> list[HeldState]:
        """The states of streams that the rows to erase have gone through."""
        lake = self.run.lake
        having = {store.table.full_name for store, found in before.items() if found.rows}
        return [
            HeldState(table.full_name, lake.generation(table))
            for table in self.tables
            if isinstance(table, SilverTable)
            and {table.full_name, table.source.full_name} & having
            and any(table.identifying(name) for name in self._names)
            and (lake.stream_directory(table) / STATE).is_dir()
        ]

    def _forget_what_is_superseded(self) -> None:
        """Remove rebuilds that were broken off, and states that no stream will read again."""
        lake = self.run.lake
        for table in self.tables:
            shutil.rmtree(lake.rebuild_root(table, 0).parent, ignore_errors=True)
            for number in lake.generations(table):
                if number != lake.generation(table):
                    shutil.rmtree(lake.stream_directory(table, number) / STATE, ignore_errors=True)

    def _run(self, table: Table) -> None:
        """Let the table's stream take what is new, and what was erased in the tables it reads."""

        def progress(line: str) -> None:
            self.run.progress(f"{table.full_name}: {line}")

        materialize_held(table, replace(self.run, progress=progress))

    def _follow(self, table: Table) -> None:
        if not isinstance(table, BronzeTable):
            self._run(table)

    def _condition(self, store: Store) -> Column | None:
        """Which rows of the store go; None where none does by a delete."""
        frame = self.run.session().read.format("delta").load(str(store.path))
        conditions = person_rows(store, frame, self.identifiers)
        if conditions is None or store.follows:
            return None
        return conditions.theirs | conditions.unreadable if self.unreadable else conditions.theirs

    def _number(self, found: Found) -> int:
        return (found.rows or 0) + (found.unreadable if self.unreadable else 0)

    def _delete(self, store: Store, found: Found) -> None:
        from delta.tables import DeltaTable

        spark, condition = self.run.session(), self._condition(store)
        if condition is not None and self._number(found):
            DeltaTable.forPath(spark, str(store.path)).delete(condition)
            self.run.progress(f"{store.name}: {self._number(found)} rows erased")
        old_files.purge(spark, store.path)

    def _clean(self, store: Store, begun: LogBeginning) -> int:
        """Remove old files and the log before its checkpoint."""
        removed = old_files.vacuum(self.run.session(), store.path)
        old_files.truncate_log(store.path, begun.version)
        self.run.progress(f"{store.name}: {removed} old files removed")
        return removed

    def _done(
        self,
        stores: Sequence[Store],
        before: Mapping[Store, Found],
        removed: Mapping[Store, int],
        record: Record,
    ) -> Erasure:
        left = {store: self._look(store, files=True) for store in stores}
        return Erasure(
            names=self._names,
            stores=tuple(
                Erased(
                    name=store.name,
                    rows=None if before[store].rows is None else self._number(before[store]),
                    files_removed=removed[store],
                    version=store.log.version_number(),
                    left=left[store],
                )
                for store in stores
            ),
            landing_files=standing_files(self.run.lake),
            states=standing_states(self.run.lake, self.lakehouse),
            notes=notes(self.lakehouse, self._names, left),
            record=record.path,
        )
