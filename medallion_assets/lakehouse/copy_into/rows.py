"""The rows of a statement as the table has them; one that does not fit ends the statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from types import MappingProxyType
from typing import TYPE_CHECKING

from pyspark.sql.types import NullType, StructField, StructType

from medallion_assets.lakehouse.autoloader.decode.by_name import placed, read_fields
from medallion_assets.lakehouse.autoloader.decode.conform import Conversion
from medallion_assets.lakehouse.autoloader.decode.format import CORRUPT, RESCUED
from medallion_assets.lakehouse.autoloader.decode.text_values import TextValues
from medallion_assets.lakehouse.copy_into.options import CopyOptions
from medallion_assets.lakehouse.copy_into.statement import CopyInto
from medallion_assets.lakehouse.copy_into.target import TargetTable, default_of, is_computed
from medallion_assets.lakehouse.errors import MisfitError
from medallion_assets.lakehouse.sql_text import quoted

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from medallion_assets.lakehouse.autoloader.ingest import Decoded

MISFIT = "COPY INTO misfit"
_SHOWN = 500


@dataclass(frozen=True)
class Rows:
    """How the rows of files become those of the table.

    Args:
        statement: what is to be done.
        options: of it.
        target: the table.
        provenance: columns to add: name to SQL over a file's row. Where there are any, the column
            for records that can't be parsed is one of them.
    """

    statement: CopyInto
    options: CopyOptions
    target: TargetTable
    provenance: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def declared(self) -> StructType | None:
        """The schema to read the files with; None where it is inferred from them."""
        fields = [f for f in self.target.schema.fields if f.name not in self.provenance]
        if self._is_placed or not fields:
            return None
        # Without the log's metadata: a default or an expression there means nothing to a reader.
        return StructType([StructField(field.name, field.dataType) for field in fields])

    def of(self, decoded: Decoded) -> DataFrame:
        """The rows to append.

        Raises:
            MisfitError: the source has columns that the table lacks, or not as many as the table.
        """
        frames = [self._clean(frame) for frame in decoded.frames]
        if self.statement.expressions:
            frames = self._selected(frames)
        else:
            names = dict.fromkeys((*decoded.schema.names, *self._beside))
            frames = [frame.select(*map(quoted, names)) for frame in frames]
        whole = reduce(lambda one, other: one.unionByName(other), frames)
        if self.declared is not None:
            return self._completed(whole, decoded.seen)
        if self.statement.by_position or self.statement.columns:
            whole = self._by_position(whole)
        return self._assigned(whole)

    @property
    def _is_placed(self) -> bool:
        """Whether the statement says which value goes where."""
        said = self.statement
        return bool(said.expressions or said.by_position or said.columns)

    def _clean(self, frame: DataFrame) -> DataFrame:
        """The rows without those two columns that say what has no place."""
        from pyspark.sql import functions as F

        corrupt = F.col(CORRUPT)
        if not self._corrupt_column and not self.options.takes_malformed:
            name = self.options.reading.corrupt_record_column
            message = (
                "a record that can't be parsed: {}. 'mode' = 'DROPMALFORMED' in FORMAT_OPTIONS "
                f"leaves such records out, a column {name} of type STRING in the table keeps them"
            )
            frame = _raising(frame, corrupt.isNotNull(), message, corrupt)
        # What a corrupt record rescues is itself once more.
        misfit = F.col(RESCUED).isNotNull() & corrupt.isNull()
        frame = _raising(frame, misfit, "values without a place in the table: {}", F.col(RESCUED))
        kept = frame.withColumns(
            {name: F.expr(said) for name, said in self.provenance.items()}
            | dict.fromkeys(self._corrupt_column, corrupt)
        )
        return kept.drop(RESCUED, *({CORRUPT} - set(self._corrupt_column)))

    @property
    def _corrupt_column(self) -> tuple[str, ...]:
        """The table's column for records that can't be parsed, where it has one."""
        name = self.options.reading.corrupt_record_column
        if self.provenance:
            return (name,)
        return tuple(n for n in self.target.schema.names if n.lower() == name.lower())

    @property
    def _beside(self) -> tuple[str, ...]:
        """The columns that come beside those of the source."""
        return tuple(dict.fromkeys((*self._corrupt_column, *self.provenance)))

    def _selected(self, frames: Sequence[DataFrame]) -> list[DataFrame]:
        texts = [expression.text for expression in self.statement.expressions]
        if any(expression.aggregates for expression in self.statement.expressions):
            frames = [reduce(lambda one, other: one.unionByName(other), frames)]
        if self.provenance:
            # A `*` has them already.
            said = frames[0].selectExpr(*texts).columns
            texts += [quoted(name) for name in self._beside if name not in said]
        return [frame.selectExpr(*texts) for frame in frames]

    def _by_position(self, frame: DataFrame) -> DataFrame:
        own = [name for name in frame.columns if name not in self._beside]
        given = tuple(f.name for f in self.target.given if f.name not in self._beside)
        names = self.statement.columns or given
        if len(names) != len(own):
            raise MisfitError(
                f"COPY INTO {self.target.name}: the source has {len(own)} columns, the statement "
                f"has a place for {len(names)} ({', '.join(names)})."
            )
        return frame.toDF(*names, *frame.columns[len(own) :])

    def _assigned(self, frame: DataFrame) -> DataFrame:
        """The columns of a source that has types of its own, as the table's."""
        from pyspark.sql import functions as F

        self._check_names(frame.schema)
        read = {own.name.lower(): own for own in read_fields(frame.schema)}
        columns: list[Column] = []
        misfits: list[Column] = []
        conversion = Conversion(exact=False, texts=TextValues.of(self.options.reading))
        for kept in self.target.schema.fields:
            own = read.pop(kept.name.lower(), None)
            if own is None:
                columns += _absent(kept)
                continue
            place = placed(StructField(own.name, kept.dataType), [own], conversion)
            columns.append(place.value.alias(kept.name))
            shown = F.coalesce(own.column.try_cast("string"), F.lit("a value"))
            said = F.concat(F.lit(f"{kept.name}: "), shown)
            misfits += [F.when(lost, said) for _, lost in place.losses if lost is not None]
        for own in read.values():
            kind = "string" if isinstance(own.kind, NullType) else own.kind
            columns.append(own.column.cast(kind).alias(own.name))
        if misfits:
            found = F.concat_ws(", ", *misfits)
            message = "values that don't fit the columns' types: {}"
            frame = _raising(frame, found != "", message, found)
        return frame.select(*columns)

    def _check_names(self, source: StructType) -> None:
        extra = _rest(self.target, source)
        if extra and not self.options.merge_schema:
            raise unknown_columns(self.target, extra)
        lowered = [name.lower() for name in source.names]
        twice = sorted({name for name in source.names if lowered.count(name.lower()) > 1})
        if twice:
            raise MisfitError(
                f"COPY INTO {self.target.name}: the source has more than one column "
                f"{', '.join(twice)}; names go by letters, not by their case. Give one of them "
                "another name in a SELECT list."
            )

    def _completed(self, frame: DataFrame, seen: StructType) -> DataFrame:
        """Rows that were read as the table's, with what the table itself gives."""
        lowered = {name.lower() for name in seen.names}
        columns: list[Column] = []
        for kept in self.target.schema.fields:
            given = default_of(kept) is not None or is_computed(kept)
            if kept.name not in frame.columns or (given and kept.name.lower() not in lowered):
                columns += _absent(kept)
            else:
                columns.append(frame[quoted(kept.name)])
        known = set(self.target.schema.names)
        columns += [frame[quoted(name)] for name in frame.columns if name not in known]
        return frame.select(*columns)

    def constrained(self, frame: DataFrame) -> DataFrame:
        """The rows to append, of which those fail that the table would not take."""
        from pyspark.sql import functions as F

        for kept in self.target.schema.fields:
            if not kept.nullable and not is_computed(kept):
                there = kept.name in frame.columns
                value = frame[quoted(kept.name)] if there else F.lit(None)
                message = f"null in the column {kept.name}, which is NOT NULL{{}}"
                frame = _raising(frame, value.isNull(), message, F.lit(""))
        for name, condition in self.target.checks.items():
            message = f"a row that breaks the constraint {name} ({condition}): {{}}"
            broken = ~F.coalesce(F.expr(condition), F.lit(True))
            frame = _raising(frame, broken, message, F.to_json(F.struct("*")))
        return frame


