"""Which tables may get wider types: those whose files may, and what is made of them."""

from __future__ import annotations

from medallion_assets.lakehouse.autoloader.options import SchemaEvolutionMode
from medallion_assets.lakehouse.tables import BronzeTable, KafkaTopics, Table


def widens(table: Table) -> bool:
    """Whether the table's columns follow wider types.

    Only then: a widened table has Delta's feature `typeWidening`, which not every reader knows.
    """
    if isinstance(table, BronzeTable):
        source = table.source
        if isinstance(source, KafkaTopics):
            # Its own columns never change; those of decoded values follow `value_options`.
            options = source.json_options()
        else:
            options = source.cloud_files_options()
        mode = options.schema_evolution_mode
        return mode is SchemaEvolutionMode.ADD_NEW_COLUMNS_WITH_TYPE_WIDENING
    return any(widens(upstream) for upstream in table.upstream)
