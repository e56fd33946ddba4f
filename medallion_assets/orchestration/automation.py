"""Who requests runs: a sensor a source, or a condition a table."""

from __future__ import annotations

import os
from enum import Enum

from medallion_assets.lakehouse.errors import OptionError

VARIABLE = "MEDALLION_AUTOMATION"


class Automation(str, Enum):
    """Who requests runs.

    `SENSORS`: the sensor of a source requests a run over the source and all downstream of it when
    something has landed. `DECLARATIVE`: every table has a condition, and one sensor requests a run
    over the tables whose condition holds; the sensors of the sources only report.
    """

    SENSORS = "sensors"
    DECLARATIVE = "declarative"

    @classmethod
    def from_environment(cls) -> Automation:
        """`MEDALLION_AUTOMATION`, sensors where it is not set.

        Raises:
            OptionError: it is set to something else.
        """
        value = os.environ.get(VARIABLE) or cls.SENSORS.value
        try:
            return cls(value)
        except ValueError:
            raise OptionError(
                f"{VARIABLE} is {value!r}; it can be {' or '.join(one.value for one in cls)}. "
                "docs/automation.md says what either does."
            ) from None
