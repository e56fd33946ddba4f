"""What a text says as a value of another type, or that it says none.

Spark's casts and parsers take more than that: `08:30` for today, `2024-05` for the first of May,
`12D` for 12.0, `1,5` for 15, 1.239 for 1.24, 9007199254740993 for 9007199254740992. Here a text has
a value only where the value says the same as the text did; `docs/guarantees.md` has the rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from pyspark.sql.types import (
    BooleanType,
    ByteType,
    DataType,
    DateType,
    DecimalType,
    DoubleType,
    FloatType,
    IntegerType,
    LongType,
    NumericType,
    ShortType,
    StringType,
    TimestampNTZType,
    TimestampType,
)

from medallion_assets.lakehouse.autoloader.options import CloudFilesOptions

if TYPE_CHECKING:
    from pyspark.sql import Column

UTC_NAMES = ("UTC", "ETC/UTC", "GMT", "ETC/GMT", "Z", "+00:00", "UTC+00:00")

# \z, as $ would match before a line end too.
_WHOLE = r"(?:0|-?[1-9][0-9]*)(?:\.0*)?\z"
WHOLE = r"^-?[0-9]{1,19}\z"
NUMBER = r"^-?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?\z"
"""As JSON has numbers: a leading zero or a plus are part of a code, not of a number."""
NOT_FINITE = r"^[+-]?(?:nan|inf|infinity)\z"
_DAY = r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
_TIME = r"[T ][0-9]{1,2}:[0-9]{1,2}(?::[0-9]{1,2}(?:\.[0-9]{1,6}0*)?)?"
_REGION = r"[A-Z][A-Za-z_]+/[A-Za-z_/+-]+"
_ZONE = rf" ?(?:Z|UTC|GMT|[+-][0-9]{{1,2}}(?::?[0-9]{{2}})?|{_REGION})"
_TOO_FINE = r"\.[0-9]{6}[0-9]*[1-9]"
"""A fraction of a second that goes on after the microseconds."""

_WIDE = DecimalType(38, 18)
_APART = {"sep": "\x01", "quote": "", "mode": "PERMISSIVE"}
"""Options with which any text is one value of CSV."""
_FORMATS = (
    "dateFormat",
    "locale",
    "timestampFormat",
    "timestampNTZFormat",
    "timeZone",
    "nanValue",
    "positiveInf",
    "negativeInf",
)
_SAFE_DIGITS = {DoubleType: (15, 1e-290, 1e300), FloatType: (6, 1e-36, 1e38)}
"""Numbers of so many digits, between these, come back out of the type as they were (IEEE 754)."""


@dataclass(frozen=True)
class TextValues:
    """How texts become values.

    Args:
        formats: the reader's options for dates, times and numbers. What a pattern or a locale of
            the user's takes is taken as Spark takes it.
        exact: whether a value has to come back out as the text it was, with blanks around it too:
            for inference. Else a number, a day or a moment may be written in other ways.
    """

    formats: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    exact: bool = False

    @classmethod
    def of(cls, options: CloudFilesOptions, *, exact: bool = False) -> TextValues:
        """With what the stream's options say."""
        given = {name: options.reader_option(name, "") for name in _FORMATS}
        return cls({name: value for name, value in given.items() if value}, exact)

    def value(self, text: Column, target: DataType) -> Column:  # noqa: PLR0911 - one a type
        """The value; null where the text does not say one."""
        if isinstance(target, StringType):
            return text
        if isinstance(target, NumericType) and "locale" in self.formats:
            return self._localized(text, target)
        if isinstance(target, (ByteType, ShortType, IntegerType, LongType)):
            return self._whole(text, target)
        if isinstance(target, DecimalType):
            return self._decimal(text, target)
        if isinstance(target, (DoubleType, FloatType)):
            return self._floating(text, target)
        if isinstance(target, BooleanType):
            return self._boolean(text)
        if isinstance(target, DateType):
            return self._date(text)
        if isinstance(target, (TimestampType, TimestampNTZType)):
            return self._moment(text, target)
        return text.try_cast(target)

    def _trimmed(self, text: Column) -> Column:
        from pyspark.sql import functions as F

        return text if self.exact else F.trim(text)

    def _whole(self, text: Column, target: DataType) -> Column:
        from pyspark.sql import functions as F

        value = text.try_cast(target)
        same = F.when(value.cast("string") == text, value)
        if self.exact:
            return same
        trimmed = F.trim(text)
        before = F.substring_index(trimmed, ".", 1)
        return same.when(trimmed.rlike(f"^{_WHOLE}"), before.try_cast(target))

    def _decimal(self, text: Column, target: DecimalType) -> Column:
        from pyspark.sql import functions as F

        value = text.try_cast(target)
        trimmed = self._trimmed(text)
        is_number = trimmed.rlike(NUMBER)
        fraction = F.length(F.regexp_extract(trimmed, r"\.([0-9]*?)0*(?:[eE]|\z)", 1))
        exponent = F.regexp_extract(trimmed, "[eE](.*)", 1).try_cast("int")
        needed = fraction - F.coalesce(exponent, F.lit(0))
        # A long exponent makes Java build the number digit by digit: 1e-999999999 never ends.
        short = (F.locate("e", text) == 0) & (F.locate("E", text) == 0)
        return F.when(short & (value.cast("string") == text), value).when(
            is_number & (needed <= target.scale), value
        )

    def _floating(self, text: Column, target: DataType) -> Column:
        from pyspark.sql import functions as F

        value = text.try_cast(target)
        trimmed = self._trimmed(text)
        said, digits = value.cast("string"), _digits(trimmed)
        most, least, largest = _SAFE_DIGITS[type(target)]  # type: ignore[index]
        size = F.abs(value)
        few = (F.length(digits) <= most) & (size >= least) & (size <= largest)
        finite = size < float("inf")
        result = (
            F.when(said == text, value)
            .when(trimmed.rlike(NUMBER) & finite & (few | (digits == _digits(said))), value)
            .when(F.lower(trimmed).rlike(NOT_FINITE), value)
        )
        for name, meant in (("nanValue", "NaN"), ("positiveInf", "Infinity"),
                            ("negativeInf", "-Infinity")):  # fmt: skip
            if name in self.formats:
                result = result.when(text == self.formats[name], F.lit(meant).cast(target))
        return result

    def _boolean(self, text: Column) -> Column:
        from pyspark.sql import functions as F

        lowered = F.lower(self._trimmed(text))
        return F.when(lowered == "true", F.lit(True)).when(lowered == "false", F.lit(False))

    def _date(self, text: Column) -> Column:
        from pyspark.sql import functions as F

        if "dateFormat" in self.formats:
            return self._parsed(text, DateType())
        value = text.try_cast("date")
        same = F.when(value.cast("string") == text, value)
        return same if self.exact else same.when(F.trim(text).rlike(rf"^{_DAY}\z"), value)

    def _moment(self, text: Column, target: DataType) -> Column:
        from pyspark.sql import functions as F

        zoned = isinstance(target, TimestampType)
        pattern = "timestampFormat" if zoned else "timestampNTZFormat"
        if pattern in self.formats:
            value = self._parsed(text, target)
            return F.when(~text.rlike(_TOO_FINE), value)
        if "timeZone" in self.formats and zoned:
            value = self._parsed(text, target)
        else:
            value = text.try_cast(target)
        zone = f"(?:{_ZONE})?" if zoned else ""
        long_form = self._trimmed(text).rlike(rf"^{_DAY}(?:{_TIME}{zone})?\z")
        # As most are written, told by few characters: the pattern costs as much as the cast.
        size = F.length(text)
        ends = F.endswith(text, F.lit("Z")) & (
            (size == 20) | ((size == 24) & (F.substring(text, 20, 1) == "."))  # noqa: PLR2004
        )
        usual = (F.substring(text, 17, 1) == ":") & (
            (size == 19) | (ends if zoned else F.lit(False))  # noqa: PLR2004
        )
        value = F.when(usual | long_form, value)
        return self._outside_gaps(text, value) if zoned else value

    def _outside_gaps(self, text: Column, value: Column) -> Column:
        """Without the local times that a zone leaves out when its clocks go forward."""
        from pyspark.sql import functions as F

        if "timeZone" in self.formats:
            return value
        no_gaps = has_utc_clock()
        local = F.trim(text).try_cast("timestamp_ntz")
        named = F.trim(text).rlike(rf"^{_DAY}{_TIME}{_ZONE}\z")
        here = no_gaps | named | (value.cast("timestamp_ntz") == local)
        said = F.struct(text.alias("text"), value.alias("value"))
        # As a function of a list it stays out of the code that is compiled for all rows.
        there = F.get(F.transform(F.array(said), _in_its_zone), F.lit(0))
        return F.when(F.contains(text, F.lit("/")), there).otherwise(F.when(here, value))

    def _localized(self, text: Column, target: DataType) -> Column:
        """A number as the locale writes it, all of its digits."""
        from pyspark.sql import functions as F

        wide = self._parsed(text, _WIDE)
        all_digits = F.regexp_replace(F.regexp_replace(text, "[^0-9]", ""), r"^0+|0+\z", "")
        value = wide.try_cast(target)
        whole = value.cast(_WIDE) == wide
        return F.when(whole & (all_digits == _digits(wide.cast("string"))), value)

    def _parsed(self, text: Column, target: DataType) -> Column:
        """The text as Spark's parser of CSV takes it, with the reader's formats."""
        from pyspark.sql import functions as F

        parsed = F.from_csv(text, f"value {target.simpleString()}", {**self.formats, **_APART})
        return parsed.getField("value")


def _in_its_zone(said: Column) -> Column:
    """The moment of a text that names its zone; null where that zone's clock never shows it."""
    from pyspark.sql import functions as F

    text, value = F.trim(said.getField("text")), said.getField("value")
    zone = F.regexp_extract(text, rf"({_REGION})\z", 1)
    shown = F.from_utc_timestamp(value, F.when(zone != "", zone).otherwise("UTC"))
    # Both as if they were times of UTC.
    clock = F.concat(F.regexp_replace(text, rf" ?{_REGION}\z", ""), F.lit("Z"))
    return F.when(F.unix_micros(shown) == F.unix_micros(clock.try_cast("timestamp")), value)


def has_utc_clock() -> Column:
    """Whether the session's clock is that of UTC, where a time needs no zone to be a moment."""
    from pyspark.sql import functions as F

    return F.upper(F.current_timezone()).isin(*UTC_NAMES)


def _digits(number: Column) -> Column:
    """The digits of a number that tell it from others of its size."""
    from pyspark.sql import functions as F

    mantissa = F.regexp_replace(number, "[eE].*|[^0-9]", "")
    return F.regexp_replace(mantissa, r"^0+|0+\z", "")
