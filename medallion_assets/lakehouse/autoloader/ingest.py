"""One micro-batch: look at its files' fields, evolve the schema, read the rows, write them once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from medallion_assets.lakehouse.autoloader.decode import FORMATS, FileGroup
from medallion_assets.lakehouse.autoloader.decode.format import Groups, can_be_named, quoted
from medallion_assets.lakehouse.autoloader.discovery import LandedFile
from medallion_assets.lakehouse.autoloader.evolution import (
    SchemaDecision,
    decide,
    has_case_variants,
    union,
    with_hints,
)
from medallion_assets.lakehouse.autoloader.options import CloudFilesOptions
from medallion_assets.lakehouse.autoloader.partitions import partition_values, with_partitions
from medallion_assets.lakehouse.autoloader.schema_log import SchemaLog
from medallion_assets.lakehouse.errors import SchemaChangedError, SchemaInferenceError
from medallion_assets.lakehouse.materialization import IT_IS_GONE, FailedFile

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession
    from pyspark.sql.types import StructType

_ESCAPED = re.compile(r"\\([\\{}\[\]*?])")
_UNREADABLE = (
    re.compile(r"\[FAILED_READ_FILE[^]]*] Encountered error while reading file (?P<path>.+?)\.\s"),
    re.compile(r"\[PATH_NOT_FOUND\] Path does not exist: (?P<path>.+?)\.\s"),
    re.compile(r"Could not read footer for file: (?P<path>\S+)"),
    re.compile(r"File (?P<path>file:\S+) does not exist"),
)


@dataclass(frozen=True)
class Decoded:
    """A micro-batch ready to be written.

    Attributes:
        frames: one for each group of files with the same fields, all with the same columns and
            Spark's hidden `_metadata`.
        schema: of the source's own columns.
        added: columns that are new with this micro-batch.
        has_case_variants: whether the files have fields whose names differ by case only.
    """

    frames: tuple[DataFrame, ...]
    schema: StructType
    added: tuple[str, ...]
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

    directory: Path
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
        """
        remaining = {file.path: file for file in files}
        failed = [file for path in remaining if (file := unopenable(path)) is not None]
        added: list[str] = []
        while True:
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
                    with exact_names(spark) if decoded.has_case_variants else nullcontext():
                        write(decoded, failed)
                return Ingested(tuple(remaining.values()), tuple(failed), tuple(added))
            except Exception as error:
                culprit = unreadable_file(error, remaining)
                if culprit is None:
                    raise
                failed.append(culprit)

    def schema(self, spark: SparkSession, sample: Sequence[LandedFile]) -> StructType:
        """The schema of the stream: declared, stored, or inferred from a sample and stored.

        Raises:
            SchemaInferenceError: nothing is stored and there is no readable file to infer from.
        """
        stored = self._stored()
        if stored is not None:
            return stored
        inferred: list[StructType] = []

        def look(decoded: Decoded, _: Sequence[FailedFile]) -> None:
            inferred.append(decoded.schema)

        failed = self.batch(spark, sample, look).failed
        if not inferred or not inferred[0].fields:
            raise SchemaInferenceError(
                f"There is no file in {self.directory} to infer a schema from"
                + (f" ({failed[0].path}: {failed[0].reason})" if failed else "")
                + ". Give a schema, or start the stream when a file has landed."
            )
        return inferred[0]

    def _stored(self) -> StructType | None:
        if self.declared is not None or self.schema_log is None:
            return self.declared
        return self.schema_log.schema()

    def _decode(self, spark: SparkSession, paths: list[str]) -> tuple[Decoded, list[FailedFile]]:
        stored = self._stored()
        groups = FORMATS[self.options.format].groups(spark, paths, self.options, stored)
        if groups.failed:
            return Decoded((), stored or union([]), ()), list(groups.failed)
        decision = self._decide(spark, stored, groups, paths)
        return Decoded(
            frames=tuple(self._rows(spark, group, decision) for group in groups.readable),
            schema=decision.schema,
            added=decision.added if stored is not None else (),
            has_case_variants=any(
                has_case_variants(union([decision.schema, group.fields]))
                for group in groups.readable
            ),
        ), []

    def _decide(
        self, spark: SparkSession, stored: StructType | None, groups: Groups, paths: list[str]
    ) -> SchemaDecision:
        seen = union([group.fields for group in groups.readable])
        values = partition_values(self.directory, paths, self.options.partition_columns)
        if stored is None:
            seen = with_partitions(seen, values, infer=self.options.infer_column_types)
            if self.options.schema_hints is not None:
                seen = with_hints(seen, parsed_schema(spark, self.options.schema_hints))
        decision = decide(stored, seen, self.options.schema_evolution_mode)
        if decision.refused:
            raise SchemaChangedError(
                f"New columns in {self.directory}: {', '.join(decision.refused)} (first of the "
                f"files: {paths[0]}). The mode is failOnNewColumns: add them to the schema or its "
                "hints, or mend the files; then run again."
            )
        if decision.added and self.declared is None and self.schema_log is not None:
            self.schema_log.store(decision.schema, decision.added, paths)
        return decision

    def _rows(self, spark: SparkSession, group: FileGroup, decision: SchemaDecision) -> DataFrame:
        values = partition_values(self.directory, list(group.paths), self.options.partition_columns)
        outside = [name for name in values if name not in group.fields.names]
        own = type(decision.schema)([f for f in decision.schema.fields if f.name not in outside])
        reader = FORMATS[self.options.format]
        frame = reader.rows(spark, group, own, decision.unknown, self.options)
        return with_partition_columns(frame, decision.schema, outside, self.directory)


