"""`medallion engine`: see, start and stop the JVM that stays between runs."""

from __future__ import annotations

import argparse
import logging
import sys
import time
from typing import TYPE_CHECKING, Any

from medallion_assets.cli.quantities import counted, size, span
from medallion_assets.lakehouse.errors import MachineError

if TYPE_CHECKING:
    from medallion_assets.lakehouse.session.engine.place import Place
    from medallion_assets.lakehouse.session.engine.state import State


def add_to(commands: Any) -> argparse.ArgumentParser:
    """Add the command to the parser's sub-commands."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "engine", help="see, start or stop the JVM that stays between runs"
    )
    parser.add_argument("action", choices=("status", "start", "stop"), nargs="?", default="status")
    parser.add_argument(
        "--force", action="store_true", help="stop it also under runs that use it, which then fail"
    )
    return parser


def main(arguments: argparse.Namespace) -> int:
    """Do what is asked for with the engines of this user.

    Raises:
        MachineError: it can't be started or stopped.
    """
    from medallion_assets.lakehouse.session.engine.place import EngineUnavailableError

    try:
        if arguments.action == "start":
            return _start()
        if arguments.action == "stop":
            return _stop(force=arguments.force)
        return _status()
    except (EngineUnavailableError, OSError) as error:
        raise MachineError(f"The warm engine: {error}.") from error


def _start() -> int:
    from medallion_assets.lakehouse.session import engine

    wanted = asked_of_engine()
    if wanted is None:
        raise MachineError(
            "The warm engine is for runs on this machine, and SPARK_REMOTE, SPARK_MASTER or the "
            "Spark resource names a master. Unset it to use the engine."
        )
    log = logging.getLogger("medallion_assets")
    log.addHandler(logging.StreamHandler(sys.stdout))
    log.setLevel(logging.INFO)
    engine.start(wanted, log)
    return _status()


def _stop(*, force: bool) -> int:
    from medallion_assets.lakehouse.session.engine.starting import stop

    stopped = sum(stop(place, force=force) for place in _places())
    print(f"Stopped {counted(stopped, 'engine')}." if stopped else "No engine is running.")
    return 0


def _status() -> int:
    from medallion_assets.lakehouse.session.engine import place_for
    from medallion_assets.lakehouse.session.engine.starting import state_of

    wanted = asked_of_engine()
    ours = place_for(wanted) if wanted is not None else None
    states = {place: state_of(place) for place in _places()}
    for place, state in states.items():
        if state is not None:
            print(described(state, fits=place == ours, now=time.time()))
    if not any(states.values()):
        print("No engine is running; the first run that needs Spark starts one.")
    return 0


def described(state: State, *, fits: bool, now: float) -> str:
    """An engine that runs, for people.

    Args:
        state: what it says of itself.
        fits: whether a run of this environment, from this directory, would use it.
        now: seconds since 1970.
    """
    resident = state.memory.resident
    heap = f"{size(state.memory.used)} of {size(state.memory.heap)}"
    lines = [
        f"engine process {state.process} (JVM {state.java}), up {span(now - state.since)}",
        f"  memory    {'unknown' if resident is None else size(resident)}, heap {heap}",
        f"  settings  {'those of this environment' if fits else 'other than here'}",
        *(f"  run       process {run.process} for {span(now - run.since)}" for run in state.runs),
    ]
    if state.idle_since is not None:
        idle = now - state.idle_since
        lines.append(
            f"  idle      {span(idle)}; ends in {span(max(0.0, state.idle_seconds - idle))}"
        )
    return "\n".join(lines)


def asked_of_engine() -> dict[str, str] | None:
    """What the runs of the code location ask of the engine; None where they don't use it."""
    import dagster as dg

    from medallion_assets.definitions import defs
    from medallion_assets.lakehouse.session import engine_settings

    spark_only = {"spark": (defs.resources or {})["spark"]}
    with dg.build_resources(spark_only) as resources:
        spark = resources.spark
        return engine_settings(spark.settings()) if spark.engine else None


def _places() -> list[Place]:
    from medallion_assets.lakehouse.session.engine.place import engine_directory, places

    return places(engine_directory())
