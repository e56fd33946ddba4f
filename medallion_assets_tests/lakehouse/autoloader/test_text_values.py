"""What texts say as values: told by plain Python, whatever Spark's casts make of them."""

from __future__ import annotations

import datetime
import math
import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medallion_assets.lakehouse.autoloader.decode.text_values import TextValues
from medallion_assets.lakehouse.autoloader.ingest import parsed_schema

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

UTC = datetime.timezone.utc
ELEVEN = datetime.datetime(2024, 1, 2, 11, 0, tzinfo=UTC)
WALL = ELEVEN.replace(tzinfo=None)

SAID: dict[str, dict[str, Any]] = {
    "bigint": {
        "0": 0, "-7": -7, "9223372036854775807": 2**63 - 1, " 5 ": 5, "3.0": 3, "-3.": -3,
        # A code, a telephone number, a fraction, another base, another script, too large.
        "007": None, "+5": None, "3.5": None, "1e3": None, "0x1F": None, "\u0663": None,
        "9223372036854775808": None, "1,000": None, "1_000": None, "": None, "-": None, "5\n": None,
        "-0": None, "true": None, "1L": None,
    },
    "int": {"2147483647": 2147483647, "2147483648": None},
    "smallint": {"32767": 32767, "32768": None},
    "tinyint": {"127": 127, "200": None, "-128": -128},
    "double": {
        "1.5": 1.5, "12.50": 12.5, "5": 5.0, ".5": 0.5, "5.": 5.0, "1e3": 1000.0, "-0.0": -0.0,
        "1E-7": 1e-7, "0.1": 0.1, "0.30000000000000004": 0.30000000000000004, "0": 0.0, "0.00": 0.0,
        "9007199254740992": 2.0**53, "52.520006599999995": 52.520006599999995, "1e22": 1e22,
        "NaN": math.nan, "Infinity": math.inf, "-inf": -math.inf, " 1.5 ": 1.5, "1e-300": 1e-300,
        "4.9e-324": 4.9e-324, "1.7976931348623157e308": 1.7976931348623157e308,
        # Suffixes, another base, digits that no double keeps, out of its range, codes.
        "12D": None, "7f": None, "0x1p3": None, "9007199254740993": None, "1e400": None,
        "1e-400": None, "-1e999": None, "3.14159265358979323846": None, "01.5": None, "+1.5": None,
        "1,5": None, "1 000": None, "1.2.3": None, "e5": None, "": None, "\u0661.5": None,
        "1.2345678901234567e-320": None,
    },
    "float": {"0.1": 0.10000000149011612, "16777216": 16777216.0, "16777217": None, "1e39": None,
              "3.1415927": 3.1415927410125732, "3.14159265": None},
    "decimal(10,2)": {
        "1.00": Decimal("1.00"), "1.5": Decimal("1.50"), "5": Decimal("5.00"),
        "-0.07": Decimal("-0.07"),
        "1.2300": Decimal("1.23"), "1e3": Decimal("1000.00"), "125e-2": Decimal("1.25"),
        "1.239": None, "1,5": None, "100000000": None, "12D": None, "01.00": None, "+1.00": None,
        "1e-3": None, "1e-999999999": None, "1e999999999": None, "NaN": None, "": None,
        "0.000000000000000000000000000000000000000001": None,
    },
    "decimal(38,18)": {"0.123456789012345678": Decimal("0.123456789012345678"),
                       "0.1234567890123456789": None, "1.0000000000000000001e0": None},
    "boolean": {"true": True, "FALSE": False, " true ": True, "1": None, "y": None, "t": None,
                "yes": None, "no": None, "": None},
    "date": {
        "2024-01-05": datetime.date(2024, 1, 5), "2024-1-5": datetime.date(2024, 1, 5),
        "2024-02-29": datetime.date(2024, 2, 29), " 2024-01-05": datetime.date(2024, 1, 5),
        "2024": None, "2024-05": None, "2023-02-29": None, "2024-01-05T10:00:00": None,
        "2024-01-05 00:00": None, "20240105": None, "05/01/2024": None, "08:30": None, "": None,
        "epoch": None, "now": None, "today": None,
    },
    "timestamp": {
        "2024-01-02T11:00:00Z": ELEVEN, "2024-01-02 11:00:00": ELEVEN, "2024-01-02T11:00": ELEVEN,
        "2024-01-02T12:00:00+01:00": ELEVEN, "2024-01-02T12:00:00+0100": ELEVEN,
        "2024-01-02T11:00:00.000Z": ELEVEN, "2024-1-2 11:00:00": ELEVEN,
        "2024-01-02 12:00:00 Europe/Berlin": ELEVEN, "2024-03-31T02:30:00 Europe/Berlin": None,
        "2024-03-10T02:30:00 America/New_York": None, "2024-01-02T11:00:00.000000000": ELEVEN,
        "2024-01-02T11:00:00.123456": ELEVEN.replace(microsecond=123456),
        # A day is its midnight.
        "2024-01-02": datetime.datetime(2024, 1, 2, tzinfo=UTC),
        "08:30": None, "T08:30": None, "2024": None, "2024-06": None, "2024-01-02T11": None,
        "2024-01-02T11:00:00.1234567Z": None, "2024-01-02T11:00:00 CST": None, "1704193200": None,
        "2024-01-02T24:00:00": None, "2024-02-30T11:00:00Z": None, "2024-01-02T11:00:60Z": None,
        "": None, "now": None, "epoch": None, "2024-01-02T11:00:00Zulu": None,
    },
    "timestamp_ntz": {
        "2024-01-02T11:00:00": WALL,
        "2024-01-02": WALL.replace(hour=0), "2024-01-02T11:00:00Z": None,
        "2024-01-02T11:00:00+02:00": None, "08:30": None,
    },
    "binary": {"a\u00fc": bytearray("a\u00fc".encode())},
    "string": {"007": "007", "": ""},
}  # fmt: skip


