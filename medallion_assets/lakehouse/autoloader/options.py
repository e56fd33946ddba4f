"""The `cloudFiles.*` options, parsed and checked.

Names, defaults and meanings are those of the Auto Loader options page
(docs.databricks.com, ingestion/cloud-object-storage/auto-loader/options). Options without the
prefix are the file format's own and go to Spark's reader unchanged.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Literal, cast, get_args

from medallion_assets.lakehouse.errors import OptionError

FileFormat = Literal["json", "csv", "parquet", "avro"]
_PREFIX = "cloudfiles."
_NAMES = (
    "format",
    "includeExistingFiles",
    "inferColumnTypes",
    "maxBytesPerTrigger",
    "maxFilesPerTrigger",
    "partitionColumns",
    "schemaEvolutionMode",
    "schemaHints",
    "schemaLocation",
    "settleSeconds",
    "validateOptions",
)
_LOSING = {
    "ignorecorruptfiles": "A file that can't be read is left out whole, with its reason, anyway.",
    "ignoremissingfiles": "A file that is gone is put among the failures anyway.",
    "modifiedafter": "Let only those files land, or filter on _metadata.file_modification_time.",
    "modifiedbefore": "Let only those files land, or filter on _metadata.file_modification_time.",
    "pathglobfilter": "Let only those files land, or filter on _metadata.file_name.",
}
"""Reader options with which Spark leaves out rows of files that the ledger would call taken."""
_BYTES = {"b": 0, "k": 1, "kb": 1, "m": 2, "mb": 2, "g": 3, "gb": 3, "t": 4, "tb": 4}


class SchemaEvolutionMode(str, Enum):
    """What happens when a micro-batch has fields that the stored schema lacks."""

    ADD_NEW_COLUMNS = "addNewColumns"
    RESCUE = "rescue"
    FAIL_ON_NEW_COLUMNS = "failOnNewColumns"
    NONE = "none"


@dataclass(frozen=True, kw_only=True)
class CloudFilesOptions:
    """Checked options of one stream over a directory.

    Attributes:
        format: of the files.
        infer_column_types: False makes the columns of untyped formats strings.
        max_files_per_trigger: files a micro-batch; together with the bytes, whichever is less.
        max_bytes_per_trigger: bytes a micro-batch; soft, a file is never split.
        partition_columns: taken from `key=value` directories; None takes whatever keys there are.
        schema_evolution_mode: addNewColumns without a schema, none with one. A new column is
            added and the same run goes on.
        schema_hints: DDL that overrides or adds to the inferred schema.
        schema_location: where schema versions are kept; the checkpoint where it is None.
        include_existing_files: whether files from before the first start are taken.
        settle_seconds: a file younger than this is looked at again before it is taken, and left
            for the next run when it is still growing.
        schema_declared: whether the columns were given rather than inferred.
        reader: the format's own options for Spark's reader.
    """

    format: FileFormat
    infer_column_types: bool = False
    max_files_per_trigger: int = 1000
    max_bytes_per_trigger: int | None = None
    partition_columns: tuple[str, ...] | None = None
    schema_evolution_mode: SchemaEvolutionMode = SchemaEvolutionMode.ADD_NEW_COLUMNS
    schema_hints: str | None = None
    schema_location: str | None = None
    include_existing_files: bool = True
    settle_seconds: float = 1.0
    schema_declared: bool = False
    reader: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def parse(cls, options: Mapping[str, str], *, has_schema: bool) -> CloudFilesOptions:
        """Check the options and give each its value or its default.

        Args:
            options: as given to `.option(...)`; names are case-insensitive, as Spark's are.
            has_schema: whether a schema was declared, which changes two defaults.

        Raises:
            OptionError: an unknown option (names the nearest right one), a value that is not of
                the option's type, options that contradict each other, or a reader option that
                would lose rows without a word.
        """
        given = {
            name.lower()[len(_PREFIX) :]: str(value)
            for name, value in options.items()
            if name.lower().startswith(_PREFIX)
        }
        reader = {k: str(v) for k, v in options.items() if not k.lower().startswith(_PREFIX)}
        if _boolean("validateOptions", given.get("validateoptions", "true")):
            _refuse_unknown(given)
        if has_schema and "schemahints" in given:
            raise OptionError(
                "cloudFiles.schemaHints and a schema are both given. Hints complete an inferred "
                "schema: put the columns into the schema, or leave the schema out."
            )
        _refuse_losing(reader)
        mode = _mode(given.get("schemaevolutionmode"), has_schema)
        partitions = given.get("partitioncolumns")
        size = given.get("maxbytespertrigger")
        return cls(
            format=_format(given.get("format")),
            infer_column_types=_boolean("inferColumnTypes", given.get("infercolumntypes", "false")),
            max_files_per_trigger=_positive(
                "maxFilesPerTrigger", given.get("maxfilespertrigger", "1000")
            ),
            max_bytes_per_trigger=None if size is None else _bytes("maxBytesPerTrigger", size),
            partition_columns=None if partitions is None else _names(partitions),
            schema_evolution_mode=mode,
            schema_hints=given.get("schemahints") or None,
            schema_location=given.get("schemalocation"),
            include_existing_files=_boolean(
                "includeExistingFiles", given.get("includeexistingfiles", "true")
            ),
            settle_seconds=_seconds("settleSeconds", given.get("settleseconds", "1")),
            schema_declared=has_schema,
            reader=MappingProxyType(reader),
        )

    def reader_option(self, name: str, default: str) -> str:
        """One of the format's own options, by its case-insensitive name."""
        for key, value in self.reader.items():
            if key.lower() == name.lower():
                return value
        return default


