"""Where a bronze table's rows come from."""

from __future__ import annotations

from dataclasses import dataclass

from medallion_assets.lakehouse.tables.names import check_name


@dataclass(frozen=True, kw_only=True)
class Source:
    """What every source has.

    Args:
        name: lower case, unique among the sources; the asset key is `landing/<name>`.
        description: shown on the landing asset.

    Raises:
        DeclarationError: the name can't be a directory and part of an asset key.
    """

    name: str
    description: str = ""

    def __post_init__(self) -> None:
        check_name("Source", self.name)
