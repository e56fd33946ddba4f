"""Which rows of a stored table are the people's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce
from operator import and_, or_
from typing import TYPE_CHECKING

from medallion_assets.lakehouse.erasure.identifiers import Identifier
from medallion_assets.lakehouse.erasure.stores import Kind, Store
from medallion_assets.lakehouse.errors import DeclarationError, OptionError

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

_RAW_TEXT = ("_corrupt_record", "_rescued_data")
_NO_SUCH_COLUMN = ("UNRESOLVED_COLUMN", "FIELD_NOT_FOUND", "INVALID_EXTRACT_BASE_FIELD_TYPE")


@dataclass(frozen=True)
class PersonRows:
    """Conditions over the rows of a store.

    Args:
        theirs: whether a row is one of the people's.
        unreadable: whether a row does not say whose it is, and has raw text that may.
        absent: declared expressions over columns that the store does not have.
    """

    theirs: Column
    unreadable: Column
    absent: tuple[str, ...]


def person_rows(
    store: Store, frame: DataFrame, identifiers: Sequence[Identifier]
) -> PersonRows | None:
    """The conditions; None where the store's rows go by none of the names.

    Args:
        store: the store.
        frame: its rows.
        identifiers: what the people go by.

    Raises:
        DeclarationError: the declared expressions can't be computed from the store's columns.
        OptionError: a value is none of the type that the store has.
    """
    theirs: list[Column] = []
    unreadable: list[Column] = []
    absent: list[str] = []
    for identifier in identifiers:
        declared = store.table.identifying(identifier.name)
        if not declared or not frame.columns:
            continue
        keys = {sql: kind for sql in declared if (kind := _type_of(store, frame, sql)) is not None}
        if not keys and (store.kind is Kind.TOMBSTONES or store.has_late_rows):
            # Tombstones hold the table's keys alone, and people may go by another column; of a
            # windowed count the late rows alone say whose they are.
            continue
        if not keys:
            raise DeclarationError(
                f"{store.name}: data_subject {identifier.name!r} is {', '.join(declared)}, which "
                f"none of its columns gives: {', '.join(frame.columns)}. Nothing was erased; "
                "correct the declaration."
            )
        absent += [sql for sql in declared if sql not in keys]
        theirs += [_is(store, frame, sql, kind, identifier) for sql, kind in keys.items()]
        unreadable.append(_is_unreadable(frame, list(keys)))
    if not theirs:
        return None
    return PersonRows(reduce(or_, theirs), reduce(or_, unreadable), tuple(dict.fromkeys(absent)))


def _type_of(store: Store, frame: DataFrame, sql: str) -> str | None:
    """The type of an expression, None where it is over a column that is not there."""
    from pyspark.errors import AnalysisException
    from pyspark.sql import functions as F

    try:
        with _unlogged():
            return frame.select(F.expr(sql).alias("key")).dtypes[0][1]
    except AnalysisException as error:
        if (error.getCondition() or "").startswith(_NO_SUCH_COLUMN):
            return None
        raise DeclarationError(
            f"{store.name}: data_subject {sql!r} is no SQL expression over its rows: {error}"
        ) from error


@contextmanager
def _unlogged() -> Iterator[None]:
    """PySpark logs every error of analysis with the JVM's stack trace, expected or not."""
    from pyspark.logger import PySparkLogger

    # By its own class: a name is a logger of the class that was first asked for it, and another
    # one turns every later error of analysis into a TypeError.
    logger = PySparkLogger.getLogger("SQLQueryContextLogger")
    before = logger.disabled
    logger.disabled = True
    try:
        yield
    finally:
        logger.disabled = before


def _is(store: Store, frame: DataFrame, sql: str, kind: str, identifier: Identifier) -> Column:
    from pyspark.sql import functions as F

    value = F.lit(identifier.value).try_cast(kind)
    (row,) = frame.sparkSession.sql("SELECT 1").select(value.isNull()).collect()
    if row[0]:
        raise OptionError(
            f"{identifier.name}={identifier.value}: {store.name} has {sql} as {kind}, which "
            f"{identifier.value!r} is not. Nothing was erased."
        )
    return F.coalesce(F.expr(sql) == value, F.lit(False))


def _is_unreadable(frame: DataFrame, keys: Sequence[str]) -> Column:
    from pyspark.sql import functions as F

    raw = [F.col(name).isNotNull() for name in _RAW_TEXT if name in frame.columns]
    return reduce(and_, [F.expr(sql).isNull() for sql in keys]) & reduce(or_, raw, F.lit(False))
