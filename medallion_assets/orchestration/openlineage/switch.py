"""Whether events are sent, and under which names: by the client's own environment variables."""

from __future__ import annotations

from collections.abc import Mapping

_SWITCHES = (
    "OPENLINEAGE_URL",
    "OPENLINEAGE_CONFIG",
    "OPENLINEAGE__TRANSPORT",
    "OPENLINEAGE__TRANSPORT__TYPE",
)
DEFAULT_NAMESPACE = "medallion_assets"


def is_on(environment: Mapping[str, str]) -> bool:
    """Whether a transport is named, and `OPENLINEAGE_DISABLED` is not true.

    A file `openlineage.yml` that lies about switches nothing on.
    """
    if environment.get("OPENLINEAGE_DISABLED", "").strip().lower() == "true":
        return False
    return any(environment.get(name) for name in _SWITCHES)


def namespace(environment: Mapping[str, str]) -> str:
    """The namespace of the jobs, and of the tables by name: `OPENLINEAGE_NAMESPACE`."""
    return environment.get("OPENLINEAGE_NAMESPACE") or DEFAULT_NAMESPACE
