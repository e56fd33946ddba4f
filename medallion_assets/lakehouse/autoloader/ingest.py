"""One micro-batch: look at its files' fields, evolve the schema, read the rows, write them once."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import unquote

from medallion_assets.lakehouse.autoloader.decode import FileGroup, format_of
from medallion_assets.lakehouse.autoloader.decode.format import (
    CORRUPT,
    RESCUED,
    Groups,
    can_be_named,
    heeding_mode,
)
from medallion_assets.lakehouse.autoloader.decode.settings import settings
from medallion_assets.lakehouse.autoloader.discovery import LandedFile
from medallion_assets.lakehouse.autoloader.evolution import (
    SchemaDecision,
    decide,
    has_case_variants,
    union,
    widest,
)
from medallion_assets.lakehouse.autoloader.hints import (
    parse_hints,
    with_hinted_clocks,
    with_hints,
)
from medallion_assets.lakehouse.autoloader.object_store import is_object
from medallion_assets.lakehouse.autoloader.options import CloudFilesOptions
from medallion_assets.lakehouse.autoloader.partitions import (
    partition_values,
    with_partition_columns,
    with_partitions,
)
from medallion_assets.lakehouse.autoloader.schema_log import SchemaLog
from medallion_assets.lakehouse.autoloader.storage import is_there
from medallion_assets.lakehouse.errors import (
    FileUnreadableError,
    SchemaChangedError,
    SchemaInferenceError,
    UnknownFieldError,
)
from medallion_assets.lakehouse.materialization import IT_IS_GONE, FailedFile

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import StructType

_ESCAPED = re.compile(r"\\([\\{}\[\]*?])")
_UNREADABLE = (
    re.compile(r"\[FAILED_READ_FILE[^]]*] Encountered error while reading file (?P<path>.+?)\.\s"),
    re.compile(r"\[PATH_NOT_FOUND\] Path does not exist: (?P<path>.+?)\.\s"),
    re.compile(r"Could not read footer for file: (?P<path>\S+)"),
    re.compile(r"File (?P<path>file:\S+) does not exist"),
    re.compile(r"A record of the file (?P<path>.+?) can't be parsed"),
)


@dataclass(frozen=True)
class Decoded:
    """A micro-batch ready to be written.

    Attributes:
        frames: one for each group of files with the same fields, all with the same columns and
            Spark's hidden `_metadata`.
        schema: of the source's own columns.
        seen: the fields of the files, as they have them.
        added: columns that are new with this micro-batch.
        has_case_variants: whether the files have fields whose names differ by case only.
    """

    frames: tuple[DataFrame, ...]
    schema: StructType
    seen: StructType
    added: tuple[str, ...] = ()
    has_case_variants: bool = False


@dataclass(frozen=True)
class Ingested:
    """What became of a micro-batch's files."""

    taken: tuple[LandedFile, ...]
    failed: tuple[FailedFile, ...]
    added: tuple[str, ...]


