"""Every option Auto Loader has, and how each is read.

Names, defaults and meanings are those of the Auto Loader options page
(docs.databricks.com, ingestion/cloud-object-storage/auto-loader/options). Whatever else is given is
the file format's own and goes to Spark's reader unchanged.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any, cast, get_args

from medallion_assets.lakehouse.autoloader.options import values
from medallion_assets.lakehouse.autoloader.options.modes import (
    CleanSource,
    FileFormat,
    SchemaEvolutionMode,
)
from medallion_assets.lakehouse.errors import OptionError

PREFIX = "cloudFiles."


class Compared(str, Enum):
    """How an option compares with the original's."""

    SAME = "same"
    BETTER = "better"
    OURS = "only here"
    CLOUD = "not outside a cloud"


@dataclass(frozen=True)
class Option:
    """One option.

    Args:
        name: as users spell it; it is taken in any case.
        attribute: of `CloudFilesOptions`.
        read: gives the value of a text; gets the option's name for its error.
        default: as users would spell it; None where not giving it has a meaning of its own.
        compared: how it compares with the original's.
    """

    name: str
    attribute: str
    read: Callable[[str, str], Any]
    default: str | None = None
    compared: Compared = Compared.SAME


def file_format(name: str, value: str) -> FileFormat:
    """One of the file formats."""
    for known in get_args(FileFormat):
        if known.lower() == value.strip().lower():
            return cast("FileFormat", known)
    raise OptionError(f"{name} is {value!r}; it must be one of {', '.join(get_args(FileFormat))}.")


OPTIONS = (
    Option("cloudFiles.format", "format", file_format),
    Option("cloudFiles.allowOverwrites", "allow_overwrites", values.boolean, "false"),
    Option("cloudFiles.backfillInterval", "backfill_seconds", values.interval),
    Option("cloudFiles.cleanSource", "clean_source", partial(values.choice, CleanSource), "OFF"),
    Option("cloudFiles.cleanSource.moveDestination", "move_destination", values.text),
    Option(
        "cloudFiles.cleanSource.retentionDuration", "retention_seconds", values.interval, "30 days"
    ),
    Option(
        "cloudFiles.cleanSource.waitForCompletion",
        "wait_for_cleaning",
        values.boolean,
        "true",
        compared=Compared.BETTER,
    ),
    Option("cloudFiles.includeExistingFiles", "include_existing_files", values.boolean, "true"),
    Option("cloudFiles.inferColumnTypes", "infer_column_types", values.boolean, "false"),
    Option(
        "cloudFiles.inferExactTypes",
        "infer_exact_types",
        values.boolean,
        "true",
        compared=Compared.OURS,
    ),
    Option("cloudFiles.maxBytesPerTrigger", "max_bytes_per_trigger", values.byte_count),
    Option(
        "cloudFiles.maxFileAge", "max_file_age_seconds", values.interval, compared=Compared.BETTER
    ),
    Option("cloudFiles.maxFilesPerTrigger", "max_files_per_trigger", values.positive, "1000"),
    Option(
        "cloudFiles.partitionColumns", "partition_columns", values.names, compared=Compared.BETTER
    ),
    Option(
        "cloudFiles.restartOnNewColumns",
        "restart_on_new_columns",
        values.boolean,
        "false",
        compared=Compared.OURS,
    ),
    Option(
        "cloudFiles.schemaEvolutionMode",
        "schema_evolution_mode",
        partial(values.choice, SchemaEvolutionMode),
        "addNewColumns",
        compared=Compared.BETTER,
    ),
    Option("cloudFiles.schemaHints", "schema_hints", values.text),
    Option("cloudFiles.schemaLocation", "schema_location", values.text, compared=Compared.BETTER),
    Option(
        "cloudFiles.settleSeconds", "settle_seconds", values.seconds, "1", compared=Compared.OURS
    ),
    Option(
        "cloudFiles.useIncrementalListing",
        "use_incremental_listing",
        values.text,
        "auto",
        compared=Compared.BETTER,
    ),
    Option(
        "cloudFiles.useNotifications",
        "use_notifications",
        values.boolean,
        "false",
        compared=Compared.BETTER,
    ),
    Option("cloudFiles.useStrictGlobber", "use_strict_globber", values.boolean, "false"),
    Option("cloudFiles.validateOptions", "validate_options", values.boolean, "true"),
    Option("columnNameOfCorruptRecord", "corrupt_record_column", values.column, "_corrupt_record"),
    Option("fileNamePattern", "path_glob_filter", values.text),
    Option("ignoreCorruptFiles", "ignore_corrupt_files", values.boolean, compared=Compared.BETTER),
    Option("ignoreMissingFiles", "ignore_missing_files", values.boolean, compared=Compared.BETTER),
    Option("modifiedAfter", "modified_after", values.instant),
    Option("modifiedBefore", "modified_before", values.instant),
    Option("pathGlobFilter", "path_glob_filter", values.text),
    Option("readerCaseSensitive", "reader_case_sensitive", values.boolean, "true"),
    Option("recursiveFileLookup", "recursive_file_lookup", values.boolean, "false"),
    Option("rescuedDataColumn", "rescued_data_column", values.column, "_rescued_data"),
    Option("singleVariantColumn", "single_variant_column", values.column),
)
"""The options that Auto Loader itself reads."""

CLOUD_ONLY = (
    "awsAccessKey", "awsSecretKey", "client", "clientEmail", "clientId", "clientSecret",
    "connectionString", "databricks.serviceCredential", "fetchParallelism", "privateKey",
    "privateKeyId", "projectId", "pathRewrites", "queueName", "queueUrl", "region",
    "resourceGroup", "roleArn", "roleExternalId", "roleSessionName", "stsEndpoint",
    "subscription", "subscriptionId", "tenantId", "useManagedFileEvents",
)  # fmt: skip
"""Options, after `cloudFiles.`, that set up a cloud's queue; `resourceTag.*` are others."""

REFUSED = {
    "badRecordsPath": "It is written outside of the table's transactions. Records that can't be "
    "parsed are kept in _corrupt_record, or in _rescued_data.",
    "skipRows": "Spark's CSV reader has no such option. Use comment='#', or header lines that "
    "stand first.",
}
"""Options of Databricks' readers that Spark would silently leave unheeded, and what to do."""
