from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from medallion_assets.lakehouse.session.engine.fingerprint import (
    fingerprint,
    parted,
    read_by_the_jvm,
)

ENVIRONMENT = {"PATH": "/usr/bin:/bin", "HOME": "/home/ann", "EDITOR": "vi"}


def made(
    settings: Mapping[str, str] = MappingProxyType({}),
    variables: Mapping[str, str] = MappingProxyType({}),
    directory: str = "/here",
) -> str:
    return fingerprint(settings, {**ENVIRONMENT, **variables}, Path(directory))


def test_the_same_run_asks_for_the_same_engine() -> None:
    assert made() == made()
    assert len(made()) == 16


@pytest.mark.parametrize(
    "variable",
    [
        *("AWS_SECRET_ACCESS_KEY", "SPARK_CONF_DIR", "JAVA_TOOL_OPTIONS", "HADOOP_CONF_DIR"),
        *("PYSPARK_PYTHON", "PYTHONPATH", "MEDALLION_KAFKA_PASSWORD", "TZ", "HTTPS_PROXY"),
    ],
)
def test_what_a_jvm_reads_makes_another_one(variable: str) -> None:
    assert made(variables={variable: "one"}) != made()
    assert made(variables={variable: "one"}) != made(variables={variable: "two"})


def test_a_secret_is_not_in_it() -> None:
    assert "swordfish" not in made(variables={"AWS_SECRET_ACCESS_KEY": "swordfish"})


def test_settings_and_directory_make_another_one() -> None:
    assert made({"spark.driver.memory": "3g"}) != made()
    assert made(directory="/there") != made()


@pytest.mark.parametrize(
    "variable", ["EDITOR", "MEDALLION_LAKE", "SPARK_BUFFER_SIZE", "SPARK_LOCAL_IP"]
)
def test_what_changes_nothing_is_left_out(variable: str) -> None:
    assert made(variables={variable: "one"}) == made()


def test_a_process_that_had_a_session_asks_for_the_same_one() -> None:
    assert made(variables={"PYSPARK_PYTHON": sys.executable}) == made()
    assert read_by_the_jvm({"PYSPARK_PYTHON": "/other"}) == {"PYSPARK_PYTHON": "/other"}


def test_settings_that_a_session_has_for_itself_are_not_of_the_jvm() -> None:
    asked = {
        "spark.sql.shuffle.partitions": "7",
        "spark.databricks.delta.snapshotPartitions": "2",
        "spark.sql.extensions": "some.Extension",
        "spark.driver.memory": "3g",
        "spark.hadoop.fs.s3a.access.key": "key",
    }
    fixed, own = parted(asked)
    assert list(own) == [
        "spark.sql.shuffle.partitions",
        "spark.databricks.delta.snapshotPartitions",
    ]
    assert fixed.keys() | own.keys() == asked.keys()
