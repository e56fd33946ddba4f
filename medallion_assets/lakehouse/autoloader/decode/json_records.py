"""JSON: an object a line, or with `multiLine` a file of one object or an array of objects.

Spark's schema inference reads 2 million lines in 1.1 s where parsing them into a variant takes
longer than parsing and writing them typed (6.9 s against 3.5 s). So the fields of a micro-batch are
inferred first, and its rows are then read with them: what Spark's parser keeps as it is with its
type, all else as the text it is in the file, which is converted here. Only a row that did not fit
is parsed a second time, to say which of its values are rescued.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql.types import (
    ArrayType,
    ByteType,
    DataType,
    DateType,
    DecimalType,
    DoubleType,
    FloatType,
    MapType,
    StringType,
    StructField,
    StructType,
    TimestampNTZType,
    TimestampType,
    VariantType,
)

from medallion_assets.lakehouse.autoloader.decode import (
    compression,
    json_documents,
    json_texts,
    whole_files,
)
from medallion_assets.lakehouse.autoloader.decode.by_name import homeless, placed_rows, with_kept
from medallion_assets.lakehouse.autoloader.decode.conform import (
    Conversion,
    is_nested,
    spellings,
)
from medallion_assets.lakehouse.autoloader.decode.format import (
    FileGroup,
    Groups,
    literal_path,
    reader_options,
    several_lines,
)
from medallion_assets.lakehouse.autoloader.decode.half_pairs import files_with_half_pairs
from medallion_assets.lakehouse.autoloader.decode.json_fields import RECORD, VALUE, fields_of_files
from medallion_assets.lakehouse.autoloader.decode.rescued import Rescue, rescued, rescued_bytes
from medallion_assets.lakehouse.autoloader.decode.text_values import TextValues
from medallion_assets.lakehouse.autoloader.evolution import union, with_string_leaves
from medallion_assets.lakehouse.autoloader.options import CloudFilesOptions
from medallion_assets.lakehouse.sql_text import quoted

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

_ROW = "_json_row"
_MARKED = "_json_marked"
_SUSPECT = "_json_suspect"
_MEMBERS = "_json_members"
_BENT = (ByteType, DecimalType, DoubleType, FloatType, DateType, TimestampType, TimestampNTZType)
"""Types of which Spark's parser takes more than they hold: 200 is -56 in a byte, 1.239 is 1.24."""


class Json:
    """The JSON format."""

    def groups(
        self,
        spark: SparkSession,
        paths: Sequence[str],
        options: CloudFilesOptions,
        stored: StructType | None,
    ) -> Groups:
        """One group, as a JSON row describes itself; files with half pairs in one of their own."""
        whole = several_lines(options)
        failed = compression.unreadable(paths, cut=not whole)
        if whole:
            failed += whole_files.unnameable(spark, paths)
        if failed:
            return Groups((), failed)
        seen = fields_of_files(spark, paths, options, stored)
        fields = seen if options.infer_column_types else with_string_leaves(seen)
        halves = set() if whole else files_with_half_pairs(spark, paths)
        sorted_out = (
            (tuple(path for path in paths if path not in halves), False),
            (tuple(path for path in paths if path in halves), True),
        )
        return Groups(
            tuple(FileGroup(some, fields, seen, halved) for some, halved in sorted_out if some)
        )

    def rows(
        self,
        spark: SparkSession,
        group: FileGroup,
        schema: StructType,
        unknown: Sequence[str],
        options: CloudFilesOptions,
    ) -> DataFrame:
        """Typed rows; a value of the wrong type and the unknown fields are rescued."""
        from pyspark.sql import functions as F

        outside = homeless(unknown, schema, exact=options.reader_case_sensitive)
        tokens = group.tokens if group.tokens is not None else group.fields
        if not several_lines(options) and not group.may_be_bent and group.fields.fields:
            return _rows_of_lines(spark, group.paths, tokens, schema, outside, options)
        texts = json_documents.texts(spark, group.paths, options)
        texts = json_documents.elements(texts, options)
        text = F.col(json_documents.TEXT)
        return _rows_of_texts(texts, text, tokens, schema, outside, options, beside=())


def rows_of_texts(
    texts: DataFrame,
    text: Column,
    seen: StructType,
    schema: StructType,
    unknown: Sequence[str],
    options: CloudFilesOptions,
) -> DataFrame:
    """The rows of records that are at hand as texts, one a row, as lines of a file would give them.

    Args:
        texts: all their columns begin with `_` and are kept; `_metadata.file_path` says where a
            record comes from, for what is rescued.
        text: the record; null gives a row of nulls.
        seen: the records' own fields.
        schema: the stored one.
        unknown: names of fields that have no column.
        options: how to parse.
    """
    from pyspark.sql import functions as F

    own = [F.col(quoted(name)) for name in texts.columns]
    # Of an array the parser would take the first element and say nothing of the others.
    is_object = F.coalesce(F.ltrim(text).startswith("{") & F.is_valid_utf8(text), F.lit(False))
    broken = text.isNotNull() & ~is_object
    texts = texts.withColumns({json_documents.TEXT: text, json_documents.BROKEN: broken})
    text = F.col(json_documents.TEXT)
    outside = homeless(unknown, schema, exact=options.reader_case_sensitive)
    return _rows_of_texts(texts, text, seen, schema, outside, options, beside=own)


