from __future__ import annotations

from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster_pyspark import LazyPySparkResource

from medallion_assets.lakehouse.errors import OptionError
from medallion_assets.orchestration import LakeResource, SparkResource


@pytest.mark.parametrize("field", ["master", "remote", "driver_memory"])
def test_an_environment_variable_works_in_each_field_of_the_session(
    field: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FROM_OUTSIDE", "a value")
    given: dict[str, Any] = {field: dg.EnvVar("FROM_OUTSIDE")}
    resource = SparkResource(**given)
    assert getattr(resource.process_config_and_initialize(), field) == "a value"


def test_an_environment_variable_works_inside_the_spark_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FROM_OUTSIDE", "7")
    resource = SparkResource(
        spark_config={
            "spark.sql.shuffle.partitions": dg.EnvVar("FROM_OUTSIDE"),
            "spark.ui.enabled": "false",
        }
    )
    assert resource.process_config_and_initialize().settings() == {
        "spark.sql.shuffle.partitions": "7",
        "spark.ui.enabled": "false",
    }


def test_environment_variables_reach_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEMORY", "3g")
    monkeypatch.setenv("PARTITIONS", "7")
    seen: dict[str, str] = {}

    @dg.asset
    def probe(spark: SparkResource) -> None:
        seen.update(spark.settings())

    resource = SparkResource(
        driver_memory=dg.EnvVar("MEMORY"),
        spark_config={"spark.sql.shuffle.partitions": dg.EnvVar("PARTITIONS")},
    )
    assert dg.materialize([probe], resources={"spark": resource}).success
    assert seen == {"spark.driver.memory": "3g", "spark.sql.shuffle.partitions": "7"}


def test_an_environment_variable_that_is_not_set_fails_with_its_name() -> None:
    resource = SparkResource(spark_config={"spark.x": dg.EnvVar("NOT_SET_ANYWHERE")})
    with pytest.raises(dg.DagsterInvalidConfigError, match="NOT_SET_ANYWHERE"):
        resource.process_config_and_initialize()


def test_a_typed_field_wins_over_the_same_setting_by_name() -> None:
    resource = SparkResource(master="local[2]", spark_config={"spark.master": "local[8]"})
    assert resource.settings() == {"spark.master": "local[2]"}


def test_the_session_is_a_lazy_pyspark_resource() -> None:
    assert isinstance(SparkResource(), LazyPySparkResource)
    assert SparkResource().settings() == {}


@pytest.mark.parametrize("field", ["root", "landing"])
def test_an_environment_variable_works_in_each_field_of_the_lake(
    field: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FROM_OUTSIDE", str(tmp_path))
    fields = {"root": "/lake", "landing": "/landing", field: dg.EnvVar("FROM_OUTSIDE")}
    lake = LakeResource(**fields).process_config_and_initialize().lake
    assert getattr(lake, field) == tmp_path


def test_the_lake_is_known_outside_of_runs_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resource = LakeResource(root=dg.EnvVar("FROM_OUTSIDE"), landing="/landing")
    monkeypatch.delenv("FROM_OUTSIDE", raising=False)
    with pytest.raises(OptionError, match="FROM_OUTSIDE is not set"):
        _ = resource.lake
    monkeypatch.setenv("FROM_OUTSIDE", str(tmp_path))
    assert resource.lake.root == tmp_path
