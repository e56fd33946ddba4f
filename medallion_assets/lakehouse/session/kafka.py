"""What a session needs to read from Kafka."""

from __future__ import annotations

from importlib.metadata import version


def kafka_settings() -> dict[str, str]:
    """Settings with which `start_spark` makes a session that reads Kafka's topics.

    `start_spark(**kafka_settings())`. Spark's connector is of the very version of Spark, and comes
    with the client that fits it.
    """
    connector = f"org.apache.spark:spark-sql-kafka-0-10_2.13:{version('pyspark')}"
    return {"spark.jars.packages": connector}
