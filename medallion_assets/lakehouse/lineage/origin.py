"""Where a column comes from, and how, in the words of OpenLineage's column lineage facet."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class How(str, Enum):
    """How a column of a source gets into a column of a table, or decides it.

    The first four are direct: values pass. The others are indirect: values decide which.
    """

    DIRECT = "DIRECT"
    """Values pass; more is not known."""
    IDENTITY = "IDENTITY"
    TRANSFORMATION = "TRANSFORMATION"
    AGGREGATION = "AGGREGATION"
    CONDITIONAL = "CONDITIONAL"
    FILTER = "FILTER"
    GROUP_BY = "GROUP_BY"
    JOIN = "JOIN"
    SORT = "SORT"
    WINDOW = "WINDOW"

    @property
    def is_direct(self) -> bool:
        """Whether values pass, rather than decide."""
        return self in _DIRECT

    def then(self, earlier: How) -> How:
        """How a column was reached whose own source was reached as `earlier`."""
        if not self.is_direct:
            return self
        if not earlier.is_direct:
            return earlier
        return max(self, earlier, key=_DIRECT.index)

    @property
    def words(self) -> str:
        """The same for people."""
        return self.value.lower().replace("_", " ")


_DIRECT = (How.DIRECT, How.IDENTITY, How.TRANSFORMATION, How.AGGREGATION)


@dataclass(frozen=True, order=True)
class Origin:
    """A column of a source.

    Attributes:
        table: `<layer>.<name>`, or `landing.<source>`.
        column: its column; of a landing directory the field.
        how: how it gets into the column whose origin it is.
    """

    table: str
    column: str
    how: How = How.DIRECT

    @property
    def full_name(self) -> str:
        """`<layer>.<name>.<column>`."""
        return f"{self.table}.{self.column}"