def _rows_of_lines(
    spark: SparkSession,
    paths: Sequence[str],
    tokens: StructType,
    schema: StructType,
    unknown: Sequence[str],
    options: CloudFilesOptions,
) -> DataFrame:
    from pyspark.sql import functions as F

    read = _read_schema(schema, tokens, options)
    kinds = {field.name: field.dataType for field in tokens.fields}
    # Spark's parser gives a whole object, and a number digit for digit, to a field that is text.
    extra = [
        StructField(name, VariantType() if _is_text(kinds.get(name)) else StringType())
        for name in unknown
    ]
    whole = StructType([*read.fields, *extra, StructField(RECORD, StringType())])
    given = reader_options(options, columnNameOfCorruptRecord=RECORD)
    reader = spark.read.schema(whole).options(**given)
    frame = reader.json([literal_path(path) for path in paths])
    conversion = Conversion(options.reader_case_sensitive, TextValues.of(options))
    rows = placed_rows(frame, read, schema, conversion)
    parsed = _Parsed.of(rows.frame, F.col(RECORD), options)
    converted = [
        Rescue(s.name, conversion.rescued(s.column, s.kind, kinds.get(s.name)), lost)
        for s, lost in rows.losses
        if lost is not None
    ]
    unknowns = []
    for field in extra:
        column = F.col(quoted(field.name))
        said = conversion.rescued(column, field.dataType, kinds.get(field.name))
        there = column.isNotNull()
        if isinstance(field.dataType, VariantType):
            there = _says_something(column)
        unknowns.append(Rescue(field.name, said, there))
    misfits = [
        parsed.rescue(s.name, _or(parsed.is_unfit(s.name, s.column, s.kind), lost))
        for s, lost in rows.losses
    ]
    # Only rows that did not fit take the first branches: on the others nothing is parsed again.
    kept = (
        F.when(parsed.is_object, rescued([*misfits, *unknowns]))
        .when(parsed.is_malformed, rescued_bytes(parsed.record))
        .otherwise(rescued([*converted, *unknowns]))
    )
    corrupt = F.when(parsed.is_malformed, F.make_valid_utf8(parsed.record))
    return with_kept(parsed.frame, rows.columns, kept, corrupt)


def _rows_of_texts(
    texts: DataFrame,
    text: Column,
    tokens: StructType,
    schema: StructType,
    unknown: Sequence[str],
    options: CloudFilesOptions,
    *,
    beside: Sequence[Column],
) -> DataFrame:
    """The rows of texts; `_json_broken` says which can't be records."""
    from pyspark.sql import functions as F

    own = [F.col(name) for name in texts.columns]
    marked = json_texts.with_marked_halves(text)
    read = _read_schema(schema, tokens, options)
    # One more field, as there is no struct without any.
    whole = StructType([*read.fields, StructField(RECORD, StringType())])
    parse = {**json_documents.parser_options(options), "columnNameOfCorruptRecord": RECORD}
    parsable = F.when(~F.col(json_documents.BROKEN), marked)
    parsed_row = F.from_json(json_texts.with_marked_numbers(parsable), whole, parse)
    frame = texts.select(*own, marked.alias(_MARKED), parsed_row.alias(_ROW))
    row = F.col(_ROW)
    fields = [row.getField(field.name).alias(field.name) for field in read.fields]
    misfit = row.getField(RECORD).isNotNull().alias(RECORD)
    frame = frame.select(*own, _MARKED, *fields, misfit)
    conversion = _MarkedTexts(
        options.reader_case_sensitive,
        TextValues.of(options),
        is_whole=lambda value: ~json_texts.has_marked_half(value),
    )
    rows = placed_rows(frame, read, schema, conversion)
    did_not_fit = F.col(RECORD)
    lost_any = F.lit(False)
    for _, lost in rows.losses:
        lost_any = lost_any if lost is None else lost_any | F.coalesce(lost, F.lit(False))
    suspect = did_not_fit | lost_any | F.lit(bool(unknown)) | F.col(json_documents.BROKEN)
    suspicious = F.when(suspect, F.col(_MARKED))
    parsed = _Parsed.of(rows.frame, suspicious, options, F.col(json_documents.BROKEN))
    misfits = [
        parsed.rescue(s.name, _or(did_not_fit & parsed.is_unfit(s.name, s.column, s.kind), lost))
        for s, lost in rows.losses
    ]
    unknowns = [parsed.rescue(name, parsed.says(name)) for name in unknown]
    kept = F.when(parsed.is_object, rescued([*misfits, *unknowns])).when(
        parsed.is_malformed, rescued_bytes(text)
    )
    corrupt = F.when(parsed.is_malformed, json_texts.without_marked_halves(F.make_valid_utf8(text)))
    kept = json_texts.without_marked_halves(kept)
    return with_kept(parsed.frame, rows.columns, kept, corrupt, beside)