def unknown_columns(target: TargetTable, names: Sequence[str]) -> MisfitError:
    """The error of columns that the table lacks."""
    return MisfitError(
        f"COPY INTO {target.name}: the source has columns that the table lacks: "
        f"{', '.join(names)}. Nothing was written. COPY_OPTIONS ('mergeSchema' = 'true') adds "
        "them, a SELECT list leaves them out."
    )


def _absent(column: StructField) -> list[Column]:
    """A column the source lacks: its default; left to Delta where there is none."""
    from pyspark.sql import functions as F

    default = default_of(column)
    return [] if default is None else [F.expr(default).cast(column.dataType).alias(column.name)]


def _rest(target: TargetTable, source: StructType) -> list[str]:
    known = {kept.name.lower() for kept in target.schema.fields}
    return [name for name in source.names if name.lower() not in known]


def _is_true(condition: Column) -> Column:
    from pyspark.sql import functions as F

    return F.coalesce(condition, F.lit(False))


def _raising(frame: DataFrame, wrong: Column, message: str, shown: Column) -> DataFrame:
    """The rows; reading one that is wrong fails."""
    from pyspark.sql import functions as F

    before, _, after = message.partition("{}")
    said = F.substring(F.coalesce(shown, F.lit("")), 1, _SHOWN)
    text = F.concat(F.lit(f"{MISFIT}: {before}"), said, F.lit(f"{after}."))
    failure = F.raise_error(text).cast("boolean")
    return frame.where(F.when(_is_true(wrong), failure).otherwise(F.lit(True)))
