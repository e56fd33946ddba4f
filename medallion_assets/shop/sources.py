"""The shop's landing directories: what lands, in which format, and the types that are known."""

from __future__ import annotations

from medallion_assets.lakehouse.kafka.cluster import KafkaCluster
from medallion_assets.lakehouse.tables import CopiedDirectory, KafkaTopics, LandingDirectory

_cluster = KafkaCluster.from_environment()

orders = LandingDirectory(
    name="orders",
    format="json",
    options={
        "cloudFiles.schemaHints": "order_id bigint, customer_id bigint, quantity int, "
        "amount decimal(12,2), ordered_at timestamp, updated_at timestamp"
    },
    description="Order drops of the web shop: NDJSON, a line for every change of an order.",
)

customers = LandingDirectory(
    name="customers",
    format="json",
    description="Debezium change feed of the shop's customer table: an envelope a line.",
)

products = CopiedDirectory(
    name="products",
    statement="""
        COPY INTO bronze.products
        FROM 'products'
        FILEFORMAT = CSV
        FORMAT_OPTIONS ('header' = 'true', 'sep' = '|', 'ignoreCorruptFiles' = 'true')
        COPY_OPTIONS ('mergeSchema' = 'true')
    """,
    description="Product list of the warehouse, pipe-delimited, re-sent when prices change.",
)

clicks = (
    LandingDirectory(
        name="clicks",
        format="avro",
        description="Product page views of the web shop.",
    )
    if _cluster is None
    else KafkaTopics(
        name="clicks",
        cluster=_cluster,
        subscribe=("clicks",),
        value_format="json",
        value_options={
            "cloudFiles.schemaHints": "click_id string, session_id string, customer_id bigint, "
            "product_id string, url string, clicked_at timestamp"
        },
        description="Product page views of the web shop.",
    )
)

shipments = LandingDirectory(
    name="shipments",
    format="parquet",
    description="The carriers' shipments, in a directory for each day.",
)
