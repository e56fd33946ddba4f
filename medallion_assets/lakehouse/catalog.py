"""Names of tables: `silver.orders` in Spark SQL for the Delta table at its path.

The catalog of an embedded session lives as long as the session; the tables on disk are the truth.
So names are registered from what is found there, which takes some 25 ms a table.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from medallion_assets.lakehouse.errors import OptionError
from medallion_assets.lakehouse.sql_text import literal, quoted

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from medallion_assets.lakehouse.lake import Lake


def register_lake(spark: SparkSession, lake: Lake) -> list[str]:
    """Register every table of a lake by name.

    Returns:
        The names, in order.
    """
    names = []
    for layer in ("bronze", "silver", "gold"):
        names += _register_below(spark, lake.root / layer, layer)
    return names


def register_warehouse(spark: SparkSession) -> list[str]:
    """Register the tables an earlier session of the same warehouse made by name."""
    warehouse = _warehouse(spark)
    names = _register_below(spark, warehouse, "default")
    if warehouse.is_dir():
        for schema in sorted(warehouse.glob("*.db")):
            names += _register_below(spark, schema, schema.stem)
    return names


def register(spark: SparkSession, name: str, path: Path) -> None:
    """Make a Delta table known by a one- or two-part name."""
    schema, table = split_name(name)
    if schema != "default":
        spark.sql(f"CREATE SCHEMA IF NOT EXISTS {quoted(schema)}")
    spark.sql(
        f"CREATE TABLE IF NOT EXISTS {quoted(schema)}.{quoted(table)} "
        f"USING delta LOCATION {literal(str(path))}"
    )


def table_path(spark: SparkSession, name: str) -> Path:
    """The directory of a table by name: where the catalog has it, else where it will be made."""
    schema, table = split_name(name)
    if spark.catalog.tableExists(f"{quoted(schema)}.{quoted(table)}"):
        detail = spark.sql(f"DESCRIBE DETAIL {quoted(schema)}.{quoted(table)}").collect()[0]
        return local_path(detail["location"])
    warehouse = _warehouse(spark)
    return warehouse / table if schema == "default" else warehouse / f"{schema}.db" / table


def table_at(spark: SparkSession, said: str) -> tuple[str | None, Path]:
    """The name, None where it goes by path, and the directory of `table` or ``delta.`/path` ``.

    Raises:
        OptionError: it is neither.
    """
    by_path = re.fullmatch(r"delta\.`(.+)`", said.strip(), re.I)
    if by_path is None:
        return said, table_path(spark, said)
    return None, local_path(by_path.group(1).replace("``", "`")).resolve()


def split_name(name: str) -> tuple[str, str]:
    """Schema and table of a name such as `orders`, `silver.orders`, `spark_catalog.silver.orders`.

    Raises:
        OptionError: more parts than that, another catalog, or an empty part.
    """
    one_part = r"`?(?P<{}>[^`./]+)`?"
    shape = rf"(spark_catalog\.)?({one_part.format('schema')}\.)?{one_part.format('table')}"
    found = re.fullmatch(shape, name.strip())
    if found is None:
        raise OptionError(
            f"{name!r} is not a table name: give `table` or `schema.table`, or a path as "
            "delta.`/path`."
        )
    return found["schema"] or "default", found["table"]


def _register_below(spark: SparkSession, directory: Path, schema: str) -> list[str]:
    if not directory.is_dir():
        return []
    names = []
    for entry in sorted(os.scandir(directory), key=lambda entry: entry.name):
        if entry.is_dir() and (Path(entry.path) / "_delta_log").is_dir():
            name = f"{schema}.{entry.name}"
            register(spark, name, Path(entry.path))
            names.append(name)
    return names


def _warehouse(spark: SparkSession) -> Path:
    return local_path(spark.conf.get("spark.sql.warehouse.dir") or "spark-warehouse")


def local_path(uri: str) -> Path:
    """The path of a `file:` URI."""
    return Path(unquote(uri.removeprefix("file://").removeprefix("file:")))
