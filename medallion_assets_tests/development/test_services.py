from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    Message,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient

from development.services import DebeziumConnector, Ports, Services
from development.services.broker import Broker, Credentials
from development.services.errors import PortTakenError, ServiceFailedError
from development.services.packages import fetch
from development.services.ports import HOST, answers
from development.services.postgresql import PostgreSQL
from development.services.service import Service
from medallion_assets.lakehouse.errors import MachineError
from medallion_assets_tests.documentation.pages import PROJECT, blocks

pytestmark = pytest.mark.process
SECRET = 'p"a\\s s;=ü'


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    one = Broker(tmp_path / "broker", Ports.free(), Credentials("tester", SECRET))
    yield one
    one.stop()


def messages(bootstrap_servers: str, topic: str, count: int) -> list[Message]:
    """So many messages from the beginning of a topic, or as many as there are after a while."""
    consumer = Consumer(
        {"bootstrap.servers": bootstrap_servers, "group.id": "none", "log_level": 0}
    )
    partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
    # Joining a group takes seconds.
    consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in partitions])
    found: list[Message] = []
    end = time.monotonic() + 30
    while len(found) < count and time.monotonic() < end:
        message = consumer.poll(0.5)
        if message is not None and message.error() is None:
            found.append(message)
    consumer.close()
    return found


def events(bootstrap_servers: str, topic: str, count: int) -> list[dict[str, object]]:
    told = [message.value() for message in messages(bootstrap_servers, topic, count)]
    return [json.loads(value) for value in told if value is not None]


def test_a_row_becomes_an_event_also_after_connect_was_away(services: Services) -> None:
    services.start()
    services.database.execute(
        "create table public.people (id bigint primary key, name text, height numeric(5, 2));"
        "alter table public.people replica identity full;"
        "insert into public.people values (1, 'Änn', 1.70);"
    )
    services.connect.register(DebeziumConnector("plain", ("public.people",)))
    services.connect.register(
        DebeziumConnector("described", ("public.people",), schemas_enable=True, partitions=1)
    )
    services.database.execute("update public.people set name = 'Ann'")
    servers = services.broker.bootstrap_servers
    first, second = events(servers, "plain.public.people", 2)
    row = {"id": 1, "name": "Änn", "height": "1.70"}
    assert (first["op"], first["before"], first["after"]) == ("r", None, row)
    assert (second["op"], second["before"], second["after"]) == ("u", row, {**row, "name": "Ann"})
    assert set(events(servers, "described.public.people", 1)[0]) == {"schema", "payload"}
    topics = services.broker.topics()
    assert (topics["plain.public.people"], topics["described.public.people"]) == (2, 1)

    services.connect.delete_connector("described")
    services.connect.stop()
    services.database.execute("delete from public.people")
    services.connect.start()
    assert services.connect.connectors() == ["plain"]
    *_, deleted, tombstone = messages(servers, "plain.public.people", 4)
    assert json.loads(deleted.value() or b"")["op"] == "d"
    assert tombstone.value() is None
    slots = "select slot_name from pg_replication_slots"
    assert services.database.rows(slots) == [{"slot_name": "debezium_plain"}]
    services.connect.delete_connector("plain")


def test_a_statement_that_fails_says_why(services: Services) -> None:
    services.database.start()
    with pytest.raises(ServiceFailedError, match='relation "nowhere" does not exist'):
        services.database.execute("select * from nowhere")
    services.database.kill()
    services.database.start()
    assert services.database.rows("select 1.5 as one, null as none")[0]["none"] is None


def test_topics_outlive_a_kill(broker: Broker) -> None:
    broker.start()
    assert broker.create_topic("clicks", partitions=2)
    assert not broker.create_topic("clicks", partitions=3)
    producer = Producer({"bootstrap.servers": broker.bootstrap_servers, "log_level": 0})
    # Older than any retention.
    producer.produce("clicks", b"one", timestamp=1)
    assert producer.flush(10) == 0
    first = broker.process.identity
    broker.start()
    assert broker.process.identity == first
    broker.kill()
    assert not broker.running
    assert not answers(broker.ports.broker)
    broker.start()
    assert broker.topics() == {"clicks": 2}
    assert [found.value() for found in messages(broker.bootstrap_servers, "clicks", 1)] == [b"one"]
    _only_the_password_lets_in(broker)


