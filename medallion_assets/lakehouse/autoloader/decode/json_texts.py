"""JSON texts in which a parser loses nothing.

Spark's parser makes doubles of long numbers when the text is at hand as a string (1e400 becomes
"Infinity", 42 digits 17), and `?` of half a surrogate pair. So such numbers are made marked strings
before, and halves of pairs get a mark that is found again in what was read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql.types import DoubleType

from medallion_assets.lakehouse.autoloader.decode.rescued import JSON_NUMBER
from medallion_assets.lakehouse.autoloader.decode.text_values import TextValues

if TYPE_CHECKING:
    from pyspark.sql import Column

_NUMBER_MARK = "\ue000"
_HALF_MARK = "\ue001"
"""Characters for private use: texts that have them are not marked with them."""

_LONG_NUMBER = r"[0-9][.eE]|[0-9]{18}"
_TO_NUMBER = (
    r"\G((?:[^\"'0-9-]++|\"(?:[^\"\\]++|\\.)*+\"|'(?:[^'\\]++|\\.)*+'"
    r"|-(?![0-9])|-?[0-9]{1,17}+(?![0-9.eE]))*+)"
    r"(-?[0-9][0-9.eE+-]*+)"
)
"""What stands before the next number that a parser may change, whole strings among it, and it.

All quantifiers are possessive: others would go on by recursion, and end at a text of megabytes.
"""
_HIGH = r"u[dD][89abAB][0-9a-fA-F]{2}"
_LOW = r"u[dD][c-fC-F][0-9a-fA-F]{2}"
HALF_PAIR = (
    rf"(?<!\\)((?:\\\\)*+)\\({_HIGH}(?!\\{_LOW})|(?<!\\u[dD][89abAB][0-9a-fA-F]{{2}}\\){_LOW})"
)
"""The escape of one half of a surrogate pair without the other, and the backslashes before it."""


def may_have_half_pairs(text: Column) -> Column:
    """Whether there is any escape of a surrogate; told without a pattern."""
    from pyspark.sql import functions as F

    return F.contains(text, F.lit("\\ud")) | F.contains(text, F.lit("\\uD"))


def loses_digits(text: Column) -> Column:
    """Whether there is a number of which a variant loses digits."""
    from pyspark.sql import functions as F

    marked = F.regexp_extract_all(
        with_marked_numbers(text), F.lit(f'"{_NUMBER_MARK}([^"]*+)"'), F.lit(1)
    )
    kept = TextValues()

    def lost(number: Column) -> Column:
        # A variant holds a number of up to 38 digits without an exponent as a decimal.
        short = number.rlike(r"^-?[0-9.]{1,38}\z")
        return ~short & kept.value(number, DoubleType()).isNull()

    return F.when(text.rlike(_LONG_NUMBER), F.exists(marked, lost)).otherwise(F.lit(False))


def with_marked_halves(text: Column) -> Column:
    """With a mark in the place of the backslash of each half pair."""
    from pyspark.sql import functions as F

    marked = F.regexp_replace(text, HALF_PAIR, f"$1{_HALF_MARK}$2")
    return F.when(may_have_half_pairs(text), marked).otherwise(text)


def has_marked_half(value: Column) -> Column:
    """Whether a value that was read has a half pair."""
    from pyspark.sql import functions as F

    return F.contains(value, F.lit(_HALF_MARK))


def without_marked_halves(text: Column) -> Column:
    """JSON with the half pairs as they stood there."""
    from pyspark.sql import functions as F

    found = F.contains(text, F.lit(_HALF_MARK))
    return F.when(found, F.replace(text, F.lit(_HALF_MARK), F.lit("\\"))).otherwise(text)


def with_marked_numbers(text: Column) -> Column:
    """With the numbers as strings that begin with a mark, of which a parser would lose digits."""
    from pyspark.sql import functions as F

    marked = F.regexp_replace(text, _TO_NUMBER, f'$1"{_NUMBER_MARK}$2"')
    return F.when(text.rlike(_LONG_NUMBER), marked).otherwise(text)


def without_marked_numbers(text: Column) -> Column:
    """A text or JSON with its numbers as they stood there; as strings those that JSON has not."""
    from pyspark.sql import functions as F

    plain = F.regexp_replace(text, f'"{_NUMBER_MARK}({JSON_NUMBER})"', "$1")
    plain = F.replace(plain, F.lit(_NUMBER_MARK), F.lit(""))
    return F.when(F.contains(text, F.lit(_NUMBER_MARK)), plain).otherwise(text)
