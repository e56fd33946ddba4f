from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medallion_assets.lakehouse.autoloader.options import (
    CLOUD_ONLY,
    OPTIONS,
    REFUSED,
    CleanSource,
    CloudFilesOptions,
    SchemaEvolutionMode,
)
from medallion_assets.lakehouse.errors import OptionError


def parse(has_schema: bool = False, /, **options: str) -> CloudFilesOptions:
    given_options = {"format": "json", **options}
    return CloudFilesOptions.parse(
        {f"cloudFiles.{name}": value for name, value in given_options.items()},
        has_schema=has_schema,
    )


def test_only_the_format_has_to_be_given() -> None:
    parsed = CloudFilesOptions.parse({"cloudFiles.format": "json"}, has_schema=False)
    assert parsed == CloudFilesOptions(format="json")
    assert parsed.max_files_per_trigger == 1000
    assert not parsed.infer_column_types
    assert parsed.include_existing_files
    assert parsed.clean_source is CleanSource.OFF
    assert parsed.retention_seconds == 30 * 86400
    assert parsed.rescued_data_column == "_rescued_data"


def test_every_attribute_has_an_option_and_every_option_an_attribute() -> None:
    own = {"schema_declared", "reader"}
    attributes = set(CloudFilesOptions.__dataclass_fields__) - own
    assert {option.attribute for option in OPTIONS} == attributes


def test_a_declared_schema_turns_evolution_off() -> None:
    declared = parse(True)
    assert declared.schema_declared
    assert declared.schema_evolution_mode is SchemaEvolutionMode.NONE


@pytest.mark.parametrize(
    ("option", "value", "attribute", "expected"),
    [
        ("format", "CSV", "format", "csv"),
        ("format", "parquet", "format", "parquet"),
        ("format", "avro", "format", "avro"),
        ("inferColumnTypes", "TRUE", "infer_column_types", True),
        ("includeExistingFiles", "false", "include_existing_files", False),
        ("maxFilesPerTrigger", "7", "max_files_per_trigger", 7),
        ("maxBytesPerTrigger", "64m", "max_bytes_per_trigger", 64 * 1024 * 1024),
        ("partitionColumns", "year, month,day", "partition_columns", ("year", "month", "day")),
        ("partitionColumns", "", "partition_columns", ()),
        ("schemaHints", "a int", "schema_hints", "a int"),
        ("schemaHints", "", "schema_hints", None),
        ("schemaLocation", "/x", "schema_location", "/x"),
        ("settleSeconds", "0.25", "settle_seconds", 0.25),
        ("settleSeconds", "0", "settle_seconds", 0.0),
        ("allowOverwrites", "true", "allow_overwrites", True),
        ("backfillInterval", "1 day", "backfill_seconds", 86400.0),
        ("backfillInterval", "interval 2 hours 30 minutes", "backfill_seconds", 9000.0),
        ("maxFileAge", "90 days", "max_file_age_seconds", 90 * 86400.0),
        ("useStrictGlobber", "true", "use_strict_globber", True),
        ("useNotifications", "true", "use_notifications", True),
        ("restartOnNewColumns", "true", "restart_on_new_columns", True),
        (
            "schemaEvolutionMode",
            "addNewColumnsWithTypeWidening",
            "schema_evolution_mode",
            SchemaEvolutionMode.ADD_NEW_COLUMNS_WITH_TYPE_WIDENING,
        ),
        ("schemaEvolutionMode", "RESCUE", "schema_evolution_mode", SchemaEvolutionMode.RESCUE),
        ("schemaEvolutionMode", "none", "schema_evolution_mode", SchemaEvolutionMode.NONE),
        (
            "schemaEvolutionMode",
            "failonnewcolumns",
            "schema_evolution_mode",
            SchemaEvolutionMode.FAIL_ON_NEW_COLUMNS,
        ),
    ],
)
def test_a_given_value_is_taken(option: str, value: str, attribute: str, expected: Any) -> None:
    assert getattr(parse(**{option: value}), attribute) == expected


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("format", "excel", "must be one of avro, binaryFile, csv, json, orc, parquet, text, xml"),
        ("cleanSource", "ARCHIVE", "must be one of OFF, DELETE, MOVE"),
        ("backfillInterval", "often", "must be an interval, such as '1 day'"),
        ("cleanSource.retentionDuration", "30", "must be an interval"),
        ("inferColumnTypes", "yes", "must be true or false"),
        ("includeExistingFiles", "1", "must be true or false"),
        ("validateOptions", "maybe", "must be true or false"),
        ("maxFilesPerTrigger", "0", "a whole number above 0"),
        ("maxFilesPerTrigger", "-3", "a whole number above 0"),
        ("maxFilesPerTrigger", "1.5", "a whole number above 0"),
        ("maxFilesPerTrigger", "\u00b2", "a whole number above 0"),
        ("maxBytesPerTrigger", "0", "such as 64m or 10g"),
        ("maxBytesPerTrigger", "10 parsecs", "such as 64m or 10g"),
        ("maxBytesPerTrigger", "1.5g", "such as 64m or 10g"),
        ("maxBytesPerTrigger", "", "such as 64m or 10g"),
        ("settleSeconds", "soon", "must be seconds"),
        ("settleSeconds", "-1", "must be seconds"),
        ("settleSeconds", "inf", "must be seconds"),
        ("settleSeconds", "nan", "must be seconds"),
        ("schemaEvolutionMode", "rescued", "rescue, failOnNewColumns, none"),
    ],
)
def test_a_bad_value_names_the_option_and_what_is_right(option: str, value: str, says: str) -> None:
    with pytest.raises(OptionError) as refused:
        parse(**{option: value})
    assert f"cloudFiles.{option} is {value!r}" in str(refused.value)
    assert says in str(refused.value)


