"""How a Kafka cluster is reached: by Spark's source and by the client that asks for offsets.

Names of users and passwords are in the environment alone. A declaration holds the name of the
variable, so that nothing that prints, compares or stores a declaration can tell them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from medallion_assets.lakehouse.errors import DeclarationError, MachineError

ENVIRONMENT = "MEDALLION_KAFKA"
"""What the variables begin with, unless a cluster says otherwise."""

_VARIABLES: Mapping[str, str] = MappingProxyType(
    {
        "bootstrap_servers": "MEDALLION_KAFKA_BOOTSTRAP_SERVERS",
        "security_protocol": "MEDALLION_KAFKA_SECURITY_PROTOCOL",
        "sasl_mechanism": "MEDALLION_KAFKA_SASL_MECHANISM",
        "ssl_ca_location": "MEDALLION_KAFKA_SSL_CA_LOCATION",
    }
)
_CREDENTIALS = ("MEDALLION_KAFKA_SASL_USERNAME", "MEDALLION_KAFKA_SASL_PASSWORD")

_PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
_LOGIN_MODULES: Mapping[str, str] = MappingProxyType(
    {
        "PLAIN": "org.apache.kafka.common.security.plain.PlainLoginModule",
        "SCRAM-SHA-256": "org.apache.kafka.common.security.scram.ScramLoginModule",
        "SCRAM-SHA-512": "org.apache.kafka.common.security.scram.ScramLoginModule",
    }
)


@dataclass(frozen=True, kw_only=True)
class KafkaCluster:
    """A Kafka cluster (kafka.apache.org/documentation, security and consumer configuration).

    Args:
        bootstrap_servers: `host:port`, with commas between several.
        security_protocol: PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL.
        sasl_mechanism: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512, with the SASL protocols.
        ssl_ca_location: a PEM file with the authorities to trust; the system's where it is None.
        environment: what the names of the variables with user and password begin with:
            `<environment>_SASL_USERNAME` and `<environment>_SASL_PASSWORD`, read when a connection
            is made.

    Raises:
        DeclarationError: no server, or a protocol or mechanism that is not among those.
    """

    bootstrap_servers: str
    security_protocol: str = "PLAINTEXT"
    sasl_mechanism: str = "PLAIN"
    ssl_ca_location: str | None = None
    environment: str = ENVIRONMENT

    def __post_init__(self) -> None:
        if not self.bootstrap_servers.strip():
            raise DeclarationError("A Kafka cluster needs bootstrap_servers, such as kafka:9092.")
        _one_of("security_protocol", self.security_protocol, _PROTOCOLS)
        _one_of("sasl_mechanism", self.sasl_mechanism, _LOGIN_MODULES)

    @classmethod
    def from_environment(cls, environment: str = ENVIRONMENT) -> KafkaCluster | None:
        """The cluster that the environment names, None where it names none.

        Read are `<environment>_BOOTSTRAP_SERVERS`, `_SECURITY_PROTOCOL`, `_SASL_MECHANISM` and
        `_SSL_CA_LOCATION`.

        Raises:
            DeclarationError: a variable has a value that is not possible.
        """
        said = {
            name: os.environ.get(_of(environment, variable))
            for name, variable in _VARIABLES.items()
        }
        given = {name: value for name, value in said.items() if value}
        if "bootstrap_servers" not in given:
            return None
        return cls(environment=environment, **given)

    @property
    def is_authenticated(self) -> bool:
        """Whether a user and a password are needed."""
        return self.security_protocol.startswith("SASL_")

    def spark_options(self) -> dict[str, str]:
        """The options of Spark's Kafka source by which it reaches the cluster.

        Raises:
            MachineError: the variables for user and password are not set.
        """
        options = {"kafka.bootstrap.servers": self.bootstrap_servers}
        if self.security_protocol != "PLAINTEXT":
            options["kafka.security.protocol"] = self.security_protocol
        if self.ssl_ca_location is not None:
            options |= {
                "kafka.ssl.truststore.type": "PEM",
                "kafka.ssl.truststore.location": self.ssl_ca_location,
            }
        if self.is_authenticated:
            user, password = self._credentials()
            module = _LOGIN_MODULES[self.sasl_mechanism]
            options |= {
                "kafka.sasl.mechanism": self.sasl_mechanism,
                "kafka.sasl.jaas.config": (
                    f"{module} required username={_jaas(user)} password={_jaas(password)};"
                ),
            }
        return options

    def client_options(self) -> dict[str, str]:
        """The same for the client library, in its names.

        Raises:
            MachineError: the variables for user and password are not set.
        """
        options = {
            "bootstrap.servers": self.bootstrap_servers,
            "security.protocol": self.security_protocol,
        }
        if self.ssl_ca_location is not None:
            options["ssl.ca.location"] = self.ssl_ca_location
        if self.is_authenticated:
            user, password = self._credentials()
            options |= {
                "sasl.mechanism": self.sasl_mechanism,
                "sasl.username": user,
                "sasl.password": password,
            }
        return options

    def _credentials(self) -> tuple[str, str]:
        names = [_of(self.environment, variable) for variable in _CREDENTIALS]
        missing = [name for name in names if not os.environ.get(name)]
        if missing:
            raise MachineError(
                f"The Kafka cluster {self.bootstrap_servers} wants a user and a password "
                f"({self.security_protocol}), and {' and '.join(missing)} is not set. Set it in "
                "the environment of the process that runs the stream."
            )
        user, password = (os.environ[name] for name in names)
        return user, password


def _one_of(what: str, value: str, known: Mapping[str, str] | tuple[str, ...]) -> None:
    if value not in known:
        raise DeclarationError(
            f"Kafka cluster: {what} is {value!r}; it has to be one of {', '.join(known)}."
        )


def _of(environment: str, variable: str) -> str:
    """The name that a variable has in an environment of another name."""
    return variable.replace(ENVIRONMENT, environment, 1)


def _jaas(value: str) -> str:
    """A quoted value of a JAAS configuration."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
