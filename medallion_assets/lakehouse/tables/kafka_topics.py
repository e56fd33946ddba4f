"""Topics of a Kafka cluster, and what the values of their events are."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from medallion_assets.lakehouse.autoloader.options import CloudFilesOptions
from medallion_assets.lakehouse.autoloader.options.nearest import nearest
from medallion_assets.lakehouse.errors import DeclarationError, OptionError
from medallion_assets.lakehouse.kafka.cluster import KafkaCluster
from medallion_assets.lakehouse.tables.source import Source

_OPTIONS = (
    "failOnDataLoss",
    "fetchOffset.numRetries",
    "fetchOffset.retryIntervalMs",
    "groupIdPrefix",
    "kafkaConsumer.pollTimeoutMs",
    "maxOffsetsPerTrigger",
    "maxRecordsPerPartition",
    "maxTriggerDelay",
    "minOffsetsPerTrigger",
    "minPartitions",
    "startingOffsets",
    "startingOffsetsByTimestamp",
    "startingOffsetsByTimestampStrategy",
    "startingTimestamp",
)
_OF_THE_CLUSTER = ("kafka.bootstrap.servers", "kafka.security.", "kafka.sasl.", "kafka.ssl.")
_VALUE_FORMATS = ("json", "avro")


@dataclass(frozen=True, kw_only=True)
class KafkaTopics(Source):
    """Events of one or several topics.

    Bronze keeps them raw: `key` and `value` (binary), `headers`, `topic`, `partition`, `offset`,
    `timestamp` and `timestampType`, as Spark's Kafka source names them. A silver table over it gets
    the values' own fields where `value_format` says what they are.

    Args:
        name: of the source; the asset key is `landing/<name>`.
        description: shown on the landing asset.
        cluster: how the cluster is reached.
        subscribe: the topics.
        subscribe_pattern: instead of them, a regular expression over the topics' names.
        value_format: json or avro; None leaves the values undecoded in silver too.
        value_schema: of a JSON value a DDL string, and None means that it is inferred, stored and
            evolved; of an Avro value the schema it was written with, as JSON.
        value_options: for JSON, `cloudFiles.schemaHints`, `cloudFiles.schemaEvolutionMode` and the
            options of Spark's JSON parser.
        options: of Spark's Kafka source (spark.apache.org, Structured Streaming + Kafka integration
            guide). Where nothing is said `startingOffsets` is `earliest`, `failOnDataLoss` true.

    Raises:
        DeclarationError: topics, format and schema do not go together.
        OptionError: an option is unknown.
    """

    cluster: KafkaCluster
    subscribe: tuple[str, ...] = ()
    subscribe_pattern: str | None = None
    value_format: Literal["json", "avro"] | None = None
    value_schema: str | None = None
    value_options: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    options: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("options", "value_options"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))
        if bool(self.subscribe) == bool(self.subscribe_pattern):
            raise DeclarationError(f"{self.name}: give either `subscribe` or `subscribe_pattern`.")
        if self.subscribe_pattern is not None:
            _check_pattern(self.name, self.subscribe_pattern)
        for option in self.options:
            _check_option(self.name, option)
        self._check_values()

    def takes(self, topic: str) -> bool:
        """Whether the source reads a topic."""
        if self.subscribe_pattern is not None:
            return re.fullmatch(self.subscribe_pattern, topic) is not None
        return topic in self.subscribe

    @property
    def topics(self) -> str:
        """The topics, for people."""
        return self.subscribe_pattern or ", ".join(self.subscribe)

    @property
    def fails_on_data_loss(self) -> bool:
        """Whether events that are gone before they were read end the run."""
        return self.options.get("failOnDataLoss", "true").lower() != "false"

    @property
    def reads_committed_only(self) -> bool:
        """Whether events of open and broken-off transactions are left out."""
        return self.options.get("kafka.isolation.level", "").lower() == "read_committed"

    @property
    def infers_values(self) -> bool:
        """Whether the fields of values are found micro-batch by micro-batch."""
        return self.value_format == "json" and self.value_schema is None

    def spark_options(self) -> dict[str, str]:
        """The options of Spark's Kafka source, without those of the cluster."""
        if self.subscribe_pattern is not None:
            subscription = {"subscribePattern": self.subscribe_pattern}
        else:
            subscription = {"subscribe": ",".join(self.subscribe)}
        # Spark's default is `latest`, with which bronze would not have everything there is.
        return {
            "startingOffsets": "earliest",
            "includeHeaders": "true",
            **self.options,
            **subscription,
        }

    def json_options(self) -> CloudFilesOptions:
        """How JSON values are decoded, as Auto Loader understands it."""
        given = {
            "cloudFiles.format": "json",
            "cloudFiles.inferColumnTypes": "true",
            **self.value_options,
        }
        return CloudFilesOptions.parse(given, has_schema=self.value_schema is not None)

    def _check_values(self) -> None:
        if self.value_format is None:
            if self.value_schema is not None or self.value_options:
                raise DeclarationError(
                    f"{self.name}: value_schema and value_options go with a value_format."
                )
            return
        if self.value_format not in _VALUE_FORMATS:
            raise DeclarationError(
                f"{self.name}: value_format is {self.value_format!r}; it has to be one of "
                f"{', '.join(_VALUE_FORMATS)}."
            )
        if self.value_format == "json":
            self.json_options()
            return
        try:
            json.loads(self.value_schema or "")
        except ValueError:
            raise DeclarationError(
                f"{self.name}: Avro values need the schema they were written with, as JSON, in "
                "`value_schema`: they do not carry it."
            ) from None


def _check_option(source: str, option: str) -> None:
    if option.startswith(_OF_THE_CLUSTER):
        raise OptionError(f"{source}: {option} belongs to the cluster; declare it in KafkaCluster.")
    if option in _OPTIONS or option.startswith("kafka."):
        return
    meant = nearest(option, _OPTIONS)
    hint = f" Did you mean {meant}?" if meant else ""
    raise OptionError(f"{source}: {option!r} is no option of a Kafka source.{hint}")


def _check_pattern(source: str, pattern: str) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        raise DeclarationError(f"{source}: the pattern {pattern!r} is none: {error}.") from None
