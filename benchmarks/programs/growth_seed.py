"""Make a stream's state as a first load of the landed files would have left it.

The files are empty, so that a million of them can be seen without reading a million: both engines
keep the path of every file and nothing of what was in it. Here the ledger is filled by a real
discovery and each of its micro-batches noted as done; the log of Spark's file source gets the same
files in the format Spark itself wrote in a real run just before. Both then have had two real runs.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

from benchmarks.errors import BenchmarkError
from benchmarks.orders import NEW_FILES
from benchmarks.programs.growth_stream import (
    ENGINES,
    FILES_A_MICRO_BATCH,
    SCHEMA,
    GrowthStream,
    land,
)
from benchmarks.programs.stopwatch import Stopwatch, parser

_RUNS = (0, 3)
"""Numbers of the increments of the real runs; those between are measured."""


def main() -> None:
    """Seed."""
    arguments = parser(__doc__)
    arguments.add_argument("--engine", required=True, choices=ENGINES)
    told = arguments.parse_args()
    watch = Stopwatch.of(told)

    from benchmarks.house import PROJECT
    from benchmarks.lakehouse import bronze_orders
    from medallion_assets.lakehouse.lake import Lake
    from medallion_assets.lakehouse.session import start_spark

    lake = Lake.from_environment(PROJECT)
    stream = GrowthStream(told.engine, lake.landing_path(bronze_orders.source), lake.root)
    watch.lap("imports")
    if stream.engine == "cloudFiles":
        _discover(stream)
        watch.lap("discovery")
    spark = start_spark()
    watch.lap("session")
    for number in _RUNS:
        land(stream.landing, number, 1, 1)
        stream.run(spark, only_new=stream.engine == "file source")
    if stream.engine == "file source":
        _write_log(stream)
    watch.lap("stream")
    watch.facts["rows"] = stream.rows()
    watch.tell()


def _discover(stream: GrowthStream) -> None:
    from medallion_assets.lakehouse.autoloader.options import CloudFilesOptions
    from medallion_assets.lakehouse.autoloader.stream import FileStream

    options = {
        "cloudFiles.format": "json",
        "cloudFiles.maxFilesPerTrigger": str(FILES_A_MICRO_BATCH),
    }
    files = FileStream(
        directory=stream.landing,
        options=CloudFilesOptions.parse(options, has_schema=True),
        checkpoint=stream.checkpoint,
        declared=SCHEMA,
    )
    files.ledger.create()
    for batch in range(files.discover().batches):
        files.ledger.committed(batch, 0)


def _write_log(stream: GrowthStream) -> None:
    """Add the files to the first run's: Spark plans the last one's anew at each start."""
    log = stream.log / "0"
    written = log.read_text().splitlines()
    version, first = written[0], json.loads(written[1])
    if version != "v1" or first.keys() != {"path", "timestamp", "batchId"}:
        raise BenchmarkError(f"The file source's log has another format: {written}")
    directory = first["path"].rpartition("/")[0]
    with log.open("w") as file:
        file.write("\n".join(written))
        file.writelines(f"\n{json.dumps(entry)}" for entry in _entries(stream, directory))


def _entries(stream: GrowthStream, directory: str) -> Iterator[dict[str, object]]:
    for entry in os.scandir(stream.landing):
        if not entry.name.startswith(NEW_FILES):
            milliseconds = entry.stat().st_mtime_ns // 1_000_000
            path = f"{directory}/{entry.name}"
            yield {"path": path, "timestamp": milliseconds, "batchId": 0}


if __name__ == "__main__":
    main()
