"""Inference by Spark over formats whose files are not cut: XML, and JSON and CSV with multiLine.

For these Spark's inference goes past its own index of files to Hadoop's listing. That takes a name
such as `a[1].xml` for a pattern, stumbles over colons, and its errors name no file.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from medallion_assets.lakehouse.autoloader.decode.format import literal_path
from medallion_assets.lakehouse.materialization import FailedFile

if TYPE_CHECKING:
    from pyspark.sql import SparkSession
    from pyspark.sql.types import StructType

_PLAIN = re.compile(r"(?:s3a?://)?[\w/. =+@-]*")


def inferred(
    spark: SparkSession, paths: Sequence[str], infer: Callable[[list[str]], StructType]
) -> StructType:
    """What Spark infers from files, whatever their names.

    Args:
        spark: reads the files once more where inference fails, for an error that names the file.
        paths: of the files.
        infer: infers from paths that Hadoop's listing takes as they are.
    """
    with tempfile.TemporaryDirectory(prefix="medallion-") as links:
        try:
            return infer([_plain(path, Path(links), number) for number, path in enumerate(paths)])
        except Exception:
            texts = spark.read.text([literal_path(path) for path in paths], wholetext=True)
            texts.write.format("noop").mode("overwrite").save()
            raise


def unnameable(spark: SparkSession, paths: Sequence[str]) -> tuple[FailedFile, ...]:
    """The files that can't be inferred from where other machines read them, with the reason."""
    local = str(spark.conf.get("spark.master", "local")).startswith("local")
    return () if local else patterns(paths)


def patterns(paths: Sequence[str]) -> tuple[FailedFile, ...]:
    """The files whose paths Hadoop's listing does not take as they are."""
    reason = "Spark's inference takes its name for a pattern: rename it, without any of {}[]*?:,"
    return tuple(FailedFile(path, reason) for path in paths if not _PLAIN.fullmatch(path))


def _plain(path: str, links: Path, number: int) -> str:
    """The path, or a link to it with a plain name and the same suffix, by which it is unpacked."""
    if _PLAIN.fullmatch(path):
        return path
    link = links / f"{number}{Path(path).suffix if _PLAIN.fullmatch(Path(path).suffix) else ''}"
    link.symlink_to(path)
    return str(link)
