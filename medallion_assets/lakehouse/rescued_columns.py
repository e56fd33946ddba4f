"""Which columns the rescued values of a run are of, and the type that would have held them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyspark.sql.types import (
    DataType,
    DateType,
    DecimalType,
    DoubleType,
    FloatType,
    NumericType,
    StringType,
    StructType,
    TimestampType,
)

from medallion_assets.lakehouse.autoloader.decode.conform import is_nested
from medallion_assets.lakehouse.autoloader.decode.text_values import NUMBER, TextValues
from medallion_assets.lakehouse.autoloader.decode.typed_values import DIGITS
from medallion_assets.lakehouse.autoloader.evolution import can_be_column
from medallion_assets.lakehouse.delta_log import DeltaLog
from medallion_assets.lakehouse.materialization import RescuedColumn

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_SHOWN = 100
_IN_LONG, _IN_DOUBLE, _IN_DECIMAL = 18, 15, 38
"""As many digits each keeps."""
_NO_COLUMNS = ("_file_path", "_corrupt_record")
_SAID = """
    SELECT key AS name, CAST(value AS string) AS text
    FROM {rows}, LATERAL variant_explode(try_parse_json(_rescued_data))
"""


@dataclass(frozen=True)
class Texts:
    """What the texts of a column have in common.

    Attributes:
        all_numbers: whether each is a number without an exponent.
        whole: how many digits the longest has before its point.
        fraction: and behind it.
        all_days: whether each is a day.
        all_moments: whether each is a day or a moment.
    """

    all_numbers: bool
    whole: int
    fraction: int
    all_days: bool
    all_moments: bool


def rescued_columns(
    spark: SparkSession, path: Path, since: int, *, personal: bool
) -> tuple[RescuedColumn, ...]:
    """The columns whose values were rescued, the most rows first.

    Args:
        spark: the session.
        path: of the bronze table.
        since: the first micro-batch that counts.
        personal: whether no value may be shown.
    """
    from pyspark.sql import functions as F

    table = spark.read.format("delta").load(str(path))
    rows = table.where((F.col("_batch") >= since) & F.col("_rescued_data").isNotNull())
    said = spark.sql(_SAID, rows=rows.select("_rescued_data"))
    text, values = F.col("text"), TextValues()
    is_number = text.rlike(NUMBER) & ~text.rlike("[eE]")
    whole, fraction = (F.length(F.regexp_extract(text, r"^-?(\d*)\.?(\d*)", n)) for n in (1, 2))
    found = said.groupBy("name").agg(
        F.count(F.lit(1)).alias("rows"),
        F.min(F.left(text, F.lit(_SHOWN))).alias("example"),
        F.every(is_number).alias("all_numbers"),
        F.max(whole).alias("whole"),
        F.max(fraction).alias("fraction"),
        F.every(values.value(text, DateType()).isNotNull()).alias("all_days"),
        F.every(values.value(text, TimestampType()).isNotNull()).alias("all_moments"),
    )
    stored = StructType.fromJson(json.loads(DeltaLog(path).schema()))
    kinds = {field.name: field.dataType for field in stored.fields}
    columns = (_column(row.asDict(), kinds, personal=personal) for row in found.collect())
    shown = [column for column in columns if column.name not in _NO_COLUMNS]
    return tuple(sorted(shown, key=lambda column: (-column.rows, column.name)))


def _column(
    row: Mapping[str, Any], kinds: Mapping[str, DataType], *, personal: bool
) -> RescuedColumn:
    kind = kinds.get(row["name"])
    texts = Texts(**{name: row[name] for name in Texts.__dataclass_fields__})
    return RescuedColumn(
        name=row["name"],
        rows=row["rows"],
        has="" if kind is None else kind.simpleString(),
        fits=fitting(kind, texts) if kind is not None or can_be_column(row["name"]) else "",
        example="" if personal else row["example"] or "",
    )


def fitting(stored: DataType | None, texts: Texts) -> str:
    """The type for a column's stored values and for texts that did not fit it, as DDL.

    Args:
        stored: the column's type; None where there is no column yet.
        texts: what did not fit.

    Returns:
        The type; empty where another type is no help, as with bytes that are no text.
    """
    if isinstance(stored, StringType) or (stored is not None and is_nested(stored)):
        return ""
    if texts.all_numbers and (stored is None or isinstance(stored, NumericType)):
        return _number(stored, texts)
    if stored is None and texts.all_days:
        return "date"
    if texts.all_moments and (stored is None or isinstance(stored, DateType)):
        return "timestamp"
    return "string"


def _number(stored: DataType | None, texts: Texts) -> str:
    whole, fraction = texts.whole, texts.fraction
    if isinstance(stored, (FloatType, DoubleType)):
        # Nobody knows how many digits there are behind the points of those that are stored.
        return "string"
    if isinstance(stored, DecimalType):
        whole = max(whole, stored.precision - stored.scale)
        fraction = max(fraction, stored.scale)
    elif not fraction and whole <= _IN_LONG:
        return "bigint"
    elif fraction and whole + fraction <= _IN_DOUBLE:
        return "double"
    else:
        whole = max(whole, DIGITS.get(type(stored), 0)) if stored is not None else whole
    digits = whole + fraction
    return f"decimal({digits},{fraction})" if digits <= _IN_DECIMAL else "string"
