from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from medallion_assets.lakehouse.session import settings, signals
from medallion_assets.lakehouse.session.class_data_sharing import ClassArchive
from medallion_assets.lakehouse.session.jars import (
    artifact,
    bundled_jars,
    cache_directory,
    coordinates,
)
from medallion_assets.lakehouse.session.preflight import find_java

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@pytest.mark.parametrize(
    ("jar", "name"),
    [
        ("delta-spark_4.1_2.13-4.4.0.jar", "delta-spark_4.1_2.13"),
        ("spark-avro_2.13-4.1.1.jar", "spark-avro_2.13"),
        ("delta-storage-4.4.0.jar", "delta-storage"),
        ("antlr4-runtime-4.13.1.jar", "antlr4-runtime"),
        ("slf4j-api-2.0.17.jar", "slf4j-api"),
        ("tink-1.16.0-beta1.jar", "tink"),
        ("guava-33.4.0-jre.jar", "guava"),
        ("xz-1.10.jar", "xz"),
        ("no-version.jar", "no-version.jar"),
    ],
)
def test_the_artifact_of_a_jar_is_its_name_without_the_version(jar: str, name: str) -> None:
    assert artifact(jar) == name


def test_coordinates_follow_the_installed_packages() -> None:
    import delta
    import pyspark

    line = ".".join(pyspark.__version__.split(".")[:2])
    first, second = coordinates()
    assert first.startswith(f"io.delta:delta-spark_{line}_2.13:")
    assert second.startswith("org.apache.spark:spark-avro_2.13:")
    assert delta is not None


def test_the_cache_moves_with_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_directory() == tmp_path / "medallion_assets"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache_directory() == tmp_path / "home" / ".cache" / "medallion_assets"


def test_local_settings_fit_the_cores_and_listen_on_loopback_only() -> None:
    chosen = settings.local(3, "5g")
    assert chosen["spark.master"] == "local[3]"
    assert chosen["spark.sql.shuffle.partitions"] == "3"
    assert chosen["spark.default.parallelism"] == "3"
    assert chosen["spark.driver.memory"] == "5g"
    assert chosen["spark.driver.bindAddress"] == chosen["spark.driver.host"] == "127.0.0.1"
    assert chosen["spark.ui.enabled"] == "false"
    assert not set(chosen) & set(settings.COMMON)


def test_usable_cores_are_those_of_the_process() -> None:
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    assert settings.usable_cores() == allowed


def test_java_reads_the_log_settings_from_a_uri(tmp_path: Path) -> None:
    options = settings.java_options(tmp_path / "with space" / "log4j2.properties")
    assert "with%20space/log4j2.properties " in options


def test_handlers_of_signals_survive_also_a_start_that_fails() -> None:
    def mine(number: int, frame: object) -> None:
        raise AssertionError(number, frame)

    def start() -> None:
        with signals.preserved():
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            raise RuntimeError("the start failed")

    before = signal.signal(signal.SIGTERM, mine)
    try:
        with pytest.raises(RuntimeError):
            start()
        assert signal.getsignal(signal.SIGTERM) is mine
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_class_archive_belongs_to_one_java_and_one_class_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    jar = tmp_path / "a.jar"
    jar.write_text("1")
    archive = ClassArchive.for_class_path("17.0.1", [jar])
    assert ClassArchive.for_class_path("17.0.1", [jar]) == archive
    assert ClassArchive.for_class_path("21", [jar]) != archive
    assert ClassArchive.for_class_path("17.0.1", []) != archive
    os.utime(jar, (1, 1))
    assert ClassArchive.for_class_path("17.0.1", [jar]) != archive


def test_a_class_archive_is_written_once_and_then_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    archive = ClassArchive.for_class_path("17", [])
    assert "-XX:ArchiveClassesAtExit=" in archive.java_options()
    assert not archive.exists
    archive.path.write_text("classes")
    assert f"-XX:SharedArchiveFile={archive.path}" in archive.java_options()
    assert "ArchiveClassesAtExit" not in archive.java_options()


def test_an_archive_goes_by_where_sparks_own_jars_are(spark: SparkSession) -> None:
    java = find_java(os.environ.get("JAVA_HOME"), os.environ.get("PATH"))
    had = spark.sparkContext.getConf()
    own = [Path(jar) for jar in str(had.get("spark.driver.extraClassPath")).split(os.pathsep)]
    archive = ClassArchive.for_class_path(java.version, (*bundled_jars(), *own))
    assert archive.path.stem in str(had.get("spark.driver.extraJavaOptions"))


def test_archives_that_are_used_least_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    archives = [ClassArchive.for_class_path(str(java), []) for java in range(17, 23)]
    for age, archive in enumerate(archives[:-1]):
        archive.java_options()
        archive.path.write_text("classes")
        os.utime(archive.path, (age, age))
    # Used again, and so the newest.
    archives[0].java_options()
    new = archives[-1]
    unfinished = Path(new.java_options().split("ArchiveClassesAtExit=")[1].split(" ")[0])
    unfinished.write_text("classes")
    with subprocess.Popen(["true"]) as ended:
        new.keep(ended, 28_000)
    left = [archive.exists for archive in archives]
    assert left == [True, False, False, True, True, True]
    assert not unfinished.exists()


def test_an_archive_of_a_jvm_that_did_little_goes_after_one_that_did_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    archive = ClassArchive.for_class_path("17", [])
    unfinished = Path(archive.java_options().split("ArchiveClassesAtExit=")[1].split(" ")[0])
    unfinished.write_text("classes")
    # One of an earlier release says nothing of it.
    assert not archive.outgrown_by(28_000)
    with subprocess.Popen(["true"]) as ended:
        archive.keep(ended, 14_000)
    assert archive.exists
    assert not archive.outgrown_by(15_000)
    assert archive.outgrown_by(28_000)
    archive.drop()
    assert not archive.exists
