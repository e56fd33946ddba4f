"""The project directory that `spark-pipelines run` is given: specification, settings, catalog."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from benchmarks.house import House
from medallion_assets.lakehouse.session.jars import coordinates, local_jars
from medallion_assets.lakehouse.session.settings import COMMON, DELTA, local, usable_cores

_MEMORY = "2g"
_NEEDED = {
    **DELTA,
    # Without it the server listens beyond this machine.
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
}
"""What Delta's quickstart asks for, and the loopback."""


def project_directory(house: House) -> Path:
    """Where the project of a house is."""
    return house.root / "project"


def write_project(house: House) -> None:
    """Write it beside the lake with what Delta's quickstart asks for, and Spark's own settings."""
    _write(house, _NEEDED)


def write_tuned_project(house: House) -> None:
    """Write it with the settings that this project's session has on one machine.

    Spark's own are made for clusters: 200 partitions for two cores.
    """
    settings = local(usable_cores(), _MEMORY)
    # Given as the server to connect to, which may not be told twice.
    del settings["spark.master"]
    _write(house, {**COMMON, **settings})


def _write(house: House, chosen: Mapping[str, str]) -> None:
    project = project_directory(house)
    shutil.rmtree(project, ignore_errors=True)
    for directory in ("conf", "event-log"):
        (project / directory).mkdir(parents=True)
    shutil.copytree(Path(__file__).parent / "transformations", project / "transformations")
    (project / "spark-pipeline.yml").write_text(
        "name: orders\n"
        f"storage: {(house.lake.root / 'pipeline').as_uri()}\n"
        "libraries:\n  - glob:\n      include: transformations/**\n"
    )
    settings = {**chosen, **_surroundings(house, project)}
    lines = [f"{name} {value}\n" for name, value in settings.items()]
    # Static settings have to be in a file.
    (project / "conf" / "spark-defaults.conf").write_text("".join(lines))


def _surroundings(house: House, project: Path) -> dict[str, str]:
    """What any run of it here needs.

    The catalog is Hive's, as one in memory would not know the tables in the next run.
    """
    jars = ":".join(str(jar) for jar in local_jars(coordinates()))
    metastore = house.lake.root / "metastore"
    return {
        "spark.driver.extraClassPath": jars,
        "spark.executor.extraClassPath": jars,
        "spark.sql.sources.default": "delta",
        "spark.sql.warehouse.dir": (house.lake.root / "warehouse").as_uri(),
        "spark.sql.catalogImplementation": "hive",
        "spark.hadoop.javax.jdo.option.ConnectionURL": (
            f"jdbc:derby:;databaseName={metastore};create=true"
        ),
        # Its jobs are counted from the log; nothing in it tells them in another way.
        "spark.eventLog.enabled": "true",
        "spark.eventLog.rolling.enabled": "false",
        "spark.eventLog.compress": "false",
        "spark.eventLog.dir": (project / "event-log").as_uri(),
    }
