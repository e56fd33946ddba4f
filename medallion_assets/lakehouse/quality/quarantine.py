"""The quarantine: rows a table did not take, whole, with the rules they broke."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from medallion_assets.lakehouse.streams import query

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

ROW_ID = "_quarantine_id"
RELEASE = "_release"

COLUMNS = {
    "_broken_rules": "Names of the expectations the row broke.",
    "_quarantined_at": "When the row's micro-batch was processed.",
    "_batch_id": "The micro-batch of the table's stream.",
    ROW_ID: "The row's own name, by which it is released.",
    RELEASE: "The number of the release that is taking the row out; null when none is.",
}
"""The columns a quarantine adds to the transformed row's own."""


def write_quarantine(rows: DataFrame, path: Path, stream: str, batch: int) -> None:
    """Append rejected rows, once for a micro-batch however often it is replayed.

    Args:
        rows: with the types of those that are there, see `type_drift`.
        path: of the quarantine.
        stream: the table's.
        batch: the number of the micro-batch.
    """
    from pyspark.sql import functions as F

    marked = rows.withColumns(
        {
            "_quarantined_at": F.current_timestamp(),
            "_batch_id": F.lit(batch).cast("bigint"),
            ROW_ID: F.uuid(),
            RELEASE: F.lit(None).cast("bigint"),
        }
    )
    query.append(marked, path, transaction=(stream, batch))
