"""Events in Nexmark's shapes and proportions, made from their numbers alone.

Of 50 events 1 is a person, 3 are auctions and 46 are bids. A bid goes to one of the last 100
auctions, some of which have expired by then; one bid in 50 is sent twice, as a network would, so
that merging has something to do. The same call writes the same bytes.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.landed_table import LandedTable
from benchmarks.nexmark.tables import AUCTIONS, BIDS, PERSONS
from benchmarks.orders import NEW_FILES

PERSON_PART, AUCTION_PART, ALL_PARTS = 1, 3, 50
"""Of each 50 events the first is a person, the next three are auctions, the rest are bids."""
FIRST_ID, FIRST_CATEGORY, CATEGORIES = 1000, 10, 5

_START = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
_MILLISECONDS_BETWEEN = 100
_OPEN_AUCTIONS, _ACTIVE_PEOPLE = 100, 1000
_SHORTEST, _LONGEST = 60, 180
_CITIES = (("Phoenix", "AZ"), ("Palo Alto", "CA"), ("Boise", "ID"), ("Bend", "OR"))
_NAMES = ("Ada", "Ben", "Cleo", "Dan", "Eva", "Finn", "Gus")
_CHANNELS = ("Apple", "Google", "Facebook", "Baidu")

Event = dict[str, object]


@dataclass(frozen=True)
class Events:
    """A stretch of the auction house's life.

    Args:
        count: how many events there are.
        files: how many files each stream has; the last is the increment.
    """

    count: int
    files: int

    def land_first(self, landing: Path) -> None:
        """Land all files but the last of each stream."""
        for file in range(self.files - 1):
            self._land(landing, file, "events")

    def land_new(self, landing: Path) -> None:
        """Land the last file of each stream."""
        self._land(landing, self.files - 1, NEW_FILES)

    def _land(self, landing: Path, file: int, prefix: str) -> None:
        lines: dict[str, list[str]] = {table.name: [] for table in (PERSONS, AUCTIONS, BIDS)}
        numbers = range(self.count * file // self.files, self.count * (file + 1) // self.files)
        for table, event in _sent(numbers):
            lines[table.name].append(json.dumps(event) + "\n")
        for name, landed in lines.items():
            path = landing / name / f"{prefix}-{file:07d}.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("".join(landed), encoding="utf-8")


def event(number: int) -> tuple[LandedTable, Event]:
    """The event of this number, and the stream it belongs to."""
    epoch, place = divmod(number, ALL_PARTS)
    if place < PERSON_PART:
        return PERSONS, _person(number, epoch)
    if place < PERSON_PART + AUCTION_PART:
        return AUCTIONS, _auction(number, epoch * AUCTION_PART + place - PERSON_PART)
    return BIDS, _bid(number, (epoch + 1) * AUCTION_PART)


def _sent(numbers: range) -> Iterator[tuple[LandedTable, Event]]:
    for number in numbers:
        table, made = event(number)
        yield table, made
        if table is BIDS and number % 50 == 49:
            yield table, made


def _person(number: int, person: int) -> Event:
    city, state = _CITIES[_dice(number, 1) % len(_CITIES)]
    name = _NAMES[_dice(number, 2) % len(_NAMES)]
    return {
        "id": FIRST_ID + person,
        "name": name,
        "emailAddress": f"{name.lower()}{person}@example.com",
        "creditCard": f"0000 0000 0000 {person % 10_000:04d}",
        "city": city,
        "state": state,
        "dateTime": _time(number),
        "extra": "",
    }


def _auction(number: int, auction: int) -> Event:
    initial = 100 + _dice(number, 1) % 10_000
    seconds = _SHORTEST + _dice(number, 2) % (_LONGEST - _SHORTEST)
    return {
        "id": FIRST_ID + auction,
        "itemName": f"item {auction}",
        "description": f"lot {_dice(number, 3) % 1000} of the estate",
        "initialBid": initial,
        "reserve": initial + _dice(number, 4) % 10_000,
        "dateTime": _time(number),
        "expires": _time(number, seconds),
        "seller": _someone(number, 5),
        "category": FIRST_CATEGORY + _dice(number, 6) % CATEGORIES,
        "extra": "",
    }


def _bid(number: int, auctions: int) -> Event:
    channel = _CHANNELS[_dice(number, 3) % len(_CHANNELS)]
    back = _dice(number, 1) % min(auctions, _OPEN_AUCTIONS)
    return {
        "auction": FIRST_ID + auctions - 1 - back,
        "bidder": _someone(number, 2),
        "price": 100 + _dice(number, 4) % 1_000_000,
        "channel": channel,
        "url": f"https://example.com/{channel.lower()}/item.htm?query=1",
        "dateTime": _time(number),
        "extra": "",
    }


def _someone(number: int, throw: int) -> int:
    people = number // ALL_PARTS + PERSON_PART
    return FIRST_ID + people - 1 - _dice(number, throw) % min(people, _ACTIVE_PEOPLE)


def _dice(number: int, throw: int) -> int:
    """A number that looks thrown and is not: the high bits of a multiplicative hash."""
    return ((number * 8 + throw) * 0x9E3779B97F4A7C15 % 2**64) >> 33


def _time(number: int, seconds: int = 0) -> str:
    milliseconds = number * _MILLISECONDS_BETWEEN + seconds * 1000
    moment = _START + datetime.timedelta(milliseconds=milliseconds)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