def test_a_missing_format_says_which_there_are() -> None:
    with pytest.raises(OptionError, match=r"cloudFiles\.format is missing"):
        CloudFilesOptions.parse({}, has_schema=False)


@pytest.mark.parametrize(
    ("misspelled", "meant"),
    [
        ("maxFilePerTriger", "maxFilesPerTrigger"),
        ("schemaHint", "schemaHints"),
        ("inferColumnsTypes", "inferColumnTypes"),
        ("schemaEvolution", "schemaEvolutionMode"),
        ("partitionColumn", "partitionColumns"),
    ],
)
def test_an_unknown_option_names_the_nearest_right_one(misspelled: str, meant: str) -> None:
    with pytest.raises(OptionError, match=rf"Did you mean cloudFiles\.{meant}\?"):
        parse(**{misspelled: "1"})


def test_an_option_like_no_other_lists_the_known_ones() -> None:
    with pytest.raises(OptionError) as refused:
        parse(qqqqqq="1")
    assert "Did you mean" not in str(refused.value)
    assert "schemaEvolutionMode" in str(refused.value)


def test_unknown_options_pass_where_validation_is_off() -> None:
    assert parse(someFutureOption="1", validateOptions="false").format == "json"


def test_hints_contradict_a_declared_schema() -> None:
    with pytest.raises(OptionError, match="schemaHints and a schema are both given"):
        parse(True, schemaHints="a int")


def test_adding_columns_contradicts_a_declared_schema() -> None:
    with pytest.raises(OptionError, match="addNewColumns does not go with a declared schema"):
        parse(True, schemaEvolutionMode="addNewColumns")


@pytest.mark.parametrize("mode", ["rescue", "none", "failOnNewColumns"])
def test_the_other_modes_go_with_a_declared_schema(mode: str) -> None:
    assert parse(True, schemaEvolutionMode=mode).schema_evolution_mode.value == mode


def test_option_names_are_case_insensitive_and_the_readers_own_are_kept_as_given() -> None:
    options: Mapping[str, str] = {
        "CLOUDFILES.FORMAT": "csv",
        "cloudfiles.maxfilespertrigger": "3",
        "sep": "|",
        "multiLine": "true",
    }
    parsed = CloudFilesOptions.parse(options, has_schema=False)
    assert (parsed.format, parsed.max_files_per_trigger) == ("csv", 3)
    assert dict(parsed.reader) == {"sep": "|", "multiLine": "true"}
    assert parsed.reader_option("MULTILINE", "false") == "true"
    assert parsed.reader_option("quote", '"') == '"'


_UNITS = {
    "": 1, "b": 1, "k": 2**10, "kb": 2**10, "m": 2**20, "mb": 2**20,
    "g": 2**30, "gb": 2**30, "t": 2**40, "tb": 2**40,
}  # fmt: skip


