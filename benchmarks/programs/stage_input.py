"""What Spark's tasks have read, by their own metrics: a second scan of the same rows shows here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

RETAINED = {"spark.ui.retainedStages": "100000", "spark.ui.retainedJobs": "100000"}
"""Settings of a session that keeps what is asked for here; ours keeps one stage, for speed."""


@dataclass(frozen=True)
class Input:
    """What tasks read of files: rows of data files, lines of text, entries of logs.

    Attributes:
        records: how many.
        bytes: of the files.
    """

    records: int
    bytes: int


@dataclass
class StageInput:
    """The input of the stages that ran since the last look.

    Args:
        spark: a session that keeps its stages; it needs no UI for that.
        seen: the number of the last stage that was looked at.
    """

    spark: SparkSession
    seen: int = -1

    def since_last(self) -> Input:
        """Of all stages since this was last asked."""
        context: Any = self.spark.sparkContext._jsc.sc()
        # The metrics arrive in events of their own, after the job has ended.
        context.listenerBus().waitUntilEmpty()
        new = [stage for stage in self._stages(context) if stage.stageId() > self.seen]
        self.seen = max((stage.stageId() for stage in new), default=self.seen)
        return Input(
            records=sum(stage.inputRecords() for stage in new),
            bytes=sum(stage.inputBytes() for stage in new),
        )

    def _stages(self, context: Any) -> list[Any]:
        gateway: Any = self.spark.sparkContext._gateway
        no_quantiles = gateway.new_array(gateway.jvm.double, 0)
        any_status = gateway.jvm.java.util.ArrayList()
        stages = context.statusStore().stageList(None, False, False, no_quantiles, any_status)
        return [stages.apply(number) for number in range(stages.size())]