@dataclass(frozen=True)
class Ingest:
    """How a stream turns files into rows.

    Args:
        directory: the landing directory, for messages and `key=value` directories.
        options: the stream's.
        declared: the declared schema, None where it is inferred.
        schema_log: the stored schema versions of an inferred one; None stores none.
    """

    directory: os.PathLike[str]
    options: CloudFilesOptions
    declared: StructType | None
    schema_log: SchemaLog | None

    def batch(
        self,
        spark: SparkSession,
        files: Sequence[LandedFile],
        write: Callable[[Decoded, Sequence[FailedFile]], None],
    ) -> Ingested:
        """Read the files and write their rows in one go.

        A file that can't be read is left out and the micro-batch tried again without it: nothing
        of it is written, however far into it the error is.

        Args:
            spark: the session.
            files: of the micro-batch.
            write: gets the rows, and the files that are left out.

        Raises:
            SchemaChangedError: new fields, and the mode is failOnNewColumns.
            UnknownFieldError: new fields, and restartOnNewColumns is set.
            FileUnreadableError: a file can't be read, and ignoreCorruptFiles or
                ignoreMissingFiles is false.
        """
        remaining = {file.path: file for file in files}
        failed = [file for path in remaining if (file := unopenable(path)) is not None]
        added: list[str] = []
        while True:
            self._refuse(failed)
            for file in failed:
                remaining.pop(file.path, None)
            if not remaining:
                return Ingested((), tuple(failed), ())
            try:
                with exact_names(spark):
                    decoded, unreadable = self._decode(spark, list(remaining))
                failed += unreadable
                if unreadable:
                    continue
                added += decoded.added
                if decoded.frames:
                    # Elsewhere names go as everywhere in Spark: what writes may be the user's.
                    with exact_names(spark, of_columns=decoded.has_case_variants):
                        write(decoded, failed)
                return Ingested(tuple(remaining.values()), tuple(failed), tuple(added))
            except Exception as error:
                culprit = unreadable_file(error, remaining)
                if culprit is None:
                    raise
                failed.append(culprit)

    def _refuse(self, failed: Sequence[FailedFile]) -> None:
        """End the run where the options say that a file may not be left out."""
        options = self.options
        for file in failed:
            is_gone = file.reason == IT_IS_GONE
            option = "ignoreMissingFiles" if is_gone else "ignoreCorruptFiles"
            wanted = options.ignore_missing_files if is_gone else options.ignore_corrupt_files
            if wanted is False:
                raise FileUnreadableError(
                    f"{file.path}: {file.reason}. {option} is false, so the run ends here; nothing "
                    "of the micro-batch was written. Repair the file, or leave the option out: "
                    "then the file is put among the failures and the rest goes on.",
                    file.path,
                    file.reason,
                )

    def schema(self, spark: SparkSession, sample: Callable[[], Sequence[LandedFile]]) -> StructType:
        """The schema of the stream: declared, stored, or inferred from a sample and stored.

        Args:
            spark: the session.
            sample: gives the files to infer it from; called only where that is needed.

        Raises:
            SchemaInferenceError: nothing is stored and there is no readable file to infer from.
        """
        stored = self._stored()
        if stored is not None:
            return stored
        inferred: list[StructType] = []

        def look(decoded: Decoded, _: Sequence[FailedFile]) -> None:
            inferred.append(decoded.schema)

        failed = self.batch(spark, sample(), look).failed
        if not inferred or not inferred[0].fields:
            raise SchemaInferenceError(
                f"There is no file in {self.directory} that a schema can be inferred from"
                + (f" ({failed[0].path}: {failed[0].reason})" if failed else "")
                + ". Give a schema, or start the stream when a file has landed."
            )
        return inferred[0]

    @property
    def _partition_columns(self) -> tuple[str, ...] | None:
        recursive = self.options.recursive_file_lookup and self.options.partition_columns is None
        return () if recursive else self.options.partition_columns

    def _stored(self) -> StructType | None:
        if self.declared is not None:
            return without(self.declared, added_columns(self.options))
        schema = None if self.schema_log is None else self.schema_log.schema()
        # A version without fields says that files were seen and none had any: so infer still.
        return schema if schema is not None and schema.fields else None

    def _decode(self, spark: SparkSession, paths: list[str]) -> tuple[Decoded, list[FailedFile]]:
        stored = self._stored()
        groups = format_of(self.options).groups(spark, paths, self.options, stored)
        if groups.failed:
            return Decoded((), stored or union([]), union([])), list(groups.failed)
        decision = self._decide(spark, stored, groups, paths)
        return Decoded(
            frames=tuple(self._rows(spark, group, decision) for group in groups.readable),
            schema=decision.schema,
            seen=union([group.fields for group in groups.readable]),
            added=decision.added if stored is not None else (),
            has_case_variants=any(
                has_case_variants(union([decision.schema, group.fields]))
                for group in groups.readable
            ),
        ), []

    def _decide(
        self, spark: SparkSession, stored: StructType | None, groups: Groups, paths: list[str]
    ) -> SchemaDecision:
        seen = widest([group.fields for group in groups.readable])
        values = partition_values(self.directory, paths, self._partition_columns)
        if stored is None:
            seen = with_partitions(seen, values, infer=self.options.infer_column_types)
        given = self.options.schema_hints if stored is None else None
        hints = () if given is None else parse_hints(spark, given)
        own = without(with_hints(seen, hints), added_columns(self.options))
        decision = decide(stored, own, self.options.schema_evolution_mode)
        decision = replace(decision, schema=with_hinted_clocks(decision.schema, hints))
        if decision.refused:
            raise SchemaChangedError(
                f"New columns in {self.directory}: {', '.join(decision.refused)} (first of the "
                f"files: {paths[0]}). The mode is failOnNewColumns: add them to the schema or its "
                "hints, or mend the files; then run again.",
                decision.refused,
            )
        changes = (*decision.added, *decision.widened)
        log = self.schema_log if self.declared is None else None
        if log is not None and (changes or log.version() is None):
            version = log.store(decision.schema, changes, paths)
            if stored is not None and self.options.restart_on_new_columns:
                raise UnknownFieldError(
                    f"New columns in {self.directory}: {', '.join(changes)} (first of the files: "
                    f"{paths[0]}). They are in the schema's version {version} now, and nothing of "
                    "the micro-batch was written. Run again: the next run goes on with them."
                )
        clashing = [name for name in seen.names if name not in own.names]
        return replace(decision, unknown=(*decision.unknown, *clashing))

    def _rows(self, spark: SparkSession, group: FileGroup, decision: SchemaDecision) -> DataFrame:
        values = partition_values(self.directory, list(group.paths), self._partition_columns)
        within = [name for name in values if name in group.fields.names]
        outside = [name for name in values if name not in within]
        own = type(decision.schema)([f for f in decision.schema.fields if f.name not in outside])
        reader = format_of(self.options)
        frame = reader.rows(spark, group, own, decision.unknown, self.options)
        frame = heeding_mode(frame, self.options)
        return with_partition_columns(frame, decision.schema, list(values), within, self.directory)


