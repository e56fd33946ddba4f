"""A COPY INTO statement: what was said, free of how it was spelled.

The statement is that of docs.databricks.com/sql/language-manual/delta-copy-into, without
credentials: those of the session are used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from medallion_assets.lakehouse.autoloader.options.modes import FileFormat
from medallion_assets.lakehouse.sql_text import literal, quoted

ALL_ROWS = "ALL"


@dataclass(frozen=True)
class TableName:
    """A table by name: `table`, `schema.table` or `catalog.schema.table`."""

    parts: tuple[str, ...]

    def sql(self) -> str:
        """The name as SQL."""
        return ".".join(quoted(part) for part in self.parts)


@dataclass(frozen=True)
class TablePath:
    """A Delta table by path: ``delta.`/path` ``."""

    path: str

    def sql(self) -> str:
        """The name as SQL."""
        return f"delta.{quoted(self.path)}"


@dataclass(frozen=True)
class Expression:
    """One item of the SELECT list, in Spark's SQL as it was written.

    Attributes:
        text: of the expression with its alias; Spark alone says what it means.
        offset: where it begins in the statement; says nothing about what it means.
        aggregates: whether it makes one row of all.
    """

    text: str
    offset: int = field(default=0, compare=False)
    aggregates: bool = False


@dataclass(frozen=True)
class CopyInto:
    """One statement.

    Attributes:
        target: the table.
        source: the directory or file the rows come from.
        file_format: of the files.
        by_position: `BY POSITION`: the source's columns are the table's, in their order.
        columns: `(col, ...)`: the table's columns for the source's, in this order.
        expressions: the SELECT list; empty where the source is taken as it is.
        validate: None copies; `ALL` or a number of rows says what is looked at, and writes nothing.
        files: names of files in the source; empty where all are taken.
        pattern: a glob for the files in the source.
        format_options: for reading the format, as they were given.
        copy_options: for the copy itself, as they were given.
    """

    target: TableName | TablePath
    source: str
    file_format: FileFormat
    by_position: bool = False
    columns: tuple[str, ...] = ()
    expressions: tuple[Expression, ...] = ()
    validate: int | str | None = None
    files: tuple[str, ...] = ()
    pattern: str | None = None
    format_options: tuple[tuple[str, str], ...] = ()
    copy_options: tuple[tuple[str, str], ...] = ()

    def sql(self) -> str:
        """The statement as SQL; parsed again it is equal to this one."""
        into = f"COPY INTO {self.target.sql()}"
        if self.by_position:
            into += " BY POSITION"
        if self.columns:
            into += f" ({', '.join(quoted(name) for name in self.columns)})"
        source = literal(self.source)
        if self.expressions:
            source = f"(SELECT {', '.join(one.text for one in self.expressions)} FROM {source})"
        clauses = [into, f"FROM {source}", f"FILEFORMAT = {self.file_format.upper()}"]
        if self.validate is not None:
            rows = self.validate if self.validate == ALL_ROWS else f"{self.validate} ROWS"
            clauses.append(f"VALIDATE {rows}")
        if self.files:
            clauses.append(f"FILES = ({', '.join(literal(name) for name in self.files)})")
        if self.pattern is not None:
            clauses.append(f"PATTERN = {literal(self.pattern)}")
        clauses += _options("FORMAT_OPTIONS", self.format_options)
        clauses += _options("COPY_OPTIONS", self.copy_options)
        return "\n".join(clauses)


def _options(clause: str, options: Sequence[tuple[str, str]]) -> list[str]:
    if not options:
        return []
    pairs = ", ".join(f"{literal(name)} = {literal(value)}" for name, value in options)
    return [f"{clause} ({pairs})"]
