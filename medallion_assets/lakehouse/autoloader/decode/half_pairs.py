"""JSON files in which half of a surrogate pair stands alone: Spark's reader makes it `?`."""

from __future__ import annotations

import mmap
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from medallion_assets.lakehouse.autoloader.decode import json_texts
from medallion_assets.lakehouse.autoloader.decode.compression import is_packed
from medallion_assets.lakehouse.autoloader.decode.format import literal_path
from medallion_assets.lakehouse.autoloader.object_store import is_object

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_ESCAPES = (b"\\ud", b"\\uD")


def files_with_half_pairs(spark: SparkSession, paths: Sequence[str]) -> set[str]:
    """Those of the files.

    Whether a local file has any such escape is told by its bytes, 1 GB in a second: as a scan by
    Spark it would cost every row a third reading. Few have one, and only these are scanned.
    """
    local = str(spark.conf.get("spark.master", "local")).startswith("local")
    suspects = [path for path in paths if not local or _may_have_escapes(path)]
    if not suspects:
        return set()
    from pyspark.sql import functions as F

    line = F.col("value")
    lines = spark.read.text([literal_path(path) for path in suspects])
    found = lines.where(json_texts.may_have_half_pairs(line) & line.rlike(json_texts.HALF_PAIR))
    named = {row[0] for row in found.select("_metadata.file_path").distinct().collect()}
    plain = {unquote(name.removeprefix("file://").removeprefix("file:")) for name in named}
    return {path for path in suspects if path in plain or path in named}


def _may_have_escapes(path: str) -> bool:
    if is_object(path) or is_packed(path):
        return True
    try:
        with Path(path).open("rb") as file:
            if not os.fstat(file.fileno()).st_size:
                return False
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                return any(content.find(escape) >= 0 for escape in _ESCAPES)
    except OSError:
        # Who reads its rows tells why that can't be done.
        return False