@dataclass(frozen=True)
class _MarkedTexts(Conversion):
    """The conversion of what was read with its long numbers marked."""

    def said(self, text: Column) -> Column:
        """A number as it stood there."""
        return json_texts.without_marked_numbers(text)

    def as_text(self, column: Column, source: DataType) -> tuple[Column, Column | None]:
        """A text, or JSON that is kept as one, with its numbers as they stood there."""
        is_text = isinstance(source, StringType)
        return super().as_text(self.said(column) if is_text else column, source)


@dataclass(frozen=True)
class _Parsed:
    """Records that did not fit, parsed once more.

    Attributes:
        frame: with the two columns below.
        record: the text; null in rows that did.
        members: of the object, by name, as JSON.
        parse: options of the parser.
    """

    frame: DataFrame
    record: Column
    members: Column
    parse: dict[str, str]

    @classmethod
    def of(
        cls,
        frame: DataFrame,
        record: Column,
        options: CloudFilesOptions,
        broken: Column | None = None,
    ) -> _Parsed:
        """Parse a record.

        As columns of their own: each field asks for both, and what they are made of has all fields.
        """
        from pyspark.sql import functions as F

        parse = json_documents.parser_options(options)
        frame = frame.withColumn(_SUSPECT, record)
        record = F.col(_SUSPECT)
        usable = record.isNotNull() if broken is None else record.isNotNull() & ~broken
        # As texts, all at once: fewer calls in what each field asks for.
        texts = F.transform_values(
            _object(record, parse),
            lambda _, said: json_texts.without_marked_numbers(F.to_json(said)),
        )
        frame = frame.withColumn(_MEMBERS, F.when(usable, texts))
        return cls(frame, record, F.col(_MEMBERS), parse)

    @property
    def is_object(self) -> Column:
        return self.record.isNotNull() & self.members.isNotNull()

    @property
    def is_malformed(self) -> Column:
        return self.record.isNotNull() & self.members.isNull()

    def said(self, name: str) -> Column:
        return self.members.getItem(name)

    def says(self, name: str) -> Column:
        """Whether a field is there and not null."""
        return self.said(name).isNotNull() & (self.said(name) != "null")

    def rescue(self, name: str, where: Column) -> Rescue:
        return Rescue(name, self.said(name), where)

    def is_unfit(self, name: str, read: Column, kind: DataType) -> Column:
        """Whether what a record says for a field is not what was read, or not all of it."""
        from pyspark.sql import functions as F

        if not is_nested(kind):
            return read.isNull() & self.says(name)
        # The parser leaves single values out of a nested one; parsing it alone says so.
        alone = StructType([StructField(VALUE, kind), StructField(RECORD, StringType())])
        text = F.concat(F.lit(f'{{"{VALUE}":'), self.said(name), F.lit("}"))
        again = F.from_json(text, alone, {**self.parse, "columnNameOfCorruptRecord": RECORD})
        return self.says(name) & (read.isNull() | again[RECORD].isNotNull())


def _or(one: Column, other: Column | None) -> Column:
    from pyspark.sql import functions as F

    return one if other is None else F.coalesce(one, F.lit(False)) | other


def _read_schema(schema: StructType, seen: StructType, options: CloudFilesOptions) -> StructType:
    """What to read: the stored fields, in every spelling, with all that is within them.

    Fields within fields that the schema lacks are read too, to be rescued.
    """
    fields: list[StructField] = []
    kinds = {field.name: field for field in seen.fields}
    for field in schema.fields:
        own = spellings(field.name, kinds, exact=options.reader_case_sensitive)
        for name in dict.fromkeys([field.name, *own]):
            stored = StructType([StructField(name, field.dataType)])
            both = union([stored, StructType([kinds[name]] if name in kinds else [])])
            fields += [StructField(f.name, _as_read(f.dataType)) for f in both.fields]
    return StructType(fields)


def _as_read(kind: DataType) -> DataType:
    """The type to read a value with: text, where the parser would bend it."""
    if isinstance(kind, StructType):
        return StructType([StructField(f.name, _as_read(f.dataType)) for f in kind.fields])
    if isinstance(kind, ArrayType):
        return ArrayType(_as_read(kind.elementType))
    if isinstance(kind, MapType):
        return MapType(StringType(), _as_read(kind.valueType))
    return StringType() if isinstance(kind, _BENT) else kind


def _is_text(kind: DataType | None) -> bool:
    return kind is None or isinstance(kind, StringType)


def _object(text: Column, parse: dict[str, str]) -> Column:
    """A JSON object's values by name; null where the text is none."""
    from pyspark.sql import functions as F

    def members(of: Column) -> Column:
        # Not read into a map at once: that would keep a repeated key twice.
        return F.try_variant_get(F.from_json(of, "variant", parse), "$", "map<string,variant>")

    # The second where quoting has spoiled it: within a comment or a name without quotes.
    values = F.coalesce(members(json_texts.with_marked_numbers(text)), members(text))
    return F.when(F.is_valid_utf8(text), values)


def _says_something(said: Column) -> Column:
    """Whether a variant is there and not JSON's null."""
    from pyspark.sql import functions as F

    return said.isNotNull() & ~F.is_variant_null(said)