def values(
    spark: SparkSession, kind: str, texts: list[str], formats: dict[str, str] | None = None
) -> list[Any]:
    from pyspark.sql import functions as F

    target = parsed_schema(spark, f"v {kind}").fields[0].dataType
    frame = spark.createDataFrame(list(enumerate(texts)), "n int, text string")
    found = frame.select("n", TextValues(formats or {}).value(F.col("text"), target).alias("v"))
    if kind == "timestamp":
        found = found.selectExpr("n", "unix_micros(v) v")
        epoch = datetime.datetime(1970, 1, 1, tzinfo=UTC)
        return [
            None if row.v is None else epoch + datetime.timedelta(microseconds=row.v)
            for row in sorted(found.collect())
        ]
    return [row.v for row in sorted(found.collect(), key=lambda row: row.n)]


def same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return one == other or (math.isnan(one) and math.isnan(other))
    return bool(one == other)


@pytest.mark.parametrize("kind", SAID)
def test_a_text_is_the_value_that_says_the_same(spark: SparkSession, kind: str) -> None:
    cases = SAID[kind]
    found = dict(zip(cases, values(spark, kind, list(cases)), strict=True))
    wrong = {t: (found[t], said) for t, said in cases.items() if not same(found[t], said)}
    assert wrong == {}


def test_what_a_format_of_the_users_takes_is_taken(spark: SparkSession) -> None:
    formats = {"dateFormat": "dd.MM.yyyy", "timestampFormat": "dd.MM.yyyy HH:mm"}
    days = values(spark, "date", ["05.01.2024", "2024-01-05", "5.1.24"], formats)
    assert days == [datetime.date(2024, 1, 5), None, None]
    moments = values(spark, "timestamp", ["02.01.2024 11:00", "2024-01-02T11:00:00Z"], formats)
    assert moments == [ELEVEN, None]
    fine = {"timestampFormat": "yyyy-MM-dd HH:mm:ss.SSSSSSSSS"}
    texts = ["2024-01-02 11:00:00.000000000", "2024-01-02 11:00:00.000000001"]
    assert values(spark, "timestamp", texts, fine) == [ELEVEN, None]
    german = values(spark, "decimal(10,2)", ["1.234,50", "1,239", "x"], {"locale": "de-DE"})
    assert german == [Decimal("1234.50"), None, None]


