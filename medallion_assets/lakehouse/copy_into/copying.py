"""One statement being carried out: its files found, read, and appended to the table."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from medallion_assets.lakehouse.autoloader.discovery import KnownFiles, LandedFile
from medallion_assets.lakehouse.copy_into.candidates import Source, find
from medallion_assets.lakehouse.copy_into.loads import Load, Loads
from medallion_assets.lakehouse.copy_into.options import CopyOptions
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
from medallion_assets.lakehouse.streams import query

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import DataFrame, Row, SparkSession

    from medallion_assets.lakehouse.autoloader.ingest import Decoded, Ingest

_PREVIEWED_BELOW = 50
_RAISED = re.compile(rf"{MISFIT}: (.*?)(?: SQLSTATE: \w+)?$", re.M)


@dataclass(frozen=True)
class Taken:
    """What a load has put into the table.

    Attributes:
        rows: appended.
        corrupt: of them, those of records that can't be parsed.
        files: whose rows they are.
        failed: files that could not be read.
    """

    rows: int = 0
    corrupt: int = 0
    files: tuple[LandedFile, ...] = ()
    failed: tuple[FailedFile, ...] = ()

    @property
    def skipped(self) -> int:
        """How many files were left out because they can't be read."""
        return sum(file.reason != IT_IS_GONE for file in self.failed)


