"""An option's text as a value, or an error that says what is right."""

from __future__ import annotations

import datetime
import re
from enum import Enum
from typing import TypeVar

from medallion_assets.lakehouse.errors import OptionError

_BYTES = {"b": 0, "k": 1, "kb": 1, "m": 2, "mb": 2, "g": 3, "gb": 3, "t": 4, "tb": 4}
_SECONDS = {
    "millisecond": 0.001, "second": 1.0, "minute": 60.0, "hour": 3600.0, "day": 86400.0,
    "week": 604800.0,
}  # fmt: skip
_PART = re.compile(rf"\s*([0-9]+(?:\.[0-9]+)?)\s*({'|'.join(_SECONDS)})s?\b", re.I)

Choice = TypeVar("Choice", bound=Enum)


def boolean(name: str, value: str) -> bool:
    """`true` or `false`."""
    if value.lower() not in ("true", "false"):
        raise OptionError(f"{name} is {value!r}; it must be true or false.")
    return value.lower() == "true"


def positive(name: str, value: str) -> int:
    """A whole number above 0."""
    if not re.fullmatch("[0-9]+", value) or int(value) < 1:
        raise OptionError(f"{name} is {value!r}; it must be a whole number above 0.")
    return int(value)


def seconds(name: str, value: str) -> float:
    """A number of seconds, 0 or more."""
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise OptionError(f"{name} is {value!r}; it must be seconds, such as 1 or 0.5.")
    return number


def interval(name: str, value: str) -> float:
    """An interval as Spark spells it, `1 day` or `interval 2 hours 30 minutes`, in seconds."""
    rest = re.sub(r"\A\s*interval\b", "", value, flags=re.I)
    parts = _PART.findall(rest)
    if not parts or _PART.sub("", rest).strip():
        raise OptionError(
            f"{name} is {value!r}; it must be an interval, such as '1 day' or '2 hours'."
        )
    return sum(float(number) * _SECONDS[unit.lower()] for number, unit in parts)


def byte_count(name: str, value: str) -> int:
    """A byte string as Spark reads it: `1048576`, `64m`, `10g`."""
    spelled = re.fullmatch(r"\s*([0-9]+)\s*([a-zA-Z]*)\s*", value)
    unit = (spelled.group(2).lower() or "b") if spelled else ""
    if spelled is None or unit not in _BYTES or int(spelled.group(1)) < 1:
        raise OptionError(f"{name} is {value!r}; it must be bytes, such as 64m or 10g.")
    return int(spelled.group(1)) * int(1024 ** _BYTES[unit])


def names(name: str, value: str) -> tuple[str, ...]:
    """Names between commas."""
    del name
    return tuple(part.strip() for part in value.split(",") if part.strip())


def instant(name: str, value: str) -> datetime.datetime:
    """A time such as `2026-11-01T13:00:00`; in UTC, the session's zone, where it has none."""
    try:
        # A trailing Z is understood from Python 3.11 on.
        time = datetime.datetime.fromisoformat(re.sub(r"[zZ]\Z", "+00:00", value.strip()))
    except ValueError:
        raise OptionError(
            f"{name} is {value!r}; it must be a time, such as 2026-11-01T13:00:00."
        ) from None
    return time if time.tzinfo else time.replace(tzinfo=datetime.timezone.utc)


def column(name: str, value: str) -> str:
    """The name of a column."""
    if not value.strip():
        raise OptionError(f"{name} is empty; it must be the name of a column.")
    return value


def text(name: str, value: str) -> str:
    """Any text."""
    del name
    return value


def choice(kinds: type[Choice], name: str, value: str) -> Choice:
    """One of an enumeration's values, in any case."""
    for kind in kinds:
        if str(kind.value).lower() == value.strip().lower():
            return kind
    raise OptionError(
        f"{name} is {value!r}; it must be one of {', '.join(str(kind.value) for kind in kinds)}."
    )
