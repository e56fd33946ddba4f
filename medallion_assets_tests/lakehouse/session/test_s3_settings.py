from __future__ import annotations

import pytest

from medallion_assets.lakehouse.errors import MachineError
from medallion_assets.lakehouse.session import s3, s3_settings
from medallion_assets.lakehouse.session.jars import bundled_jars


def test_s3a_is_of_the_version_of_sparks_hadoop() -> None:
    (client,) = (jar for jar in bundled_jars() if jar.name.startswith("hadoop-client-api-"))
    version = client.name.removeprefix("hadoop-client-api-").removesuffix(".jar")
    packages = s3_settings()["spark.jars.packages"].split(",")
    assert packages[0] == f"org.apache.hadoop:hadoop-aws:{version}"
    assert len(packages) > 1


def test_a_spark_without_hadoop_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3, "bundled_jars", lambda: ())
    with pytest.raises(MachineError, match="hadoop-client-api"):
        s3_settings()