@dataclass
class Copying:
    """A statement, and what was found on the way.

    Args:
        name: of the table, for messages.
        statement: what is to be done.
        options: of it.
        source: where its files are.
        provenance: columns to add: name to SQL over a file's row.
        unreadable: files that can't be looked at, once they were looked for.
    """

    name: str
    statement: CopyInto
    options: CopyOptions
    source: Source
    provenance: Mapping[str, str] = field(default_factory=dict)
    unreadable: list[FailedFile] = field(default_factory=list)

    @classmethod
    def of(cls, name: str, statement: CopyInto) -> Copying:
        """Look at what the statement says, before anything is done.

        Raises:
            OptionError: an option is unknown, or clauses contradict each other.
            SourceError: the source is not there.
        """
        options = CopyOptions.of(statement)
        check_places(statement, options)
        return cls(name, statement, options, Source.of(statement))

    def find(self, known: KnownFiles) -> Sequence[LandedFile]:
        """The files that are not known.

        Raises:
            FileUnreadableError: one can't be looked at, and the options don't leave such out.
        """
        found = find(self.source, self.options.reading, known)
        missing = [file for file in found.unreadable if file.reason == IT_IS_GONE]
        self.unreadable[:] = [file for file in found.unreadable if file.reason != IT_IS_GONE]
        if missing and not self.options.reading.ignore_missing_files:
            raise self._refused(missing[0])
        if self.unreadable and not self.options.reading.ignore_corrupt_files:
            raise self._refused(self.unreadable[0])
        return found.files

    def take(self, spark: SparkSession, target: TargetTable, loads: Loads, load: Load) -> Taken:
        """Append the files of a load.

        Raises:
            TargetError: the table has no columns and gets none.
            MisfitError: a row does not fit the table; nothing was written.
            FileUnreadableError: a file can't be read, and the options don't leave such out.
        """
        taken = Taken()
        rows = self._rows(target)

        def write(decoded: Decoded, failed: Sequence[FailedFile]) -> None:
            nonlocal taken
            # First: once the rows are in the table, nothing is asked of the files again.
            loads.failed(load, failed)
            taken = self._append(rows.of(decoded), target.path, load, [*self.unreadable, *failed])

        with self._explained(target):
            done = self._ingest(rows).batch(spark, load.files, write)
        if not done.taken:
            # Not a file of it could be read, so `write` was never called.
            loads.failed(load, done.failed)
        loads.finish(load, taken.rows)
        failed = (*self.unreadable, *done.failed)
        return Taken(taken.rows, taken.corrupt, done.taken, failed)

    def validate(
        self, spark: SparkSession, target: TargetTable, known: KnownFiles
    ) -> tuple[Taken, tuple[Row, ...]]:
        """Read as a load would, and write nothing.

        Returns:
            The files that would be left out, and the first rows where few are asked for.

        Raises:
            MisfitError: a row does not fit the table.
            FileUnreadableError: a file can't be read, and the options don't leave such out.
        """
        preview: list[Row] = []
        rows = self._rows(target)

        def look(decoded: Decoded, _: Sequence[FailedFile]) -> None:
            preview[:] = self._looked_at(rows.constrained(rows.of(decoded)))

        files = self.find(known)
        with self._explained(target):
            failed = self._ingest(rows).batch(spark, files, look).failed
        return Taken(failed=(*self.unreadable, *failed)), tuple(preview)

    def _rows(self, target: TargetTable) -> Rows:
        if not target.schema.fields and not self.options.merge_schema:
            raise TargetError(
                f"COPY INTO {self.name}: the table has no columns. COPY_OPTIONS ('mergeSchema' = "
                "'true') gives it those of the files."
            )
        return Rows(self.statement, self.options, target, self.provenance)

    def _looked_at(self, rows: DataFrame) -> list[Row]:
        from pyspark.sql import functions as F

        wanted = self.statement.validate
        if isinstance(wanted, int):
            rows = rows.limit(wanted)
            if wanted < _PREVIEWED_BELOW:
                return rows.collect()
        rows.select(F.struct("*")).write.format("noop").mode("overwrite").save()
        return []

    def _ingest(self, rows: Rows) -> Ingest:
        from medallion_assets.lakehouse.autoloader.ingest import Ingest

        return Ingest(
            directory=self.source.directory,
            options=self.options.reading,
            declared=rows.declared,
            schema_log=None,
        )

    def _append(
        self, rows: DataFrame, path: Path, load: Load, failed: Sequence[FailedFile]
    ) -> Taken:
        from pyspark.sql import Observation
        from pyspark.sql import functions as F

        if not rows.columns:
            # Files without a single field, into a table without a column.
            commit_nothing(rows.sparkSession, path, load.application, load.version)
            return Taken()
        corrupt = self.options.reading.corrupt_record_column
        kept = [name for name in rows.columns if name.lower() == corrupt.lower()]
        counted = Observation(f"copy into {load.number}")
        skipped = Taken(failed=tuple(failed)).skipped
        said = {
            "operation": "COPY INTO",
            "numFiles": len(load.files) - len(failed),
            "numSkippedCorruptFiles": skipped,
        }
        rows = rows.observe(
            counted,
            F.count(F.lit(1)).alias("rows"),
            F.count(kept[0] if kept else F.lit(None)).alias("corrupt"),
        )
        query.append(
            rows,
            path,
            transaction=(load.application, load.version),
            options={"userMetadata": json.dumps(said)},
            merge_schema=self.options.merge_schema,
        )
        found = counted.get
        return Taken(int(found["rows"]), int(found["corrupt"]))

    @contextmanager
    def _explained(self, target: TargetTable) -> Iterator[None]:
        """Errors as those of the statement."""
        try:
            yield
        except FileUnreadableError as error:
            raise self._refused(FailedFile(error.path, error.reason)) from error
        except SchemaChangedError as error:
            raise unknown_columns(target, error.columns) from error
        except Exception as error:
            raised = _RAISED.search(str(error))
            if raised is None:
                raise
            raise MisfitError(
                f"COPY INTO {self.name}: {raised.group(1)} Nothing was written, and trying again "
                "ends the same way. Give the column a type that holds the value, or make it one in "
                "the statement's SELECT list."
            ) from error

    def _refused(self, file: FailedFile) -> FileUnreadableError:
        option = "ignoreMissingFiles" if file.reason == IT_IS_GONE else "ignoreCorruptFiles"
        return FileUnreadableError(
            f"COPY INTO {self.name}: {file.path} can't be read: {file.reason}. Nothing was loaded. "
            f"Mend or remove the file, or leave such files out with '{option}' = 'true' in "
            "FORMAT_OPTIONS; the next statement tries them again.",
            file.path,
            file.reason,
        )


def commit_nothing(spark: SparkSession, path: Path, application: str, version: int) -> None:
    """Note a `txnVersion` in a table's log, without any rows."""
    nothing = spark.read.format("delta").load(str(path)).limit(0)
    query.append(nothing, path, transaction=(application, version), merge_schema=False)


def check_places(statement: CopyInto, options: CopyOptions) -> None:
    """BY POSITION and a list of columns are for files whose columns have no names.

    Raises:
        OptionError: the files' columns have names.
    """
    if not (statement.by_position or statement.columns):
        return
    header = options.reading.reader_option("header", "false").lower() == "true"
    if statement.file_format != "csv" or header:
        clause = "BY POSITION" if statement.by_position else "A list of columns"
        raise OptionError(
            f"{clause} is for CSV files without a header: the columns of others have names. "
            "A SELECT list gives them the names of the table's."
        )
