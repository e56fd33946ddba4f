"""One micro-batch of files as typed rows, with everything that does not fit kept beside them.

A format says what its files contain (`groups`) and reads a group with a given schema (`rows`).
Each row gets `_rescued_data` (a JSON object of the values that have no place in the schema, and the
file's path; null when there are none) and `_corrupt_record` (the record that could not be parsed).
"""

from __future__ import annotations

from medallion_assets.lakehouse.autoloader.decode.delimited import Delimited
from medallion_assets.lakehouse.autoloader.decode.format import FileGroup, Format
from medallion_assets.lakehouse.autoloader.decode.json_lines import JsonLines
from medallion_assets.lakehouse.autoloader.decode.self_describing import Avro, Parquet

__all__ = ["FORMATS", "FileGroup", "Format"]

FORMATS: dict[str, Format] = {
    "avro": Avro(),
    "csv": Delimited(),
    "json": JsonLines(),
    "parquet": Parquet(),
}
