"""`read_stream(spark)`: Spark's stream reader with the format `cloudFiles`.

An Auto Loader script runs with one changed word, `read_stream(spark)` for `spark.readStream`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medallion_assets.lakehouse.autoloader.discovery.glob import escaped, is_glob, literal_part
from medallion_assets.lakehouse.autoloader.listing import Directory
from medallion_assets.lakehouse.autoloader.object_store import ObjectDirectory, connect, is_object
from medallion_assets.lakehouse.autoloader.options import CleanSource, CloudFilesOptions
from medallion_assets.lakehouse.errors import OptionError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import StructType

    from medallion_assets.lakehouse.autoloader.frame import CloudFilesFrame


def read_stream(spark: SparkSession) -> StreamReader:
    """A reader like `spark.readStream` that knows the format `cloudFiles`.

    Args:
        spark: the session.

    Returns:
        A reader; with any other format it hands everything to `spark.readStream` unchanged.
    """
    return StreamReader(spark)


class StreamReader:
    """What `read_stream` returns; its methods are those of Spark's `DataStreamReader`."""

    def __init__(self, spark: SparkSession) -> None:
        self._spark = spark
        self._format: str | None = None
        self._schema: StructType | str | None = None
        self._options: dict[str, str] = {}

    def format(self, source: str) -> StreamReader:
        """The source's format: `cloudFiles`, or any that Spark can stream."""
        self._format = source
        return self

    def schema(self, schema: StructType | str) -> StreamReader:
        """The declared schema, as a StructType or DDL."""
        self._schema = schema
        return self

    def option(self, key: str, value: object) -> StreamReader:
        """One option; a boolean is written as Spark writes it."""
        self._options[key] = str(value).lower() if isinstance(value, bool) else str(value)
        return self

    def options(self, **options: object) -> StreamReader:
        """Several options."""
        for key, value in options.items():
            self.option(key, value)
        return self

    def load(self, path: str | None = None, **options: Any) -> CloudFilesFrame | DataFrame:
        """The stream.

        Raises:
            OptionError: an option is unknown, malformed or contradicts another, or the path is
                missing or not a local one.
        """
        if (self._format or "").lower() != "cloudfiles":
            stream: DataFrame = self._sparks_own().load(path, **options)
            return stream
        from medallion_assets.lakehouse.autoloader.frame import CloudFilesFrame

        self.options(**options)
        if path is None:
            raise OptionError("cloudFiles needs the directory to load: .load('/landing/orders').")
        landing = LandingPath.of(path)
        checked = CloudFilesOptions.parse(self._options, has_schema=self._schema is not None)
        if isinstance(landing.directory, ObjectDirectory):
            _check_for_store(landing.directory, checked)
            connect(landing.directory.uri, self._spark)
        return CloudFilesFrame(
            spark=self._spark,
            directory=landing.directory,
            pattern=landing.pattern,
            options=checked,
            declared=self._declared(),
        )

    def __getattr__(self, name: str) -> Any:
        """Everything else is Spark's own: `table`, `json`, `csv`, ..."""
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._sparks_own(), name)

    def _sparks_own(self) -> Any:
        reader = self._spark.readStream
        if self._format is not None:
            reader = reader.format(self._format)
        if self._schema is not None:
            reader = reader.schema(self._schema)
        return reader.options(**self._options)

    def _declared(self) -> str | None:
        if self._schema is None or isinstance(self._schema, str):
            return self._schema
        return ", ".join(
            f"`{field.name}` {field.dataType.simpleString()}" for field in self._schema.fields
        )


def _check_for_store(directory: ObjectDirectory, options: CloudFilesOptions) -> None:
    if options.clean_source is not CleanSource.OFF:
        raise OptionError(
            f"cloudFiles.cleanSource is for local directories; {directory} is in an object store. "
            "Leave it out and give the bucket a lifecycle rule."
        )


@dataclass(frozen=True)
class LandingPath:
    """What a path to load names.

    Attributes:
        directory: where to look.
        pattern: the path as a glob with its whole directory, None where it names a directory.
    """

    directory: Directory
    pattern: str | None = None

    @classmethod
    def of(cls, path: str) -> LandingPath:
        """A path, a `file:` URI or one of S3; a glob, unless something of just this name is there.

        Raises:
            OptionError: the path is on another file system.
        """
        if is_object(path):
            above = literal_part(path)
            if above == path:
                return cls(ObjectDirectory(path.rstrip("/")))
            return cls(ObjectDirectory(above[: above.rfind("/")]), path)
        bare = path.removeprefix("file://").removeprefix("file:")
        if "://" in bare or (":" in bare.split("/", 1)[0]):
            raise OptionError(
                f"{path} is neither on a local or mounted file system nor in S3 (s3://, s3a://), "
                "which is what discovery lists. Mount the store, or copy its files into a landing "
                "directory."
            )
        if not is_glob(bare) or os.path.lexists(Path(bare).expanduser()):
            return cls(Path(bare).expanduser().resolve())
        above = bare[: literal_part(bare).rfind("/") + 1]
        directory = Path(above).expanduser().resolve()
        inside = escaped(os.fspath(directory)).rstrip("/")
        return cls(directory, f"{inside}/{bare[len(above) :]}")
