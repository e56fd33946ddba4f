"""`medallion ui`: the Dagster UI and daemon, with the landing sensors on."""

from __future__ import annotations

import argparse
import os
import signal
import socket
import subprocess
import sys
from typing import Any

from medallion_assets.cli.project import PROJECT, WORKSPACE
from medallion_assets.lakehouse.errors import MachineError
from medallion_assets.lakehouse.session.engine import wanted

LOOPBACK = "127.0.0.1"
DEFAULT_PORT = 3000


def add_to(commands: Any) -> argparse.ArgumentParser:
    """Add the command to the parser's sub-commands."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "ui", help="open the Dagster UI, with its landing sensors on"
    )
    parser.add_argument(
        "-p", "--port", type=int, default=DEFAULT_PORT, help="port on 127.0.0.1 (default: 3000)"
    )
    return parser


def main(arguments: argparse.Namespace) -> int:
    """Prepare the instance, then become `dagster dev`.

    Raises:
        MachineError: another program has the port.
    """
    from medallion_assets.cli.instance import opened_instance

    _check_port(arguments.port)
    # Opened once before: its storage is made by one process, and warnings come before the server's
    # own lines.
    with opened_instance(PROJECT) as instance:
        home = instance.root_directory
        print(f"Dagster instance: {home}")
    print(f"Open http://{LOOPBACK}:{arguments.port} (Ctrl-C ends it).", flush=True)
    # A shell starts a background job with SIGINT ignored, and `dagster dev` would inherit that:
    # neither Ctrl-C nor SIGTERM would end its servers.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    # Not in the project, whose dagster.yaml Dagster would announce as one it does not use.
    os.chdir(home)
    _start_engine()
    command = [
        *(sys.executable, "-m", "dagster", "dev"),
        *("-h", LOOPBACK, "-p", str(arguments.port), "-w", str(WORKSPACE)),
    ]
    sys.stdout.flush()
    os.execv(sys.executable, command)  # noqa: S606 - this process becomes the server


def _start_engine() -> None:
    """Start the warm engine beside the server, so that the first sensor's run finds it."""
    if not wanted(os.environ, otherwise=True):
        return
    subprocess.Popen(
        [sys.executable, "-m", "medallion_assets.cli", "engine", "start"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        # As the server itself does: a port whose last connections are closing is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            raise MachineError(
                f"Port {port} of {LOOPBACK} can't be used: {error.strerror}. "
                f"Choose another one: make ui ARGS='--port {port + 1}'"
            ) from None
