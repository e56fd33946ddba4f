"""`copy_into(spark, statement)`: load the files that were not loaded, exactly once."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from medallion_assets.lakehouse.autoloader.discovery import KnownFiles, LandedFile
from medallion_assets.lakehouse.autoloader.object_store import ObjectDirectory, connect
from medallion_assets.lakehouse.copy_into.candidates import Source, find
from medallion_assets.lakehouse.copy_into.loads import Load, Loads
from medallion_assets.lakehouse.copy_into.options import CopyOptions
from medallion_assets.lakehouse.copy_into.result import CopyIntoResult
from medallion_assets.lakehouse.copy_into.rows import MISFIT, Rows, unknown_columns
from medallion_assets.lakehouse.copy_into.statement import CopyInto
from medallion_assets.lakehouse.copy_into.target import TargetTable
from medallion_assets.lakehouse.errors import (
    FileUnreadableError,
    MisfitError,
    OptionError,
    SchemaChangedError,
    TargetError,
)
from medallion_assets.lakehouse.materialization import IT_IS_GONE, FailedFile

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, Row, SparkSession

    from medallion_assets.lakehouse.autoloader.ingest import Decoded, Ingest

_PREVIEWED_BELOW = 50
_ATTEMPTS = 5
_CHANGED = re.compile("DELTA_METADATA_CHANGED|DELTA_PROTOCOL_CHANGED|MetadataChangedException")
_RAISED = re.compile(rf"{MISFIT}: (.*?)(?: SQLSTATE: \w+)?$", re.M)


def copy_into(spark: SparkSession, statement: str | CopyInto) -> CopyIntoResult:
    """Load files into a Delta table; those loaded before are skipped.

    The statement is that of docs.databricks.com/sql/language-manual/delta-copy-into; `docs/
    copy-into.md` has the grammar and says what differs.

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
            return _Copying.of(spark, statement).run()
        except Exception as error:
            # Another statement has added columns meanwhile: ours is compared with them anew.
            if attempt + 1 == _ATTEMPTS or not _CHANGED.search(str(error)):
                raise
    raise AssertionError("the last attempt returns or raises")