@given(
    st.integers(1, 10**9),
    st.sampled_from(sorted(_UNITS)),
    st.booleans(),
    st.sampled_from(["", " "]),
)
def test_byte_strings_are_read_as_spark_reads_them(
    number: int, unit: str, upper: bool, gap: str
) -> None:
    spelled = f"{number}{gap}{unit.upper() if upper else unit}"
    assert parse(maxBytesPerTrigger=spelled).max_bytes_per_trigger == number * _UNITS[unit]


@given(st.text(max_size=12))
def test_any_other_text_is_an_option_error_and_nothing_worse(text: str) -> None:
    for option in ("maxBytesPerTrigger", "maxFilesPerTrigger", "settleSeconds"):
        try:
            parsed = parse(**{option: text})
        except OptionError as refused:
            said = str(refused)
        else:
            said = f"cloudFiles.{option}"
            assert (parsed.max_bytes_per_trigger or 1) >= 1
            assert parsed.max_files_per_trigger >= 1
            assert parsed.settle_seconds >= 0
        assert f"cloudFiles.{option}" in said


@pytest.mark.parametrize(
    ("option", "value", "attribute", "expected"),
    [
        ("ignoreCorruptFiles", "false", "ignore_corrupt_files", False),
        ("IGNOREMISSINGFILES", "true", "ignore_missing_files", True),
        ("pathGlobFilter", "*.json", "path_glob_filter", "*.json"),
        ("fileNamePattern", "*.json", "path_glob_filter", "*.json"),
        ("readerCaseSensitive", "false", "reader_case_sensitive", False),
        ("recursiveFileLookup", "true", "recursive_file_lookup", True),
        ("rescuedDataColumn", "_other", "rescued_data_column", "_other"),
        ("singleVariantColumn", "v", "single_variant_column", "v"),
        ("columnNameOfCorruptRecord", "bad", "corrupt_record_column", "bad"),
        (
            "modifiedAfter",
            "2026-11-01T13:00:00",
            "modified_after",
            datetime.datetime(2026, 11, 1, 13, tzinfo=datetime.timezone.utc),
        ),
        (
            "modifiedBefore",
            "2026-11-01T13:00:00+02:00",
            "modified_before",
            datetime.datetime(2026, 11, 1, 11, tzinfo=datetime.timezone.utc),
        ),
    ],
)
def test_options_without_the_prefix_are_read_too(
    option: str, value: str, attribute: str, expected: Any
) -> None:
    given_options = {"cloudFiles.format": "json", option: value}
    parsed = CloudFilesOptions.parse(given_options, has_schema=False)
    assert getattr(parsed, attribute) == expected
    assert not parsed.reader


@pytest.mark.parametrize("name", [*CLOUD_ONLY, "resourceTag.team"])
def test_what_only_a_cloud_has_says_so(name: str) -> None:
    with pytest.raises(OptionError, match="there is none outside a cloud"):
        parse(**{name: "x"})


@pytest.mark.parametrize("name", REFUSED)
def test_what_spark_would_leave_unheeded_is_refused(name: str) -> None:
    with pytest.raises(OptionError, match=f"{name} is not an option here"):
        CloudFilesOptions.parse({"cloudFiles.format": "csv", name: "3"}, has_schema=False)


@pytest.mark.parametrize(
    ("given_options", "says"),
    [
        ({"cleanSource": "MOVE"}, "go together"),
        ({"cleanSource.moveDestination": "/x"}, "go together"),
        ({"cleanSource": "DELETE", "cleanSource.retentionDuration": "7 days"}, "more than 7 days"),
        ({"format": "xml"}, "xml needs rowTag"),
    ],
)
def test_options_that_contradict_each_other_are_refused(
    given_options: dict[str, str], says: str
) -> None:
    with pytest.raises(OptionError, match=says):
        parse(**given_options)


@pytest.mark.parametrize("file_format", ["parquet", "avro", "orc", "text", "binaryFile"])
def test_only_formats_of_records_go_into_one_variant(file_format: str) -> None:
    given_options = {"cloudFiles.format": file_format, "singleVariantColumn": "v"}
    with pytest.raises(OptionError, match="is for csv, json and xml"):
        CloudFilesOptions.parse(given_options, has_schema=False)
