"""The columns of a CSV file, by its first record."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from itertools import dropwhile
from typing import IO, TYPE_CHECKING, Literal

from medallion_assets.lakehouse.autoloader.decode import compression
from medallion_assets.lakehouse.autoloader.options import CloudFilesOptions
from medallion_assets.lakehouse.errors import OptionError

if TYPE_CHECKING:
    from pyspark.sql.types import StructType

_DELIMITER = "\ue000"
_CHUNK = 1 << 16


def has_header(options: CloudFilesOptions) -> bool:
    """A header is assumed while inferring; with a declared schema Spark's own default holds."""
    default = "false" if options.schema_declared else "true"
    return options.reader_option("header", default).lower() == "true"


def column_names(
    path: str, options: CloudFilesOptions, stored: StructType | None
) -> tuple[str, ...]:
    """The names of a file's columns, none where it has no record.

    Args:
        path: of the file.
        options: the stream's.
        stored: the stored schema; without a header a declared one names the columns in its order,
            else Spark's names `_c0`, `_c1`, ... do.

    Raises:
        OSError: the file can't be opened or unpacked.
        UnicodeError: it is not in the encoding.
        csv.Error: it can't be parsed.
        OptionError: there is no such encoding.
    """
    first = _first_record(path, options)
    if has_header(options):
        return _distinct([name.strip() for name in first])
    declared = stored.names if stored is not None and options.schema_declared else []
    return tuple(
        declared[position] if position < len(declared) else f"_c{position}"
        for position in range(len(first))
    )


def _first_record(path: str, options: CloudFilesOptions) -> list[str]:
    delimiter = _character(options.reader_option("sep", options.reader_option("delimiter", ",")))
    quote = _character(options.reader_option("quote", '"'))
    comment = options.reader_option("comment", "")
    encoding = options.reader_option("encoding", options.reader_option("charset", "utf-8")).lower()
    # Python's parser takes delimiters of one character only, Spark's longer ones too.
    single = delimiter if len(delimiter) == 1 else _DELIMITER
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE

    def says_nothing(line: str) -> bool:
        return not line.strip() or bool(comment and line.startswith(comment))

    try:
        coding = "utf-8-sig" if encoding in ("utf-8", "utf8") else encoding
        # What comes behind the header may be bytes that are no characters.
        opened = compression.open_text(path, coding, "surrogateescape")
    except LookupError as error:
        raise OptionError(f"encoding is {encoding!r}; there is none of that name.") from error
    with opened as text:
        lines = dropwhile(says_nothing, _lines(text, options.reader_option("lineSep", "")))
        replaced = (line.replace(delimiter, single) for line in lines)
        reader = csv.reader(replaced, delimiter=single, quotechar=quote or None, quoting=quoting)
        names = [name.replace(single, delimiter) for name in next(reader, [])]
    if has_header(options):
        # Strictly, as a name has to be one.
        "".join(names).encode(coding, "surrogateescape").decode(coding)
    return names


def _lines(text: IO[str], separator: str) -> Iterator[str]:
    if not separator:
        yield from text
        return
    rest = ""
    while chunk := text.read(_CHUNK):
        *whole, rest = (rest + chunk).split(separator)
        yield from whole
    if rest:
        yield rest


def _distinct(header: Sequence[str]) -> tuple[str, ...]:
    """Column names as Spark makes them of a header: no empty ones, and none twice."""
    return tuple(
        f"_c{position}" if not name else f"{name}{position}" if header.count(name) > 1 else name
        for position, name in enumerate(header)
    )


def _character(spelled: str) -> str:
    r"""The delimiter or quote that an option such as `\t` or `\\u0001` stands for."""
    if len(spelled) > 1 and spelled.startswith("\\"):
        return spelled.encode("latin-1", "backslashreplace").decode("unicode_escape")
    return spelled
