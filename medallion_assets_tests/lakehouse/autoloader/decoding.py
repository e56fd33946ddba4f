"""Decode files without a stream and a table, where only the reading is looked at."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medallion_assets.lakehouse.autoloader.decode.format import CORRUPT, RESCUED
from medallion_assets.lakehouse.autoloader.ingest import Decoded, Ingest, parsed_schema
from medallion_assets.lakehouse.autoloader.options import CloudFilesOptions, FileFormat
from medallion_assets.lakehouse.materialization import FailedFile
from medallion_assets_tests.lakehouse.autoloader.landed import seen

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@dataclass(frozen=True)
class Reading:
    """What came out of the files of a directory.

    Attributes:
        rows: the source's own columns, row by row.
        rescued: the rescued values of the rows that have some, without the file's path.
        corrupt: the records that could not be parsed.
        failed: reason by name of the files that could not be read.
    """

    rows: list[dict[str, Any]]
    rescued: list[dict[str, Any]]
    corrupt: list[str]
    failed: dict[str, str]


def reading(
    spark: SparkSession,
    landing: Path,
    kind: FileFormat,
    options: Mapping[str, str],
    schema: str | None = None,
) -> Reading:
    """Decode the files of a directory as the first micro-batch of a stream.

    Args:
        spark: the session.
        landing: the directory.
        kind: the files' format.
        options: with their prefix; types are inferred unless they say otherwise.
        schema: the declared one, as DDL.
    """
    given = {"cloudFiles.format": kind, "cloudFiles.inferColumnTypes": "true", **options}
    ingest = Ingest(
        directory=landing,
        options=CloudFilesOptions.parse(given, has_schema=schema is not None),
        declared=None if schema is None else parsed_schema(spark, schema),
        schema_log=None,
    )
    rows: list[dict[str, Any]] = []

    def write(decoded: Decoded, _: Sequence[FailedFile]) -> None:
        rows.extend(row for frame in decoded.frames for row in frame.toArrow().to_pylist())

    done = ingest.batch(spark, [seen(path) for path in sorted(landing.iterdir())], write)
    rescued = [json.loads(said) for row in rows if (said := row.pop(RESCUED)) is not None]
    corrupt = [said for row in rows if (said := row.pop(CORRUPT)) is not None]
    for values in rescued:
        del values["_file_path"]
    failed = {Path(file.path).name: file.reason for file in done.failed}
    return Reading(rows, rescued, sorted(corrupt), failed)