@contextmanager
def exact_names(spark: SparkSession) -> Iterator[None]:
    """Tell fields apart by case, and take an object that repeats a key.

    Otherwise Spark refuses files with both `id` and `ID`, and reads `ID` as nothing at all.
    """
    names = ("spark.sql.caseSensitive", "spark.sql.variant.allowDuplicateKeys")
    before = {name: spark.conf.get(name, None) for name in names}
    for name in names:
        spark.conf.set(name, "true")
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                spark.conf.unset(name)
            else:
                spark.conf.set(name, value)


def with_partition_columns(
    frame: DataFrame, schema: StructType, names: Sequence[str], below: Path
) -> DataFrame:
    """Add the columns that stand in the files' directories, in the schema's order.

    Values are unescaped as Hive and Spark escape them: `%2F` for `/`.
    """
    from pyspark.sql import functions as F

    kinds = {field.name: field.dataType for field in schema.fields}
    # The path comes as a URI: what is escaped in a directory's name is escaped twice there.
    uri = _decoded(F.col("_metadata.file_path"))
    directory = F.substring_index(uri, f"{below}/", -1)
    for name in names:
        if name in kinds:
            pair = f"(?:^|/){re.escape(name)}=([^/]*)/"
            found = F.regexp_extract(directory, pair, 1)
            value = F.when((found != "") & (found != "__HIVE_DEFAULT_PARTITION__"), found)
            frame = frame.withColumn(name, _decoded(value).try_cast(kinds[name]))
    rest = [name for name in frame.columns if name not in kinds]
    return frame.select(*[F.col(quoted(name)) for name in [*schema.names, *rest]])


def _decoded(text: Column) -> Column:
    """Without percent escapes; the text as it is where it is not a valid escape."""
    from pyspark.sql import functions as F

    return F.coalesce(F.try_url_decode(F.regexp_replace(text, r"\+", "%2B")), text)


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
                if path in files and not Path(path).exists():
                    return gone(path)
                if path in files:
                    return FailedFile(path, _reason(text))
    return None


def unopenable(path: str) -> FailedFile | None:
    """Why the file can't even be given to a reader; None where it can."""
    if not Path(path).exists():
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
