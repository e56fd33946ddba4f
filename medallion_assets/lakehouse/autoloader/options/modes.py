"""The values of options that choose between ways."""

from __future__ import annotations

from enum import Enum
from typing import Literal

FileFormat = Literal["avro", "binaryFile", "csv", "json", "orc", "parquet", "text", "xml"]


class SchemaEvolutionMode(str, Enum):
    """What happens when a micro-batch has fields that the stored schema lacks."""

    ADD_NEW_COLUMNS = "addNewColumns"
    ADD_NEW_COLUMNS_WITH_TYPE_WIDENING = "addNewColumnsWithTypeWidening"
    RESCUE = "rescue"
    FAIL_ON_NEW_COLUMNS = "failOnNewColumns"
    NONE = "none"

    @property
    def adds(self) -> bool:
        """Whether new columns become part of the schema."""
        return self in (
            SchemaEvolutionMode.ADD_NEW_COLUMNS,
            SchemaEvolutionMode.ADD_NEW_COLUMNS_WITH_TYPE_WIDENING,
        )

    @property
    def widens(self) -> bool:
        """Whether stored types become wider ones."""
        return self is SchemaEvolutionMode.ADD_NEW_COLUMNS_WITH_TYPE_WIDENING


class CleanSource(str, Enum):
    """What happens to a file once its rows are in the table."""

    OFF = "OFF"
    DELETE = "DELETE"
    MOVE = "MOVE"
