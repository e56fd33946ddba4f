"""What a session needs to read from S3."""

from __future__ import annotations

from medallion_assets.lakehouse.errors import MachineError
from medallion_assets.lakehouse.session.jars import bundled_jars

_SDK = "2.29.52"
# Of the whole SDK (640 MB as one jar), the parts that S3A calls.
_PARTS = ("s3", "s3-transfer-manager", "sts")


def s3_settings() -> dict[str, str]:
    """Settings with which `start_spark` makes a session that reads `s3://` and `s3a://`.

    Keys and endpoint are Hadoop's own settings (`spark.hadoop.fs.s3a.access.key`, ...), or come
    from the environment: `start_spark(**s3_settings(), **{"spark.hadoop.fs.s3a.endpoint": ...})`.

    Raises:
        MachineError: the Spark that is installed has no Hadoop client to fit.
    """
    artifacts = [f"software.amazon.awssdk:{part}:{_SDK}" for part in _PARTS]
    return {
        "spark.jars.packages": ",".join(
            [f"org.apache.hadoop:hadoop-aws:{_hadoop_version()}", *artifacts]
        ),
        "spark.jars.excludes": "software.amazon.awssdk:bundle",
        "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem",
    }


def _hadoop_version() -> str:
    """S3A has to be of the very version of Spark's Hadoop client."""
    for jar in bundled_jars():
        if jar.name.startswith("hadoop-client-api-"):
            return jar.stem.removeprefix("hadoop-client-api-")
    raise MachineError(
        "The Spark in SPARK_HOME has no hadoop-client-api jar, so the hadoop-aws that fits can't "
        "be told. Use the Spark that pyspark brings: unset SPARK_HOME."
    )
