"""The project directory that `spark-pipelines run` is given: specification, settings, catalog."""

from __future__ import annotations

import shutil
from pathlib import Path

from benchmarks.house import House
from medallion_assets.lakehouse.session.jars import coordinates, local_jars
from medallion_assets.lakehouse.session.settings import COMMON, local, usable_cores

_MEMORY = "2g"


def project_directory(house: House) -> Path:
    """Where the project of a house is."""
    return house.root / "project"


def write_project(house: House) -> None:
    """Write it beside the lake.

    The settings are those that the lakehouse itself uses on one machine, so that Spark's defaults,
    made for clusters, are not what is compared. Static ones have to be in a file. The catalog is
    Hive's, as one in memory would not know the tables in the next run.
    """
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
    lines = [f"{name} {value}\n" for name, value in _settings(house, project).items()]
    (project / "conf" / "spark-defaults.conf").write_text("".join(lines))


def _settings(house: House, project: Path) -> dict[str, str]:
    jars = ":".join(str(jar) for jar in local_jars(coordinates()))
    metastore = house.lake.root / "metastore"
    settings = local(usable_cores(), _MEMORY)
    # Given as the server to connect to, which may not be told twice.
    del settings["spark.master"]
    return {
        **COMMON,
        **settings,
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
