"""What a source holds that its bronze table does not."""

from __future__ import annotations

from medallion_assets.lakehouse.autoloader import landing
from medallion_assets.lakehouse.kafka import state as topics
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.status.table_status import Backlog
from medallion_assets.lakehouse.tables import BronzeTable, KafkaTopics

LISTING_SECONDS = 2.0
"""How long a landing directory is listed before the look at it is broken off."""


def backlog(table: BronzeTable, lake: Lake) -> Backlog:
    """One look at the table's landing directory or topics.

    Raises:
        BrokerUnavailableError: a Kafka cluster does not answer. Trying again helps.
        BrokerRefusedError: it does not let us in.
        MachineError: client library or credentials are missing.
    """
    checkpoint = lake.stream_directory(table)
    if isinstance(table.source, KafkaTopics):
        held = topics.look(table.source, checkpoint)
        return Backlog(
            events=held.events_waiting,
            oldest_seconds=held.oldest_unread_age_seconds,
            lost=tuple(map(str, held.gaps)),
        )
    seen = landing.look(
        lake.landing_path(table.source),
        checkpoint,
        table.source.cloud_files_options(),
        budget_seconds=LISTING_SECONDS,
    )
    return Backlog(
        files=seen.new_files,
        bytes=seen.new_bytes,
        oldest_seconds=seen.oldest_new_age_seconds,
        being_written=seen.unsettled,
        complete=seen.resume_after is None,
        failed_files=seen.failed_files,
    )
