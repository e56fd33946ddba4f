"""What a statement did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import Row


@dataclass(frozen=True)
class CopyIntoResult:
    """The row that COPY INTO answers with.

    It reads like Spark's Row, by attribute or `result["num_inserted_rows"]`.

    Attributes:
        num_affected_rows: rows appended.
        num_inserted_rows: the same.
        num_skipped_corrupt_files: files left out because they can't be read.
        preview: with VALIDATE of fewer than 50 rows, these rows as the table would have them.
    """

    num_affected_rows: int = 0
    num_inserted_rows: int = 0
    num_skipped_corrupt_files: int = 0
    preview: tuple[Row, ...] = ()

    def __getitem__(self, name: str) -> int:
        return self.asDict()[name]

    def asDict(self) -> dict[str, int]:  # noqa: N802 - Spark's name
        """The row by the names of its columns."""
        return {
            "num_affected_rows": self.num_affected_rows,
            "num_inserted_rows": self.num_inserted_rows,
            "num_skipped_corrupt_files": self.num_skipped_corrupt_files,
        }

    def collect(self) -> list[CopyIntoResult]:
        """The one row, as of the DataFrame that `spark.sql` answers with elsewhere."""
        return [self]
