"""Rebuild: recreate tables from raw, beside the old ones, and swap each in one commit.

A rebuild starts a new generation of the table's stream: a new checkpoint, with nothing deleted. Its
rows go into a table of their own under `_medallion/rebuild`; readers see the old rows until the new
ones are complete and replace them in one Delta commit, which also records the new generation.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pyspark.sql.types import NumericType, VariantType

from medallion_assets.lakehouse import locks
from medallion_assets.lakehouse.autoloader.decode.conform import is_nested
from medallion_assets.lakehouse.delta_log import DeltaLog
from medallion_assets.lakehouse.erasure.identifiers import Identifier
from medallion_assets.lakehouse.erasure.person_rows import person_rows
from medallion_assets.lakehouse.erasure.records import check_not_brought_back
from medallion_assets.lakehouse.erasure.stores import Kind, Store
from medallion_assets.lakehouse.errors import OptionError
from medallion_assets.lakehouse.kafka.state import require_whole
from medallion_assets.lakehouse.lake import GENERATION, Lake
from medallion_assets.lakehouse.materialize import materialize, quiet
from medallion_assets.lakehouse.quality.release import Releases
from medallion_assets.lakehouse.release import release
from medallion_assets.lakehouse.sql_text import quoted
from medallion_assets.lakehouse.tables import (
    BronzeTable,
    KafkaTopics,
    Lakehouse,
    SilverTable,
    Table,
)

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession


@dataclass(frozen=True)
class Parity:
    """Old rows against rebuilt rows, without the columns that start with `_`.

    Attributes:
        table: `<layer>.<name>`.
        generation: of the rebuilt rows.
        old_rows: before.
        new_rows: after.
        only_old: rows that the rebuild does not give.
        only_new: rows that were not there.
        columns: the columns compared: those both have.
    """

    table: str
    generation: int
    old_rows: int
    new_rows: int
    only_old: int
    only_new: int
    columns: tuple[str, ...]

    @property
    def equal(self) -> bool:
        """Whether the rebuild gives exactly the old rows."""
        return self.only_old == 0 and self.only_new == 0


_OF_RECORDS = ("_rescued_data", "_corrupt_record", "_file_path")


@dataclass(frozen=True)
class _SideLake(Lake):
    """The lake as a rebuild sees it: the rebuilt table at the side, all else where it is."""

    live: Lake
    table: str
    next_generation: int

    def path(self, table: Table) -> Path:
        if table.full_name == self.table:
            return self.root / table.layer.value / table.name
        return self.live.path(table)

    def target(self, table: Table) -> str:
        return self.live.target(table)

    def generation(self, table: Table) -> int:
        if table.full_name == self.table:
            return self.next_generation
        return self.live.generation(table)

    def stream_directory(self, table: Table, generation: int | None = None) -> Path:
        number = self.generation(table) if generation is None else generation
        return self.live.stream_directory(table, number)


def plan(lakehouse: Lakehouse, table: Table) -> tuple[Table, ...]:
    """The tables a rebuild of this one rebuilds, in order.

    The streams of tables that read it as an append-only source can't read across the swap, so they
    are rebuilt with it. Gold and lookups follow by the change data feed in their next run.
    """
    rebuilt = [table]
    for candidate in lakehouse.tables:
        if isinstance(candidate, SilverTable) and _streams_one_of(candidate, rebuilt):
            rebuilt.append(candidate)
    return tuple(rebuilt)


def _streams_one_of(table: SilverTable, tables: Sequence[Table]) -> bool:
    return any(stream in tables for stream in table.streams.values())


def rebuild(
    lakehouse: Lakehouse,
    table: Table,
    lake: Lake,
    session: Callable[[], SparkSession],
    *,
    without: Sequence[Identifier] = (),
    owner: str = "a rebuild",
    progress: Callable[[str], None] = quiet,
) -> tuple[Parity, ...]:
    """Recreate a table, and those `plan` names, from what they read.

    Bronze is recreated from the files that are in the landing directory now, or from topics that
    still have all that was read of them, silver from bronze, gold from silver. A rebuild that was
    broken off has changed nothing that readers see; the next one starts again.

    Args:
        lakehouse: all declarations.
        table: the table.
        lake: where it is.
        session: gives the session.
        without: people who were erased, and whose rows landing files still hold.
        owner: who rebuilds, for another run's message.
        progress: told of every table.

    Returns:
        For each rebuilt table how old and new rows compare.

    Raises:
        TableLockedError: another run holds one of the tables. Trying again helps.
        ErasedRowsError: landing files hold rows of people who were erased, and it is not said who
            they are.
        OptionError: a bronze table does not say whose its rows are.
        EventsLostError: topics no longer have what bronze has of them.
    """
    tables = plan(lakehouse, table)
    with ExitStack() as held:
        for one in tables:
            held.enter_context(locks.hold(lake.lock_path(one), one.full_name, owner))
            if isinstance(one, BronzeTable) and not without:
                check_not_brought_back(lake, one, None)
        return tuple(_rebuild_one(one, lake, session, without, owner, progress) for one in tables)


def _rebuild_one(
    table: Table,
    lake: Lake,
    session: Callable[[], SparkSession],
    without: Sequence[Identifier],
    owner: str,
    progress: Callable[[str], None],
) -> Parity:
    if isinstance(table, BronzeTable) and isinstance(table.source, KafkaTopics):
        require_whole(table.source, lake.stream_directory(table))
    generation = _next_generation(lake, table)
    home = lake.rebuild_root(table, generation)
    shutil.rmtree(home.parent, ignore_errors=True)
    side = _SideLake(
        root=home,
        landing=lake.landing,
        live=lake,
        table=table.full_name,
        next_generation=generation,
    )
    progress(f"{table.full_name}: building generation {generation}")
    materialize(table, side, session, owner=owner, progress=progress)
    if isinstance(table, SilverTable):
        # What was mended by hand is not in bronze.
        for wanted in Releases(lake.stream_directory(table)).all().values():
            release(table, side, session, wanted, owner=owner, progress=progress)
    spark = session()
    if isinstance(table, BronzeTable) and without:
        _leave_out(spark, table, side.path(table), without)
    beside = table.side_tables if isinstance(table, SilverTable) else ()
    # The table last, so that the generation is recorded when all is in place.
    pairs = [
        (side.path(table).with_name(name), lake.path(table).with_name(name))
        for name in (*beside, table.name)
    ]
    parity = _parity(spark, table, generation, side.path(table), lake.path(table))
    for new, live in pairs:
        _swap(spark, new, live, generation)
    shutil.rmtree(home.parent, ignore_errors=True)
    progress(f"{table.full_name}: {parity.new_rows} rows swapped in")
    return parity


def _leave_out(
    spark: SparkSession, table: BronzeTable, path: Path, people: Sequence[Identifier]
) -> None:
    from delta.tables import DeltaTable

    if not DeltaLog(path).exists():
        return
    store = Store(table.full_name, path, table, Kind.ROWS)
    conditions = person_rows(store, spark.read.format("delta").load(str(path)), people)
    if conditions is None:
        raise OptionError(f"{table.full_name} declares no such data_subject; nothing was changed.")
    DeltaTable.forPath(spark, str(path)).delete(conditions.theirs)


def _next_generation(lake: Lake, table: Table) -> int:
    """Above every generation there is a checkpoint of, also of a rebuild that was broken off."""
    return max([lake.generation(table), *lake.generations(table)]) + 1


def _swap(spark: SparkSession, new: Path, live: Path, generation: int) -> None:
    if not DeltaLog(new).exists():
        if DeltaLog(live).exists():
            spark.sql(f"DELETE FROM delta.`{live}`")
        return
    (
        spark.read.format("delta")
        .load(str(new))
        .write.format("delta")
        .mode("overwrite")
        .option("overwriteSchema", "true")
        .option("txnAppId", GENERATION)
        .option("txnVersion", str(generation))
        .options(**_properties(spark, new))
        .save(str(live))
    )


def _properties(spark: SparkSession, path: Path) -> dict[str, str]:
    kept = spark.sql(f"SHOW TBLPROPERTIES delta.`{path}`").collect()
    return {row["key"]: row["value"] for row in kept if row["key"] == "delta.enableChangeDataFeed"}


def _parity(spark: SparkSession, table: Table, generation: int, new: Path, live: Path) -> Parity:
    old_log, new_log = DeltaLog(live), DeltaLog(new)
    old_rows, new_rows = old_log.row_count(), new_log.row_count()
    if not (old_log.exists() and new_log.exists()):
        return Parity(table.full_name, generation, old_rows, new_rows, old_rows, new_rows, ())
    before, after = (spark.read.format("delta").load(str(path)) for path in (live, new))
    both = [name for name in before.columns if name in after.columns]
    columns = tuple(
        name
        for name in both
        if not name.startswith("_") or (isinstance(table, BronzeTable) and name in _OF_RECORDS)
    )

    one, other = _comparable(before, after, columns), _comparable(after, before, columns)
    return Parity(
        table=table.full_name,
        generation=generation,
        old_rows=old_rows,
        new_rows=new_rows,
        only_old=one.exceptAll(other).count(),
        only_new=other.exceptAll(one).count(),
        columns=columns,
    )


def _comparable(frame: DataFrame, other: DataFrame, names: Sequence[str]) -> DataFrame:
    """The columns as set operations take them beside those of the other frame."""
    from pyspark.sql import functions as F

    own, others = frame.schema, other.schema

    def column(name: str) -> Column:
        value, pair = F.col(quoted(name)), (own[name].dataType, others[name].dataType)
        # Set operations refuse maps and variants; their JSON compares as well.
        refused = any(part in kind.simpleString() for kind in pair for part in ("map<", "variant"))
        numbers = all(isinstance(kind, NumericType) for kind in pair)
        if not refused and (numbers or pair[0] == pair[1]):
            return value
        # Spark would cast texts to the other type, and end at the first that is none.
        has_parts = is_nested(pair[0]) or isinstance(pair[0], VariantType)
        return F.to_json(value) if has_parts else value.cast("string")

    return frame.select(*[column(name).alias(name) for name in names])
