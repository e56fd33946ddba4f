"""One micro-batch of files as typed rows, with everything that does not fit kept beside them.

A format says what its files contain (`groups`) and reads a group with a given schema (`rows`).
Each row gets `_rescued_data` (a JSON object of the values that have no place in the schema, and the
file's path; null when there are none) and `_corrupt_record` (the record that could not be parsed).
"""

from __future__ import annotations

from medallion_assets.lakehouse.autoloader.decode.delimited import Delimited
from medallion_assets.lakehouse.autoloader.decode.fixed import BinaryFile, Text
from medallion_assets.lakehouse.autoloader.decode.format import FileGroup, Format
from medallion_assets.lakehouse.autoloader.decode.json_records import Json
from medallion_assets.lakehouse.autoloader.decode.self_describing import Avro, Orc, Parquet
from medallion_assets.lakehouse.autoloader.decode.single_variant import SingleVariant
from medallion_assets.lakehouse.autoloader.decode.xml import Xml
from medallion_assets.lakehouse.autoloader.options import CloudFilesOptions, FileFormat

__all__ = ["FORMATS", "FileGroup", "Format", "format_of"]

FORMATS: dict[FileFormat, Format] = {
    "avro": Avro(),
    "binaryFile": BinaryFile(),
    "csv": Delimited(),
    "json": Json(),
    "orc": Orc(),
    "parquet": Parquet(),
    "text": Text(),
    "xml": Xml(),
}


def format_of(options: CloudFilesOptions) -> Format:
    """How a stream's files are read."""
    if options.single_variant_column is not None:
        return SingleVariant()
    return FORMATS[options.format]
