"""`python -m development.services`: the test bench from the command line."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from filelock import FileLock, Timeout

from development.services.bench import Services
from development.services.broker import Credentials
from development.services.ports import Ports
from development.services.shop import furnish
from medallion_assets.lakehouse.errors import MedallionError

DIRECTORY = Path(__file__).resolve().parents[2] / ".services"
_OTHER_COMMAND_SECONDS = 180


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code."""
    told = _parser().parse_args(arguments)
    directory: Path = told.directory.absolute()
    commands = {"start": _start, "stop": _stop, "status": _status, "remove": _remove}
    try:
        if told.command == "start":
            directory.mkdir(parents=True, exist_ok=True)
        elif not directory.is_dir():
            print(f"There are no services in {directory}.")
            return 0
        # Two commands at once would start a service twice.
        with FileLock(directory / "lock", timeout=_OTHER_COMMAND_SECONDS):
            services = Services(directory, _ports(directory, free=told.free_ports), _credentials())
            return commands[told.command](services)
    except (MedallionError, OSError, Timeout) as error:
        print(f"services: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted; make services-stop stops what was started.", file=sys.stderr)
        return 130


def _start(services: Services) -> int:
    for service in services.all:
        if not service.running:
            print(f"Starting {service.process.name}", flush=True)
            service.start()
    furnish(services)
    _status(services)
    print(
        f"\nTopics: {', '.join(services.broker.topics())}\n"
        "For the lakehouse:\n"
        f"  export MEDALLION_KAFKA_BOOTSTRAP_SERVERS={services.broker.bootstrap_servers}\n"
        "make services-stop stops them; the data stays."
    )
    return 0


def _stop(services: Services) -> int:
    stopped = [service.process.name for service in services.all if service.running]
    services.stop()
    print(f"Stopped: {', '.join(stopped)}" if stopped else "Nothing was running.")
    return 0


def _status(services: Services) -> int:
    broker = services.broker
    described = {
        broker: f"{broker.bootstrap_servers} ({broker.sasl_bootstrap_servers} with a password)",
        services.database: services.database.url,
        services.connect: services.connect.url,
    }
    for service, where in described.items():
        process = service.process
        state = f"pid {process.identity.pid}" if process.identity else "not running"
        print(f"{process.name}: {state}\n  {where}\n  log {process.log}")
    print(f"Data: {services.directory}")
    return 0 if all(service.running for service in services.all) else 1


def _remove(services: Services) -> int:
    services.remove()
    print(f"Removed {services.directory}")
    return 0


def _ports(directory: Path, *, free: bool) -> Ports:
    kept = directory / "ports.json"
    if free and not kept.exists():
        Ports.free().write(kept)
    return Ports.read(kept) if kept.exists() else Ports()


def _credentials() -> Credentials:
    default = Credentials()
    return Credentials(
        os.environ.get("SERVICES_SASL_USER", default.user),
        os.environ.get("SERVICES_SASL_PASSWORD", default.password),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m development.services", description=__doc__)
    parser.add_argument("command", choices=("start", "stop", "status", "remove"))
    parser.add_argument("--directory", type=Path, default=DIRECTORY, help="default: %(default)s")
    parser.add_argument(
        "--free-ports", action="store_true", help="the first start takes ports that are free"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
