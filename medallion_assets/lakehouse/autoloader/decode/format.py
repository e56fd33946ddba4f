"""What a file format has to tell: which fields its files have, and their rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from medallion_assets.lakehouse.autoloader.object_store import is_object
from medallion_assets.lakehouse.autoloader.options import CloudFilesOptions
from medallion_assets.lakehouse.materialization import FailedFile
from medallion_assets.lakehouse.sql_text import quoted

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import DataType, StructType

RESCUED = "_rescued_data"
CORRUPT = "_corrupt_record"
MALFORMED = "A record of the file %s can't be parsed, and the reader's mode is FAILFAST."
_GLOB = re.compile(r"([\\{}\[\]*?])")
_DECIDED_HERE = frozenset({"mode", "samplingratio", "columnnameofcorruptrecord"})
"""Options of Spark's readers that would leave out what has to be seen, in lower case.

`mode` is heeded once everything is read, `samplingRatio` is always all.
"""


@dataclass(frozen=True)
class FileGroup:
    """Files that are read together because they have the same fields.

    Attributes:
        paths: of the files.
        fields: that they have.
        tokens: the same fields with the types that were seen, where `fields` has text for all.
        may_be_bent: whether Spark's reader may give other texts than theirs: half a surrogate pair
            in JSON, bytes of CSV that are no characters.
    """

    paths: tuple[str, ...]
    fields: StructType
    tokens: StructType | None = None
    may_be_bent: bool = False


@dataclass(frozen=True)
class Groups:
    """The files of a micro-batch by their fields, and those that can't be opened."""

    readable: tuple[FileGroup, ...]
    failed: tuple[FailedFile, ...] = ()


class Format(Protocol):
    """One file format."""

    def groups(
        self,
        spark: SparkSession,
        paths: Sequence[str],
        options: CloudFilesOptions,
        stored: StructType | None,
    ) -> Groups:
        """The files by the fields they have.

        Args:
            spark: reads what only Spark can tell.
            paths: the micro-batch's files.
            options: the stream's.
            stored: the stored schema: a format without types looks for them only when new.
        """
        ...

    def rows(
        self,
        spark: SparkSession,
        group: FileGroup,
        schema: StructType,
        unknown: Sequence[str],
        options: CloudFilesOptions,
    ) -> DataFrame:
        """The group's rows: the schema's columns, `_rescued_data`, `_corrupt_record`.

        Spark's hidden `_metadata` column stays available.
        """
        ...


def reader_options(options: CloudFilesOptions, **own: str) -> dict[str, str]:
    """The options to give to Spark's reader.

    Args:
        options: the stream's.
        own: those that a format sets itself; they win, whatever the case of the user's.
    """
    ours = {name.lower() for name in own}
    given = {
        name: value
        for name, value in options.reader.items()
        if name.lower() not in _DECIDED_HERE and name.lower() not in ours
    }
    return {**given, **own}


def several_lines(options: CloudFilesOptions) -> bool:
    """Whether a record of JSON or CSV can go over several lines."""
    return options.reader_option("multiLine", "false").lower() == "true"


def literal_path(path: str) -> str:
    """The path for Spark's readers, which take `[`, `{`, `*` and `?` in it for a pattern."""
    return _GLOB.sub(r"\\\1", path)


def can_be_named(path: str) -> bool:
    """Whether Spark's readers can be given this path: not a pattern that contains a colon."""
    # Spark's option against patterns is no way out: with it, each such path stands for all others.
    name = path.partition("://")[2] if is_object(path) else path
    return not (":" in name and _GLOB.search(name))


def heeding_mode(frame: DataFrame, options: CloudFilesOptions) -> DataFrame:
    """The rows as the reader's option `mode` wants them.

    Only a record that can't be parsed is malformed: a value of the wrong type is rescued. It is
    left out with DROPMALFORMED, and fails its file with FAILFAST.
    """
    from pyspark.sql import functions as F

    mode = options.reader_option("mode", "PERMISSIVE").upper()
    if mode == "DROPMALFORMED":
        return frame.where(F.col(CORRUPT).isNull())
    if mode == "FAILFAST":
        message = F.format_string(MALFORMED, F.col("_metadata.file_path"))
        failure = F.raise_error(message).cast("boolean")
        return frame.where(F.when(F.col(CORRUPT).isNotNull(), failure).otherwise(F.lit(True)))
    return frame


def sql_type(kind: DataType) -> str:
    """The type as SQL, whatever the names of the fields within it."""
    from pyspark.sql.types import ArrayType, MapType, StructType

    if isinstance(kind, StructType):
        fields = (f"{quoted(field.name)}: {sql_type(field.dataType)}" for field in kind.fields)
        return f"struct<{', '.join(fields)}>"
    if isinstance(kind, ArrayType):
        return f"array<{sql_type(kind.elementType)}>"
    if isinstance(kind, MapType):
        return f"map<{sql_type(kind.keyType)}, {sql_type(kind.valueType)}>"
    return kind.simpleString()