def test_a_local_time_that_a_zone_leaves_out_is_none(spark: SparkSession) -> None:
    before = spark.conf.get("spark.sql.session.timeZone")
    spark.conf.set("spark.sql.session.timeZone", "Europe/Berlin")
    try:
        texts = ["2024-03-31 02:30:00", "2024-03-31 03:30:00", "2024-03-31T02:30:00Z"]
        found = values(spark, "timestamp", texts)
    finally:
        spark.conf.set("spark.sql.session.timeZone", str(before))
    assert found == [
        None,
        datetime.datetime(2024, 3, 31, 1, 30, tzinfo=UTC),
        datetime.datetime(2024, 3, 31, 2, 30, tzinfo=UTC),
    ]


_DIGITS = st.text("0123456789", min_size=1, max_size=20)
_NUMBER_LIKE = st.builds(
    lambda sign, whole, point, fraction, rest: sign + whole + point + fraction + rest,
    st.sampled_from(["", "", "-", "+"]), _DIGITS, st.sampled_from(["", ".", ",", ".."]),
    st.one_of(st.just(""), _DIGITS), st.sampled_from(["", "", "e3", "E-12", "D", "f", " ", "%"]),
)  # fmt: skip
_TIME_LIKE = st.one_of(
    st.datetimes().map(str),
    st.datetimes().map(datetime.datetime.isoformat),
    st.dates().map(str),
    st.times().map(str),
    st.dates().map(lambda day: f"{day.year}-{day.month}"),
    st.datetimes(timezones=st.just(UTC)).map(str),
)
_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)
TEXTS = st.one_of(_NUMBER_LIKE, _TIME_LIKE, st.floats().map(repr), st.integers().map(str), _TEXT)


def as_decimal(text: str) -> Decimal | None:
    try:
        return Decimal(text.strip(" ")) if re.fullmatch(r"[ 0-9.eE+-]+", text) else None
    except InvalidOperation:
        return None


def says_the_same(text: str, value: Any, kind: str) -> bool:
    """Whether a value of a column is what its text says, by Python's decimals and dates."""
    stripped = text.strip()
    if isinstance(value, float) and not math.isfinite(value):
        return stripped.lower().lstrip("+-") in ("nan", "inf", "infinity")
    if isinstance(value, bool):
        return stripped.lower() == str(value).lower()
    if isinstance(value, (int, float, Decimal)):
        # A float is the number it is, or that of its text, which tells it from others.
        shortest = str(numpy.float32(value)) if kind == "float" else repr(value)
        return as_decimal(text) in (
            Decimal(value),
            Decimal(shortest if isinstance(value, float) else value),
        )
    if isinstance(value, datetime.datetime):
        said = datetime.datetime.fromisoformat(stripped.replace("Z", "+00:00"))
        return bool(value == (said if said.tzinfo else said.replace(tzinfo=UTC)))
    if isinstance(value, datetime.date):
        return value == datetime.date(*map(int, stripped.split("-")))
    return bool(value == text)


@settings(max_examples=6, deadline=None)
@given(texts=st.lists(TEXTS, min_size=150, max_size=300, unique=True))
def test_nothing_else_than_the_same_or_nothing(spark: SparkSession, texts: list[str]) -> None:
    for kind in ("bigint", "decimal(12,3)", "double", "date", "timestamp"):
        for text, value in zip(texts, values(spark, kind, texts), strict=True):
            assert value is None or says_the_same(text, value, kind), (kind, text, value)


@settings(max_examples=6, deadline=None)
@given(numbers=st.lists(st.floats(-1e15, 1e15, allow_subnormal=False), min_size=300,
                        max_size=500, unique=True))  # fmt: skip
def test_doubles_that_a_program_wrote_are_taken(spark: SparkSession, numbers: list[float]) -> None:
    """Of whole numbers above 2**53 a Java before 19 writes other digits: those are rescued."""
    texts = [repr(number) for number in numbers]
    found = values(spark, "double", texts)
    assert all(value is None or value == n for n, value in zip(numbers, found, strict=True))
    lost = sum(value is None for value in found)
    assert lost <= len(numbers) * 0.02
