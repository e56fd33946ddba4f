"""Whether a session comes from the engine."""

from __future__ import annotations

import socket
from collections.abc import Mapping

from medallion_assets.lakehouse.errors import OptionError

SWITCH = "MEDALLION_ENGINE"


def wanted(environment: Mapping[str, str], *, otherwise: bool) -> bool:
    """What `MEDALLION_ENGINE` says.

    Args:
        environment: of the process.
        otherwise: what counts where the variable is not set.

    Raises:
        OptionError: it says neither on nor off.
    """
    said = environment.get(SWITCH, "").strip().lower()
    if said not in ("", "on", "off"):
        raise OptionError(f"{SWITCH} is {said!r}: set it to on or off, or not at all.")
    return said == "on" if said else otherwise


def obstacle(environment: Mapping[str, str]) -> str | None:
    """What in this environment the engine can't serve, None where it can."""
    if not hasattr(socket, "AF_UNIX"):
        return "this system has no Unix sockets"
    if environment.get("PYSPARK_PIN_THREAD", "true").lower() != "true":
        return "PYSPARK_PIN_THREAD is off"
    return None
