"""One look at a source, of whichever kind: what its sensor decides by and the catalog is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from medallion_assets.lakehouse.autoloader import landing
from medallion_assets.lakehouse.kafka import state as topics
from medallion_assets.lakehouse.kafka.offsets import signature
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.tables import BronzeTable, KafkaTopics
from medallion_assets.orchestration import landing_report, topic_report
from medallion_assets.orchestration.source_decision import Seen

if TYPE_CHECKING:
    import dagster as dg


@dataclass(frozen=True)
class SourceLook:
    """What one look saw.

    Attributes:
        seen: for the decision.
        may_follow: whether something is there that is not whole yet.
        new_bytes: the size of what waits, where that is known.
        signature: what the report says, in short.
        report: for the catalog.
    """

    seen: Seen
    may_follow: bool
    new_bytes: int
    signature: str
    report: dg.AssetMaterialization


def look_at(
    table: BronzeTable, lake: Lake, *, budget_seconds: float, resume_after: str | None = None
) -> SourceLook:
    """Compare a source with what its bronze table has taken of it.

    Args:
        table: the bronze table.
        lake: where it is.
        budget_seconds: how long to list files before breaking off.
        resume_after: where an earlier look was broken off.

    Raises:
        BrokerUnavailableError: a Kafka cluster does not answer. Trying again helps.
        BrokerRefusedError: it does not let us in.
        MachineError: client library or credentials are missing.
    """
    if isinstance(table.source, KafkaTopics):
        return _of_topics(topics.look(table.source, lake.stream_directory(table)))
    state = landing.look(
        lake.landing_path(table.source),
        lake.stream_directory(table),
        table.source.cloud_files_options(),
        budget_seconds=budget_seconds,
        resume_after=resume_after,
    )
    return SourceLook(
        seen=Seen(
            waiting=state.new_files > 0,
            taken=state.ledger_version,
            sentence=landing_report.describe(state),
            resume_after=state.resume_after,
        ),
        may_follow=state.unsettled > 0,
        new_bytes=state.new_bytes,
        signature=landing_report.landing_signature(state),
        report=landing_report.landing_report(table.source, state),
    )


def _of_topics(state: topics.TopicState) -> SourceLook:
    return SourceLook(
        seen=Seen(
            waiting=state.wants_run,
            taken=signature(state.position),
            sentence=topic_report.describe(state),
        ),
        may_follow=False,
        new_bytes=0,
        signature=topic_report.topic_signature(state),
        report=topic_report.topic_report(state),
    )
