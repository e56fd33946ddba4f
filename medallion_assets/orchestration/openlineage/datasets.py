"""What tables and sources are called in OpenLineage, by its naming specification.

Tables and landing directories are `file` and their path, topics `kafka://<server>` and their name.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.materialization import Events
from medallion_assets.lakehouse.tables import BronzeTable, KafkaTopics, Table

FILES = "file"


@dataclass(frozen=True)
class DatasetName:
    """A dataset.

    Attributes:
        namespace: where it is.
        name: what it is called there.
    """

    namespace: str
    name: str


def name_of(lake: Lake, table: Table) -> DatasetName:
    """What a table is called."""
    return DatasetName(FILES, str(lake.path(table)))


def sources_of(
    lake: Lake, table: Table, events: Events | None = None
) -> dict[str, tuple[DatasetName, ...]]:
    """What a table reads, by the names that lineage uses.

    Args:
        lake: where everything is.
        table: the table.
        events: what it read of topics; says which there were where they are named by a pattern.
    """
    if not isinstance(table, BronzeTable):
        return {upstream.full_name: (name_of(lake, upstream),) for upstream in table.upstream}
    source = table.source
    landing = f"landing.{source.name}"
    if not isinstance(source, KafkaTopics):
        return {landing: (DatasetName(FILES, str(lake.landing_path(source))),)}
    server = source.cluster.bootstrap_servers.split(",")[0].strip()
    topics = _topics(source, events)
    return {landing: tuple(DatasetName(f"kafka://{server}", topic) for topic in topics)}


def _topics(source: KafkaTopics, events: Events | None) -> Iterable[str]:
    if events is not None and events.ended:
        return sorted({partition.topic for partition in events.ended})
    return source.subscribe
