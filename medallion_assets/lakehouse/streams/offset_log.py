"""Spark's offset log: what a micro-batch was planned with.

`offsets/<number>` below a checkpoint is written before its micro-batch runs and says the same when
that is replayed: a version, a line of JSON about the batch, then an offset a source.
"""

from __future__ import annotations

import json
from pathlib import Path

from medallion_assets.lakehouse.errors import LostStateError


def batch_watermark(checkpoint: Path, number: int) -> int:
    """The watermark a micro-batch was planned with.

    Args:
        checkpoint: the stream's.
        number: the micro-batch; before the first the watermark is 0.

    Returns:
        Milliseconds since 1970.

    Raises:
        LostStateError: Spark's entry is gone, or none that is known.
    """
    if number < 0:
        return 0
    entry = checkpoint / "offsets" / str(number)
    try:
        return int(json.loads(entry.read_text().splitlines()[1])["batchWatermarkMs"])
    except (OSError, LookupError, ValueError) as error:
        raise LostStateError(
            f"{entry} should say with which watermark Spark planned a micro-batch, and does not: "
            f"{error!r}. Restore the checkpoint from a backup, or recreate the table: "
            "`medallion rebuild`."
        ) from error
