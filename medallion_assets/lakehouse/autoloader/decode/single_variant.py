"""`singleVariantColumn`: the whole record in one column, whatever fields it has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pyspark.sql.types import StringType, StructField, StructType, VariantType

from medallion_assets.lakehouse.autoloader.decode import (
    compression,
    csv_header,
    json_documents,
    json_texts,
)
from medallion_assets.lakehouse.autoloader.decode.by_name import conformed
from medallion_assets.lakehouse.autoloader.decode.conform import Conversion
from medallion_assets.lakehouse.autoloader.decode.format import (
    FileGroup,
    Groups,
    literal_path,
    reader_options,
    several_lines,
)
from medallion_assets.lakehouse.autoloader.decode.rescued import Rescue
from medallion_assets.lakehouse.autoloader.decode.xml import broken
from medallion_assets.lakehouse.autoloader.options import CloudFilesOptions

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_RECORD = "_variant_record"
_VALUE = "_variant_value"
_BENT = "_variant_bent"


class SingleVariant:
    """JSON, CSV or XML, a record a variant."""

    def groups(
        self,
        spark: SparkSession,
        paths: Sequence[str],
        options: CloudFilesOptions,
        stored: StructType | None,
    ) -> Groups:
        """One group: nothing is inferred."""
        whole = options.format == "xml" or several_lines(options)
        failed = compression.unreadable(paths, cut=not whole)
        if options.format == "xml":
            failed = failed or broken(paths, options)
        if failed:
            return Groups((), failed)
        fields = StructType([StructField(str(options.single_variant_column), VariantType())])
        return Groups((FileGroup(tuple(paths), fields),))

    def rows(
        self,
        spark: SparkSession,
        group: FileGroup,
        schema: StructType,
        unknown: Sequence[str],
        options: CloudFilesOptions,
    ) -> DataFrame:
        """The records, and those that can't be parsed."""
        from pyspark.sql import functions as F

        conversion = Conversion(exact=options.reader_case_sensitive)
        corrupt = F.col(_RECORD)
        if options.format != "json":
            frame = self._read(spark, group, options)
            return conformed(frame, group.fields, schema, unknown, conversion, corrupt=corrupt)
        name = group.fields.names[0]
        frame = _json(spark, group, options)
        said = json_texts.without_marked_halves(F.col(json_documents.TEXT))
        bent = Rescue(name, said, F.col(_BENT))
        return conformed(
            frame, group.fields, schema, unknown, conversion, corrupt=corrupt, beside=[bent]
        )

    def _read(self, spark: SparkSession, group: FileGroup, options: CloudFilesOptions) -> DataFrame:
        own = {"singleVariantColumn": group.fields.names[0], "columnNameOfCorruptRecord": _RECORD}
        if options.format == "csv":
            own["header"] = str(csv_header.has_header(options)).lower()
        if options.format == "xml":
            own["useLegacyXMLParser"] = "true"
        # The options first: the schema is checked against them.
        return (
            spark.read.format(options.format)
            .options(**reader_options(options, **own))
            .schema(StructType([*group.fields.fields, StructField(_RECORD, StringType())]))
            .load([literal_path(path) for path in group.paths])
        )


def _json(spark: SparkSession, group: FileGroup, options: CloudFilesOptions) -> DataFrame:
    """The records as variants; one that no variant holds whole is null and marked."""
    from pyspark.sql import functions as F

    frame = json_documents.texts(spark, group.paths, options)
    text = F.col(json_documents.TEXT)
    if several_lines(options):
        frame = json_documents.elements(frame, options)
        usable = F.when(~F.col(json_documents.BROKEN), text)
    else:
        usable = F.when(F.is_valid_utf8(text), text)
    value = F.from_json(usable, "variant", json_documents.parser_options(options))
    bent = json_texts.loses_digits(text) | json_texts.has_marked_half(text)
    bent = value.isNotNull() & F.coalesce(bent, F.lit(False))
    said = json_texts.without_marked_halves(F.make_valid_utf8(text))
    corrupt = F.when(value.isNull(), said)
    frame = frame.select(text, value.alias(_VALUE), bent.alias(_BENT), corrupt.alias(_RECORD))
    name = group.fields.names[0]
    return frame.withColumn(name, F.when(~F.col(_BENT), F.col(_VALUE)))
