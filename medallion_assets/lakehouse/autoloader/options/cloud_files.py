"""The options of one stream over a directory, checked."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from medallion_assets.lakehouse.autoloader.options.catalog import (
    CLOUD_ONLY,
    OPTIONS,
    PREFIX,
    REFUSED,
)
from medallion_assets.lakehouse.autoloader.options.modes import (
    CleanSource,
    FileFormat,
    SchemaEvolutionMode,
)
from medallion_assets.lakehouse.autoloader.options.nearest import nearest
from medallion_assets.lakehouse.errors import OptionError

_DAY = 86400.0
_RETENTION_OF_DELETE = 7 * _DAY


@dataclass(frozen=True, kw_only=True)
class CloudFilesOptions:
    """Checked options of one stream over a directory.

    Attributes:
        format: of the files.
        allow_overwrites: whether a file that changed is taken again, whole.
        backfill_seconds: with notifications, how often all is listed besides; None at the start
            only.
        clean_source: what happens to files whose rows are in the table.
        move_destination: where MOVE puts them.
        retention_seconds: for how long after their commit they stay.
        wait_for_cleaning: accepted; a run always ends with its cleaning.
        include_existing_files: whether files from before the first start are taken.
        infer_column_types: False makes the columns of untyped formats strings.
        infer_exact_types: whether a type is inferred only where every value stays what it was;
            False infers as Spark does.
        max_bytes_per_trigger: bytes a micro-batch; soft, a file is never split.
        max_file_age_seconds: accepted; the ledger never forgets a path.
        max_files_per_trigger: files a micro-batch; together with the bytes, whichever is less.
        partition_columns: taken from `key=value` directories; None takes whatever keys there are.
        restart_on_new_columns: whether a run ends with an error once it has stored new columns,
            for the next one to go on with them.
        schema_evolution_mode: addNewColumns without a schema, none with one.
        schema_hints: DDL that overrides or adds to the inferred schema.
        schema_location: where schema versions are kept; the checkpoint where it is None.
        settle_seconds: a file younger than this is looked at again before it is taken, and left
            for the next run when it is still growing.
        use_incremental_listing: `true` lists an object store from the last known key on, and all
            of it every eighth time; a directory is always listed whole.
        use_notifications: whether the operating system tells of new files while a stream goes on.
        use_strict_globber: whether `*` in the path to load stays within one directory.
        validate_options: whether an unknown option is an error.
        corrupt_record_column: the name of the column for records that can't be parsed.
        ignore_corrupt_files: None and True leave a file out that can't be read; False ends the run.
        ignore_missing_files: the same for a file that is gone when it is read.
        modified_after: only files modified later are taken.
        modified_before: only files modified earlier are taken.
        path_glob_filter: only files whose name matches are taken.
        reader_case_sensitive: whether a field whose name differs from a column's by case only is
            rescued; False reads it into the column.
        recursive_file_lookup: whether directories are only directories, not partitions.
        rescued_data_column: its name; None leaves it out.
        single_variant_column: the name of the one column that records are parsed into.
        schema_declared: whether the columns were given rather than inferred.
        reader: the format's own options for Spark's reader.
    """

    format: FileFormat
    allow_overwrites: bool = False
    backfill_seconds: float | None = None
    clean_source: CleanSource = CleanSource.OFF
    move_destination: str | None = None
    retention_seconds: float = 30 * _DAY
    wait_for_cleaning: bool = True
    include_existing_files: bool = True
    infer_column_types: bool = False
    infer_exact_types: bool = True
    max_bytes_per_trigger: int | None = None
    max_file_age_seconds: float | None = None
    max_files_per_trigger: int = 1000
    partition_columns: tuple[str, ...] | None = None
    restart_on_new_columns: bool = False
    schema_evolution_mode: SchemaEvolutionMode = SchemaEvolutionMode.ADD_NEW_COLUMNS
    schema_hints: str | None = None
    schema_location: str | None = None
    settle_seconds: float = 1.0
    use_incremental_listing: str = "auto"
    use_notifications: bool = False
    use_strict_globber: bool = False
    validate_options: bool = True
    corrupt_record_column: str = "_corrupt_record"
    ignore_corrupt_files: bool | None = None
    ignore_missing_files: bool | None = None
    modified_after: datetime.datetime | None = None
    modified_before: datetime.datetime | None = None
    path_glob_filter: str | None = None
    reader_case_sensitive: bool = True
    recursive_file_lookup: bool = False
    rescued_data_column: str | None = "_rescued_data"
    single_variant_column: str | None = None
    schema_declared: bool = False
    reader: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def parse(cls, options: Mapping[str, str], *, has_schema: bool) -> CloudFilesOptions:
        """Check the options and give each its value or its default.

        Args:
            options: as given to `.option(...)`; names are case-insensitive, as Spark's are.
            has_schema: whether a schema was declared, which changes three defaults.

        Raises:
            OptionError: an unknown option (names the nearest right one), a value that is not of
                the option's type, or options that contradict each other.
        """
        known = {option.name.lower(): option for option in OPTIONS}
        given: dict[str, Any] = {"schema_declared": has_schema}
        if has_schema:
            given["schema_evolution_mode"] = SchemaEvolutionMode.NONE
            given["rescued_data_column"] = None
        reader: dict[str, str] = {}
        unknown: list[str] = []
        for name, value in options.items():
            option = known.get(name.lower())
            if option is not None:
                given[option.attribute] = option.read(option.name, str(value))
            elif name.lower().startswith(PREFIX.lower()):
                unknown.append(name)
            else:
                reader[name] = str(value)
        if given.get("validate_options", True):
            _refuse(unknown, reader)
        if "format" not in given:
            raise OptionError("cloudFiles.format is missing; it names the format of the files.")
        given["schema_hints"] = given.get("schema_hints") or None
        parsed = cls(**given, reader=MappingProxyType(reader))
        parsed._check_consistency()
        return parsed

    def reader_option(self, name: str, default: str) -> str:
        """One of the format's own options, by its case-insensitive name."""
        for key, value in self.reader.items():
            if key.lower() == name.lower():
                return value
        return default

    def _check_consistency(self) -> None:
        declared, mode = self.schema_declared, self.schema_evolution_mode
        if declared and self.schema_hints is not None:
            raise OptionError(
                "cloudFiles.schemaHints and a schema are both given. Hints complete an inferred "
                "schema: put the columns into the schema, or leave the schema out."
            )
        if declared and mode.adds:
            raise OptionError(
                f"cloudFiles.schemaEvolutionMode {mode.value} does not go with a declared schema. "
                "Give what you know as cloudFiles.schemaHints instead, or use rescue."
            )
        if self.single_variant_column is not None:
            if self.format not in ("csv", "json", "xml"):
                raise OptionError(
                    f"singleVariantColumn is for csv, json and xml; {self.format} has columns."
                )
            if declared or self.schema_hints is not None:
                raise OptionError(
                    "singleVariantColumn puts whole records into one column; leave the schema and "
                    "cloudFiles.schemaHints out."
                )
        if self.format == "xml" and not self.reader_option("rowTag", ""):
            raise OptionError("xml needs rowTag, the element that is a row: .option('rowTag', 'r')")
        self._check_cleaning()

    def _check_cleaning(self) -> None:
        mode, destination = self.clean_source, self.move_destination
        if (mode is CleanSource.MOVE) != (destination is not None):
            raise OptionError(
                "cloudFiles.cleanSource MOVE and cloudFiles.cleanSource.moveDestination go "
                "together: give both or none."
            )
        if mode is CleanSource.DELETE and self.retention_seconds <= _RETENTION_OF_DELETE:
            raise OptionError(
                "cloudFiles.cleanSource.retentionDuration must be more than 7 days for DELETE: "
                "deleted files can't be loaded again. MOVE has no minimum."
            )


def _refuse(unknown: list[str], reader: Mapping[str, str]) -> None:
    for name in reader:
        for refused, reason in REFUSED.items():
            if name.lower() == refused.lower():
                raise OptionError(f"{refused} is not an option here. {reason}")
    for name in unknown:
        bare = name[len(PREFIX) :]
        if bare.lower() in {cloud.lower() for cloud in CLOUD_ONLY} or bare.lower().startswith(
            "resourcetag."
        ):
            raise OptionError(
                f"{name} sets up a cloud's notification queue, and there is none outside a cloud. "
                "Leave it out; cloudFiles.useNotifications watches a local directory."
            )
        names = {option.name.removeprefix(PREFIX): option.name for option in OPTIONS}
        meant = nearest(bare, names)
        said = "" if meant is None else f" Did you mean {names[meant]}?"
        raise OptionError(
            f"{name} is not an option here.{said} Known are: "
            f"{', '.join(option.name for option in OPTIONS)}."
        )
