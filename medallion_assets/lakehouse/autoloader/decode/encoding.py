"""Text that Spark reads as if it were UTF-8, in the encoding it has."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

from medallion_assets.lakehouse.autoloader.decode.compression import open_bytes
from medallion_assets.lakehouse.autoloader.decode.settings import settings
from medallion_assets.lakehouse.autoloader.options import CloudFilesOptions

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_CHUNK = 1 << 20
_CODING = {
    # Any of Java's character sets, and a replacement for what is not valid, as in Spark's other
    # readers. Otherwise one such file would end the run, with an error that does not name it.
    "spark.sql.legacy.javaCharsets": "true",
    "spark.sql.legacy.codingErrorAction": "true",
}


def encoding(options: CloudFilesOptions) -> str:
    """The encoding of the files."""
    return options.reader_option("encoding", options.reader_option("charset", "UTF-8"))


def is_utf8(options: CloudFilesOptions) -> bool:
    """Whether the files are in the encoding that Spark reads without being told."""
    return encoding(options).lower() in ("utf-8", "utf8")


def has_wide_characters(options: CloudFilesOptions) -> bool:
    """Whether every character has several bytes, so that a line end is not a byte of its own."""
    return encoding(options).lower().replace("_", "-").startswith(("utf-16", "utf-32"))


def what_is_no_text(path: str, encoding: str) -> str | None:
    """Which bytes of a file are no characters in its encoding; None where all are.

    A GB of a local file is looked through in a second.

    Raises:
        OSError: the file can't be opened or unpacked.
        EOFError: it is packed and cut off.
        LookupError: there is no such encoding.
    """
    decoder, read = codecs.getincrementaldecoder(encoding)(), 0
    with open_bytes(path) as file:
        while True:
            chunk = file.read(_CHUNK)
            held = len(decoder.getstate()[0])
            try:
                decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                at = read - held + error.start
                return f"its byte {error.object[error.start]:#04x} at {at} is not {encoding}"
            if not chunk:
                return None
            read += len(chunk)


def decoded(frame: DataFrame, options: CloudFilesOptions) -> DataFrame:
    """The frame with the text of its column `value` decoded, without a byte order mark.

    Without an encoding a mark of UTF-16 is heeded.
    """
    from pyspark.sql import functions as F

    content = F.col("value").cast("binary")
    if is_utf8(options):
        marked = F.hex(F.substring(content, 1, 2)).isin("FEFF", "FFFE")
        text = F.when(marked, F.decode(content, "UTF-16")).otherwise(F.col("value"))
    else:
        text = F.decode(content, encoding(options))
    with settings(frame.sparkSession, _CODING):
        return frame.withColumn("value", F.ltrim(text, F.lit("\ufeff")))
