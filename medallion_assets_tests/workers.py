"""How tests are shared among workers: by file, and what needs the same costly fixture together."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from xdist.scheduler import LoadScopeScheduling

_ROOT = "medallion_assets_tests/"

TOGETHER: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "services": (
            "chain/",
            "development/test_services.py",
            "documentation/test_changes.py",
            "documentation/test_kafka.py",
            "lakehouse/kafka/",
            "orchestration/test_topic_sensor.py",
        ),
        "undisturbed": ("pipeline/",),
        "browser": ("browser/",),
    }
)
"""What one worker takes as a whole, the longest first, and where it is."""


def group(nodeid: str) -> str:
    """The tests that one worker takes together with this one."""
    file = nodeid.split("::", 1)[0]
    below = file.removeprefix(_ROOT)
    return next((name for name, places in TOGETHER.items() if below.startswith(places)), file)


def rank(nodeid: str) -> int:
    """Where a test's group stands in the order in which groups are handed out."""
    names = list(TOGETHER)
    return names.index(group(nodeid)) if group(nodeid) in names else len(names)


class Scheduling(LoadScopeScheduling):  # type: ignore[misc]
    """xdist's scheduling by scope, with our groups as scopes."""

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)