def exact_names(spark: SparkSession, *, of_columns: bool = True) -> AbstractContextManager[None]:
    """Take an object that repeats a key, and tell fields apart by case.

    Otherwise Spark refuses files with both `id` and `ID`, and reads `ID` as nothing at all.

    Args:
        spark: the session.
        of_columns: whether columns are told apart too, or only the keys within a variant.
    """
    wanted = {"spark.sql.variant.allowDuplicateKeys": "true"}
    return settings(spark, wanted | ({"spark.sql.caseSensitive": "true"} if of_columns else {}))


def added_columns(options: CloudFilesOptions) -> frozenset[str]:
    """The columns beside a source's own, which no field of a file can be."""
    return frozenset({RESCUED, CORRUPT, options.corrupt_record_column}) | (
        frozenset() if options.rescued_data_column is None else {options.rescued_data_column}
    )


def without(schema: StructType, names: frozenset[str]) -> StructType:
    """The schema without some of its columns."""
    return type(schema)([field for field in schema.fields if field.name not in names])


def parsed_schema(spark: SparkSession, ddl: str) -> StructType:
    """A DDL string as a schema."""
    schema = spark.createDataFrame([], ddl).schema
    return type(schema)([type(f)(f.name, f.dataType, True) for f in schema.fields])


def unreadable_file(error: Exception, files: dict[str, LandedFile]) -> FailedFile | None:
    """The file of the micro-batch that Spark could not read, None where the error is another."""
    text = str(error)
    for pattern in _UNREADABLE:
        for found in pattern.finditer(text):
            said = re.sub(r"^file:(//)?(?=/)", "", found.group("path"))
            for path in (said, unquote(said), _ESCAPED.sub(r"\1", said)):
                if path in files and not is_there(path):
                    return gone(path)
                if path in files:
                    return FailedFile(path, _reason(text))
    return None


def unopenable(path: str) -> FailedFile | None:
    """Why the file can't even be given to a reader; None where it can."""
    # Of an object the listing has just told: asking for each again would cost a request.
    if not is_object(path) and not is_there(path):
        return gone(path)
    if not can_be_named(path):
        return FailedFile(path, "a colon and one of {}[]*?\\ in one path: Spark can't open it")
    return None


def gone(path: str) -> FailedFile:
    """A file that was listed and is not there."""
    if re.search(r"\\udc[89a-f][0-9a-f]", path):
        return FailedFile(path, "its name is not valid UTF-8, which no reader opens: rename it")
    return FailedFile(path, IT_IS_GONE)


def _reason(text: str) -> str:
    causes = re.findall(r"Caused by: ([^\n]+)", text)
    first = next((line.strip() for line in text.splitlines() if line.strip()), "unreadable")
    return (causes[-1] if causes else first)[:500]
