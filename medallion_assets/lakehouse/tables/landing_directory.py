"""Where files land, and how a bronze table takes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from medallion_assets.lakehouse.autoloader.options import CloudFilesOptions, FileFormat
from medallion_assets.lakehouse.copy_into.statement import CopyInto
from medallion_assets.lakehouse.errors import DeclarationError
from medallion_assets.lakehouse.tables.source import Source


@dataclass(frozen=True, kw_only=True)
class LandingDirectory(Source):
    """A directory in which files land.

    Args:
        name: the sub-directory of the landing root.
        description: shown on the landing asset.
        format: json, csv, parquet or avro.
        schema: a DDL string; None means the schema is inferred, stored and evolved.
        options: `cloudFiles.*` options and the format's own Spark reader options.

    Raises:
        DeclarationError: the name leaves the landing root or is not a plain directory name.
        OptionError: an option is unknown or inconsistent.
    """

    format: FileFormat
    schema: str | None = None
    options: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "options", MappingProxyType(dict(self.options)))
        self.cloud_files_options()

    @property
    def is_inferred(self) -> bool:
        """Whether the schema is inferred, stored and evolved."""
        return self.schema is None

    def cloud_files_options(self) -> CloudFilesOptions:
        """The options as Auto Loader understands them."""
        given = {"cloudFiles.format": self.format, **self.options}
        if self.schema is None:
            # A lakehouse wants typed columns; the all-string default of the option is for
            # `read_stream`, which follows the documented one.
            given.setdefault("cloudFiles.inferColumnTypes", "true")
        return CloudFilesOptions.parse(given, has_schema=self.schema is not None)


@dataclass(frozen=True, kw_only=True)
class CopiedDirectory(LandingDirectory):
    """A directory whose files a COPY INTO statement loads.

    Args:
        name: the sub-directory of the landing root; the statement's source.
        statement: COPY INTO, with `bronze.<table>` as its target and the directory's name as its
            source: both are where the lake is.

    Raises:
        DeclarationError: the statement has another source, validates, or forces.
        StatementError: it is none.
        OptionError: an option is unknown or inconsistent, or Auto Loader's.

    Attributes:
        copy_into: the statement, parsed.
    """

    format: FileFormat = "csv"
    statement: str = ""
    copy_into: CopyInto = field(init=False, repr=False, compare=False)
    _options: CloudFilesOptions = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Here, for 0.4 s: what is declared wrong is to fail when it is loaded, not in a run.
        from medallion_assets.lakehouse.copy_into.options import CopyOptions
        from medallion_assets.lakehouse.copy_into.parser import parse

        said = parse(self.statement)
        object.__setattr__(self, "copy_into", said)
        object.__setattr__(self, "format", said.file_format)
        object.__setattr__(self, "_options", CopyOptions.of(said).reading)
        if said.source != self.name or self.options or self.schema is not None:
            raise DeclarationError(
                f"{self.name}: COPY INTO {said.target.sql()} reads {said.source!r}. Its source is "
                "the directory's name, and schema and options stand in the statement."
            )
        if said.validate is not None or any(n.lower() == "force" for n, _ in said.copy_options):
            raise DeclarationError(
                f"{self.name}: an asset's COPY INTO is run again and again; VALIDATE would load "
                "nothing, and 'force' every file each time. Use `medallion copy-into` for them."
            )
        super().__post_init__()

    @property
    def is_inferred(self) -> bool:
        """False: the table's own columns are the schema."""
        return False

    def cloud_files_options(self) -> CloudFilesOptions:
        """The options by which files are found and read."""
        return self._options