def _only_the_password_lets_in(broker: Broker) -> None:
    """On the broker that is up: its secret is asked for, and shown nowhere."""
    refused: list[int] = []

    def client(password: str) -> AdminClient:
        return AdminClient(
            {
                "bootstrap.servers": broker.sasl_bootstrap_servers,
                "security.protocol": "SASL_PLAINTEXT",
                "sasl.mechanism": "PLAIN",
                "sasl.username": "tester",
                "sasl.password": password,
                "log_level": 0,
            },
            error_cb=lambda error: refused.append(error.code()),
        )

    assert client(SECRET).list_topics(timeout=10).brokers
    assert not refused
    stranger = client("wrong")
    end = time.monotonic() + 10
    while not refused and time.monotonic() < end:
        stranger.poll(0.1)
    assert KafkaError._AUTHENTICATION in refused
    identity = broker.process.identity
    assert identity is not None
    shown = [*psutil.Process(identity.pid).cmdline(), repr(broker), broker.process.log.read_text()]
    assert not [text for text in shown if 'p"a' in text or 'p\\"a' in text]
    assert (broker.directory / "server.properties").stat().st_mode & 0o077 == 0


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    services = Services(tmp_path, Ports.free())
    taken = (
        (services.ports.broker_sasl, services.broker),
        (services.ports.database, services.database),
    )
    for port, service in taken:
        with (
            socket.create_server((HOST, port)),
            pytest.raises(
                PortTakenError, match=f"Port {port} of {HOST}, which {service.process.name}"
            ),
        ):
            service.start()
        assert not service.running


def test_what_the_machine_lacks_is_named_with_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MachineError, match="apt-get install maven"):
        fetch(tmp_path)
    with pytest.raises(MachineError, match="apt-get install postgresql"):
        PostgreSQL.find(tmp_path)


def test_a_fetch_without_a_network_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tmp_path / ".m2" / "settings.xml"
    settings.parent.mkdir()
    settings.write_text("<settings><offline>true</offline></settings>")
    monkeypatch.setenv("MAVEN_OPTS", f"-Duser.home={tmp_path}")
    with pytest.raises(MachineError, match=r"Maven could not fetch Kafka and Debezium: .*offline"):
        fetch(tmp_path / "cache")
    assert not [found for found in (tmp_path / "cache").rglob("*") if found.is_dir()][1:]


def test_the_newest_postgresql_is_taken(tmp_path: Path) -> None:
    for version in ("9.6", "15", "17"):
        (tmp_path / version / "bin").mkdir(parents=True)
        (tmp_path / version / "bin" / "initdb").touch()
    assert PostgreSQL.find(tmp_path).binaries == tmp_path / "17" / "bin"


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    """Of a bench that ends with the test, however that ends."""
    yield tmp_path / "bench"
    Services(tmp_path / "bench").remove()


def test_the_commands_of_the_page(directory: Path) -> None:
    start, status, stop, again, remove = "".join(blocks("docs/services.md", "sh")).splitlines()
    started = run(start, directory)
    assert "Topics: clicks, shop.public.customers\n" in started
    assert "export MEDALLION_KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:" in started
    services = Services(directory, Ports.read(directory / "ports.json"))
    services.database.execute("insert into public.customers (customer_id) values (7)")
    assert run(status, directory).count(": pid ") == len(services.all)
    ours = [process for service in services.all for process in family(service)]
    assert len(ours) > len(services.all), "PostgreSQL has processes of its own"
    assert run(stop, directory) == "Stopped: Kafka, PostgreSQL, Kafka Connect\n"
    psutil.wait_procs(ours, timeout=5)
    assert not [process for process in ours if process.is_running()]
    assert "Starting Kafka\n" in run(again, directory)
    assert "Starting" not in run(again, directory), "they run already"
    assert services.broker.topics() == {"clicks": 2, "shop.public.customers": 2}
    [created] = events(services.broker.bootstrap_servers, "shop.public.customers", 1)
    assert created["op"] == "c"
    data = (services.database.directory / "data").resolve()
    assert run(remove, directory) == f"Removed {directory}\n"
    assert not directory.exists()
    assert not data.exists()


def run(line: str, directory: Path) -> str:
    """What a command of the page prints, over a bench of its own."""
    command, own = line.partition("#")[0].split(), f"--directory {directory}"
    if command[0] == "make":
        options = own + " --free-ports" * (command[1] == "services")
        binaries = Path(sys.executable).parent
        command = [
            "make", "--no-print-directory", "-o", ".venv/dev.stamp", f"BIN={binaries}", command[1],
            f"ARGS={options}",
        ]  # fmt: skip
    else:
        assert command[0] == ".venv/bin/python"
        command = [sys.executable, *command[1:], *own.split()]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def family(service: Service) -> list[psutil.Process]:
    """The processes of a service that runs."""
    identity = service.process.identity
    assert identity is not None
    process = psutil.Process(identity.pid)
    return [process, *process.children(recursive=True)]


def test_the_test_of_the_page(services: Services) -> None:
    [script] = blocks("docs/services.md", "python")
    names: dict[str, Callable[[Services], None]] = {}
    exec(compile(script, "documentation", "exec", dont_inherit=True), names)
    names["test_accounts"](services)
