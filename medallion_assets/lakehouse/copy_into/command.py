"""`copy_into(spark, statement)`: load the files that were not loaded, exactly once."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from medallion_assets.lakehouse.copy_into.result import CopyIntoResult
from medallion_assets.lakehouse.copy_into.statement import CopyInto

if TYPE_CHECKING:
    from pyspark.sql import Row, SparkSession

    from medallion_assets.lakehouse.copy_into.copying import Taken

_ATTEMPTS = 5
_CHANGED = re.compile("DELTA_METADATA_CHANGED|DELTA_PROTOCOL_CHANGED|MetadataChangedException")


def copy_into(spark: SparkSession, statement: str | CopyInto) -> CopyIntoResult:
    """Load files into a Delta table; those loaded before are skipped.

    The statement is that of docs.databricks.com/sql/language-manual/delta-copy-into;
    `docs/copy-into.md` has the grammar and says what differs.

    Args:
        spark: the session.
        statement: `COPY INTO ... FROM ... FILEFORMAT = ...`.

    Returns:
        The rows that were appended and the files that were left out.

    Raises:
        StatementError: it is no COPY INTO statement; says where and why.
        OptionError: an option is unknown, or a statement's clauses contradict each other.
        SourceError: the source is not there.
        TargetError: there is no such Delta table, or it has no columns and gets none.
        MisfitError: a row does not fit the table; nothing was written.
        FileUnreadableError: a file can't be read, and ignoreCorruptFiles is not set.
        FilesBeingLoadedError: another statement is loading the same files; trying again helps.
    """
    if isinstance(statement, str):
        from medallion_assets.lakehouse.copy_into.parser import parse

        statement = parse(statement)
    for attempt in range(_ATTEMPTS):
        try:
            return _carried_out(spark, statement)
        except Exception as error:
            # Another statement has added columns meanwhile: ours is compared with them anew.
            if attempt + 1 == _ATTEMPTS or not _CHANGED.search(str(error)):
                raise
    raise AssertionError("the last attempt returns or raises")


def _carried_out(spark: SparkSession, statement: CopyInto) -> CopyIntoResult:
    # Not with the module: who declares a table has no need of Spark's Python side.
    from medallion_assets.lakehouse.autoloader.discovery import KnownFiles
    from medallion_assets.lakehouse.autoloader.object_store import ObjectDirectory, connect
    from medallion_assets.lakehouse.copy_into.copying import Copying, Taken, commit_nothing
    from medallion_assets.lakehouse.copy_into.loads import Loads
    from medallion_assets.lakehouse.copy_into.target import TargetTable

    copying = Copying.of(statement.target.sql(), statement)
    if isinstance(copying.source.directory, ObjectDirectory):
        connect(copying.source.directory.uri, spark)
    target = TargetTable.of(spark, statement)
    loads = Loads.of_table(
        target.path, target.table_id, partial(commit_nothing, spark, target.path)
    )
    force = copying.options.force
    if statement.validate is not None:
        known = KnownFiles() if force else loads.ledger.loaded()
        return _result(*copying.validate(spark, target, known))
    with loads.begin(copying.find, force=force) as load:
        if load is None:
            return _result(Taken(failed=tuple(copying.unreadable)))
        return _result(copying.take(spark, target, loads, load))


def _result(taken: Taken, preview: tuple[Row, ...] = ()) -> CopyIntoResult:
    return CopyIntoResult(taken.rows, taken.rows, taken.skipped, preview)
