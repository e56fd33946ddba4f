"""A run that uses the engine: `python -m ...client DIRECTORY work|hang|leave|settings`.

It copies a table to another one as a stream, and says on standard output where it is.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from medallion_assets.lakehouse.session import start_session
from medallion_assets.lakehouse.session.engine import attachment
from medallion_assets.lakehouse.streams import query
from medallion_assets.lakehouse.streams.trigger import AVAILABLE_NOW

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

CLIENT = "medallion_assets_tests.lakehouse.session.engine.client"
ROWS = 1000
WITHOUT_END = 10**13


def say(*words: object) -> None:
    print(*words, flush=True)


def session() -> SparkSession:
    spark = start_session()
    attached = attachment.current()
    say("engine", attached.process if attached else "none")
    active = spark.sparkContext.statusTracker().getActiveJobsIds()
    say("jobs", len(active))
    return spark


def copy(spark: SparkSession, directory: Path, *, slow: bool) -> None:
    source, target = directory / "source", directory / "target"
    if not source.is_dir():
        spark.range(ROWS).write.format("delta").save(str(source))

    def write(rows: DataFrame, number: int) -> None:
        if slow:
            say("working")
            # On one core: another run needs one too.
            rows = spark.range(0, WITHOUT_END, 1, 1).where("id % 1000003 = -1")
        query.append(rows, target, transaction=("copy", number), merge_schema=False)

    query.run(
        partial(spark.readStream.format("delta").load, str(source)),
        write,
        name="copy",
        checkpoint=directory / "checkpoint",
        trigger=AVAILABLE_NOW,
    )
    total = spark.read.format("delta").load(str(target)).agg({"id": "sum"}).collect()[0][0]
    say("total", total)


def leave(spark: SparkSession) -> None:
    spark.sql("CREATE DATABASE only_mine")
    spark.range(3).createOrReplaceGlobalTempView("only_mine")
    assert start_session() is spark
    spark.stop()
    assert attachment.current() is None
    again = session()
    assert again is not spark
    names = [row.namespace for row in again.sql("SHOW DATABASES").collect()]
    say("databases", *names)
    say("counted", again.range(7).count())


def main() -> None:
    directory, what = Path(sys.argv[1]), sys.argv[2]
    if what == "settings":
        spark = start_session(**{"spark.sql.shuffle.partitions": "7"})
        say("partitions", spark.conf.get("spark.sql.shuffle.partitions"))
        say("reuse", spark.conf.get("spark.python.worker.reuse"))
        return
    spark = session()
    if what == "leave":
        leave(spark)
        return
    copy(spark, directory, slow=what == "hang")


if __name__ == "__main__":
    main()
