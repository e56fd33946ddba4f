"""A table of everything that landed."""

from __future__ import annotations

from dataclasses import dataclass

from medallion_assets.lakehouse.copy_into.statement import TableName
from medallion_assets.lakehouse.errors import DeclarationError
from medallion_assets.lakehouse.tables.kafka_topics import KafkaTopics
from medallion_assets.lakehouse.tables.landing_directory import CopiedDirectory, LandingDirectory
from medallion_assets.lakehouse.tables.table import Layer, Table


@dataclass(frozen=True, kw_only=True)
class BronzeTable(Table):
    """Everything that landed, raw: one row a record, plus where it came from.

    Columns added to those of files: `_rescued_data`, `_corrupt_record`, `_file_path`,
    `_file_modification_time`, `_ingested_at`, `_batch`; to those of events: the last two.
    """

    source: LandingDirectory | KafkaTopics

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.source, CopiedDirectory):
            target = self.source.copy_into.target
            if not isinstance(target, TableName) or target.parts != ("bronze", self.name):
                raise DeclarationError(
                    f"{self.full_name} is loaded by COPY INTO {target.sql()}: the statement's "
                    f"target has to be {self.full_name}."
                )
            if self.cluster_by:
                raise DeclarationError(
                    f"{self.full_name} is loaded by COPY INTO, which makes its table without "
                    "columns to cluster by. Leave `cluster_by` out, and cluster the table by "
                    "`ALTER TABLE ... CLUSTER BY` after its first load."
                )

    @property
    def layer(self) -> Layer:
        """Bronze."""
        return Layer.BRONZE

    @property
    def lineage_sources(self) -> tuple[str, ...]:
        """The landing source."""
        return (f"landing.{self.source.name}",)
