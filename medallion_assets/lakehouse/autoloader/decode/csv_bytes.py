"""CSV files with bytes that are no UTF-8: Spark's reader makes the same character of each.

Such files are read in an encoding in which every byte is a character of its own, and each value is
then put back into the bytes it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from medallion_assets.lakehouse.autoloader.decode.compression import is_packed
from medallion_assets.lakehouse.autoloader.decode.encoding import what_is_no_text
from medallion_assets.lakehouse.autoloader.object_store import is_object
from medallion_assets.lakehouse.sql_text import quoted

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import StructType

_BYTEWISE = "ISO-8859-1"


def may_be_bent(spark: SparkSession, path: str) -> bool:
    """Whether a file may have bytes that are no UTF-8.

    A local file is looked through, 1 GB in a second. One that is packed or elsewhere may have some:
    looking would cost more than reading it that way.
    """
    is_local = str(spark.conf.get("spark.master", "local")).startswith("local")
    if not is_local or is_object(path) or is_packed(path):
        return True
    try:
        return what_is_no_text(path, "utf-8") is not None
    except OSError:
        # Who reads its rows tells why that can't be done.
        return False


def bytewise(given: Mapping[str, str]) -> dict[str, str]:
    """The reader's options with which every byte is a character."""
    own = {name: value for name, value in given.items() if name.lower() != "charset"}
    return {name: value.encode().decode(_BYTEWISE) for name, value in own.items()} | {
        "encoding": _BYTEWISE
    }


def with_texts(frame: DataFrame, fields: StructType) -> DataFrame:
    """The rows with their values as they stand in the files.

    Args:
        frame: read with the options above.
        fields: of the rows, all strings.
    """
    from pyspark.sql import functions as F

    texts = {
        field.name: F.encode(F.col(quoted(field.name)), _BYTEWISE).cast("string")
        for field in fields.fields
    }
    return frame.withColumns(texts)