def _refuse_unknown(given: Mapping[str, str]) -> None:
    known = {name.lower(): name for name in _NAMES}
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
            hint = f" Did you mean cloudFiles.{known[near[0]]}?" if near else ""
            raise OptionError(
                f"cloudFiles.{name} is not an option here.{hint} Known are: {', '.join(_NAMES)}."
            )


def _refuse_losing(reader: Mapping[str, str]) -> None:
    for name in reader:
        if name.lower() in _LOSING:
            raise OptionError(
                f"{name} would leave out rows of files that count as taken. {_LOSING[name.lower()]}"
            )


def _format(value: str | None) -> FileFormat:
    formats = get_args(FileFormat)
    if value is None or value.lower() not in formats:
        said = "is missing" if value is None else f"is {value!r}"
        raise OptionError(f"cloudFiles.format {said}; it must be one of {', '.join(formats)}.")
    return cast("FileFormat", value.lower())


def _mode(value: str | None, has_schema: bool) -> SchemaEvolutionMode:
    if value is None:
        return SchemaEvolutionMode.NONE if has_schema else SchemaEvolutionMode.ADD_NEW_COLUMNS
    for mode in SchemaEvolutionMode:
        if mode.value.lower() == value.lower():
            break
    else:
        raise OptionError(
            f"cloudFiles.schemaEvolutionMode is {value!r}; it must be one of "
            f"{', '.join(mode.value for mode in SchemaEvolutionMode)}."
        )
    if has_schema and mode is SchemaEvolutionMode.ADD_NEW_COLUMNS:
        raise OptionError(
            "cloudFiles.schemaEvolutionMode addNewColumns does not go with a declared schema. "
            "Give what you know as cloudFiles.schemaHints instead, or use rescue."
        )
    return mode


def _boolean(name: str, value: str) -> bool:
    if value.lower() not in ("true", "false"):
        raise OptionError(f"cloudFiles.{name} is {value!r}; it must be true or false.")
    return value.lower() == "true"


def _positive(name: str, value: str) -> int:
    if not re.fullmatch("[0-9]+", value) or int(value) < 1:
        raise OptionError(f"cloudFiles.{name} is {value!r}; it must be a whole number above 0.")
    return int(value)


def _seconds(name: str, value: str) -> float:
    try:
        seconds = float(value)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise OptionError(f"cloudFiles.{name} is {value!r}; it must be seconds, such as 1 or 0.5.")
    return seconds


def _bytes(name: str, value: str) -> int:
    """A byte string as Spark reads it: `1048576`, `64m`, `10g`."""
    spelled = re.fullmatch(r"\s*([0-9]+)\s*([a-zA-Z]*)\s*", value)
    unit = (spelled.group(2).lower() or "b") if spelled else ""
    if spelled is None or unit not in _BYTES or int(spelled.group(1)) < 1:
        raise OptionError(f"cloudFiles.{name} is {value!r}; it must be bytes, such as 64m or 10g.")
    return int(spelled.group(1)) * int(1024 ** _BYTES[unit])


def _names(value: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in value.split(",") if name.strip())