@dataclass
class _Copying:
    """One statement being carried out."""

    spark: SparkSession
    statement: CopyInto
    options: CopyOptions
    source: Source
    target: TargetTable
    unreadable: list[FailedFile] = field(default_factory=list)
    rows: int = 0

    @classmethod
    def of(cls, spark: SparkSession, statement: CopyInto) -> _Copying:
        """Look at everything the statement names, before anything is done."""
        options, source = CopyOptions.of(statement), Source.of(statement)
        _check_places(statement, options)
        if isinstance(source.directory, ObjectDirectory):
            connect(source.directory.uri, spark)
        target = TargetTable.of(spark, statement)
        if not target.schema.fields and not options.merge_schema:
            raise TargetError(
                f"COPY INTO {target.name}: the table has no columns. COPY_OPTIONS ('mergeSchema' = "
                "'true') gives it those of the files."
            )
        return cls(spark, statement, options, source, target)

    def run(self) -> CopyIntoResult:
        """Load, or validate."""
        try:
            return self._load() if self.statement.validate is None else self._validate()
        except FileUnreadableError as error:
            raise self._refused(FailedFile(error.path, error.reason)) from error
        except SchemaChangedError as error:
            raise unknown_columns(self.target, error.columns) from error
        except Exception as error:
            raised = _RAISED.search(str(error))
            if raised is None:
                raise
            raise MisfitError(
                f"COPY INTO {self.target.name}: {raised.group(1)} Nothing was written. A SELECT "
                "list with try_cast takes values as they are."
            ) from error

    @property
    def _rows(self) -> Rows:
        return Rows(self.statement, self.options, self.target)

    def _load(self) -> CopyIntoResult:
        loads = Loads(self.target.path, self.target.table_id, self._commit_nothing)
        with loads.begin(self._find, force=self.options.force) as load:
            if load is None:
                return self._result(self.unreadable)

            def write(decoded: Decoded, failed: Sequence[FailedFile]) -> None:
                # First: once the rows are in the table, nothing is asked of the files again.
                loads.failed(load, failed)
                self._append(decoded, load, [*self.unreadable, *failed])

            done = self._ingest().batch(self.spark, load.files, write)
            if done.taken:
                loads.finish(load, self.rows)
            else:
                # Not a file of it could be read: nothing was written.
                loads.give_up(load)
            return self._result([*self.unreadable, *done.failed])

    def _validate(self) -> CopyIntoResult:
        """Read as a load would, and write nothing."""
        loads = Loads(self.target.path, self.target.table_id, self._commit_nothing)
        files = self._find(KnownFiles() if self.options.force else loads.ledger.loaded())
        preview: list[Row] = []

        def look(decoded: Decoded, _: Sequence[FailedFile]) -> None:
            preview[:] = self._looked_at(self._rows.constrained(self._rows.of(decoded)))

        failed = self._ingest().batch(self.spark, files, look).failed
        return self._result([*self.unreadable, *failed], tuple(preview))

    def _looked_at(self, rows: DataFrame) -> list[Row]:
        from pyspark.sql import functions as F

        wanted = self.statement.validate
        if isinstance(wanted, int):
            rows = rows.limit(wanted)
            if wanted < _PREVIEWED_BELOW:
                return rows.collect()
        rows.select(F.struct("*")).write.format("noop").mode("overwrite").save()
        return []

    def _find(self, known: KnownFiles) -> Sequence[LandedFile]:
        found = find(self.source, self.options.reading, known)
        missing = [file for file in found.unreadable if file.reason == IT_IS_GONE]
        self.unreadable[:] = [file for file in found.unreadable if file.reason != IT_IS_GONE]
        if missing and not self.options.reading.ignore_missing_files:
            raise self._refused(missing[0])
        if self.unreadable and not self.options.reading.ignore_corrupt_files:
            raise self._refused(self.unreadable[0])
        return found.files

    def _refused(self, file: FailedFile) -> FileUnreadableError:
        option = "ignoreMissingFiles" if file.reason == IT_IS_GONE else "ignoreCorruptFiles"
        return FileUnreadableError(
            f"COPY INTO {self.target.name}: {file.path} can't be read: {file.reason}. Nothing was "
            f"loaded. Mend or remove the file, or leave such files out with '{option}' = 'true' in "
            "FORMAT_OPTIONS; the next statement tries them again.",
            file.path,
            file.reason,
        )

    def _ingest(self) -> Ingest:
        from medallion_assets.lakehouse.autoloader.ingest import Ingest

        return Ingest(
            directory=self.source.directory,
            options=self.options.reading,
            declared=self._rows.declared,
            schema_log=None,
        )

    def _append(self, decoded: Decoded, load: Load, failed: Sequence[FailedFile]) -> None:
        from pyspark.sql import Observation
        from pyspark.sql import functions as F

        rows = self._rows.of(decoded)
        if not rows.columns:
            # Files without a single field, into a table without a column.
            self._commit_nothing(load.application, load.version)
            return
        counted = Observation(f"copy into {load.number}")
        said = {
            "operation": "COPY INTO",
            "numFiles": len(load.files) - len(failed),
            "numSkippedCorruptFiles": _corrupt(failed),
        }
        (
            rows.observe(counted, F.count(F.lit(1)).alias("rows"))
            .write.format("delta")
            .mode("append")
            .option("mergeSchema", str(self.options.merge_schema).lower())
            .option("txnAppId", load.application)
            .option("txnVersion", str(load.version))
            .option("userMetadata", json.dumps(said))
            .save(str(self.target.path))
        )
        self.rows = int(counted.get["rows"])

    def _commit_nothing(self, application: str, version: int) -> None:
        """Note a `txnVersion` in the table's log, without any rows."""
        (
            self.spark.read.format("delta")
            .load(str(self.target.path))
            .limit(0)
            .write.format("delta")
            .mode("append")
            .option("txnAppId", application)
            .option("txnVersion", str(version))
            .save(str(self.target.path))
        )

    def _result(
        self, failed: Sequence[FailedFile], preview: tuple[Row, ...] = ()
    ) -> CopyIntoResult:
        return CopyIntoResult(self.rows, self.rows, _corrupt(failed), preview)


def _corrupt(failed: Sequence[FailedFile]) -> int:
    return sum(file.reason != IT_IS_GONE for file in failed)


def _check_places(statement: CopyInto, options: CopyOptions) -> None:
    """BY POSITION and a list of columns are for files whose columns have no names."""
    if not (statement.by_position or statement.columns):
        return
    header = options.reading.reader_option("header", "false").lower() == "true"
    if statement.file_format != "csv" or header:
        clause = "BY POSITION" if statement.by_position else "A list of columns"
        raise OptionError(
            f"{clause} is for CSV files without a header: the columns of others have names. "
            "A SELECT list gives them the names of the table's."
        )
