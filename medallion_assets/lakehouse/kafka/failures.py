"""What went wrong in Spark's Kafka source, in our own terms."""

from __future__ import annotations

import re

from medallion_assets.lakehouse.errors import (
    BrokerRefusedError,
    BrokerUnavailableError,
    EventsLostError,
    MachineError,
    MedallionError,
)
from medallion_assets.lakehouse.tables.kafka_topics import KafkaTopics

_REFUSED = re.compile(r"(SaslAuthenticationException|TopicAuthorizationException)[^\n]*")
_LOST = re.compile(r"KAFKA_DATA_LOSS[^\n]*|OffsetOutOfRangeException[^\n]*")
_UNAVAILABLE = re.compile(
    r"org\.apache\.kafka\.common\.errors\.(TimeoutException|DisconnectException|"
    r"RetriableException|NetworkException)[^\n]*|"
    r"No resolvable bootstrap urls[^\n]*|Timeout (?:of \d+ms )?expired[^\n]*"
)
_NO_CONNECTOR = re.compile(r"DATA_SOURCE_NOT_FOUND[^\n]*kafka", re.I)


def as_kafka_error(error: Exception, source: KafkaTopics) -> MedallionError | None:
    """The error in our own terms; None where it is about something else."""
    text, cluster = str(error), source.cluster
    servers = cluster.bootstrap_servers
    if _NO_CONNECTOR.search(text):
        return MachineError(
            f"{source.name}: the Spark session lacks its Kafka connector. Start it with "
            "`start_spark(**kafka_settings())`; a cluster's session needs the same package."
        )
    if found := _REFUSED.search(text):
        return BrokerRefusedError(
            f"The Kafka cluster {servers} refuses the user: {found.group(0)}. Check "
            f"{cluster.environment}_SASL_USERNAME and _SASL_PASSWORD and what that user may read."
        )
    if found := _LOST.search(text):
        return EventsLostError(
            f"{source.name}: events went away while they were read: {found.group(0)}. Run again: "
            "it names what is missing and how to go on."
        )
    if found := _UNAVAILABLE.search(text):
        return BrokerUnavailableError(
            f"The Kafka cluster {servers} does not answer: {found.group(0)}. Nothing is lost: the "
            "next run goes on where this one stands."
        )
    return None
