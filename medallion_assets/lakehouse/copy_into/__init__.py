"""COPY INTO: files into a table, once each, by a statement.

`copy_into` is what carries one out; `statement` is what it says, `parser` how it is spelled,
`candidates` the files it may take, `loads` which of them are in the table, `rows` what of a file
goes where.
"""

from __future__ import annotations

from medallion_assets.lakehouse.copy_into.copying import copy_into
from medallion_assets.lakehouse.copy_into.result import CopyIntoResult

__all__ = ["CopyIntoResult", "copy_into"]
