"""`singleVariantColumn`: the whole record in one column, whatever fields it has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pyspark.sql.types import StringType, StructField, StructType, VariantType

from medallion_assets.lakehouse.autoloader.decode import compression, csv_header, json_documents
from medallion_assets.lakehouse.autoloader.decode.by_name import conformed
from medallion_assets.lakehouse.autoloader.decode.conform import Conversion
from medallion_assets.lakehouse.autoloader.decode.format import (
    FileGroup,
    Groups,
    literal_path,
    reader_options,
    several_lines,
)
from medallion_assets.lakehouse.autoloader.decode.xml import broken
from medallion_assets.lakehouse.autoloader.options import CloudFilesOptions

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_RECORD = "_variant_record"


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

        if options.format == "json" and several_lines(options):
            frame = json_documents.elements(spark, group.paths, options)
            broken = F.when(F.col(json_documents.BROKEN), F.col(json_documents.TEXT))
            element = F.col(json_documents.ELEMENT).alias(group.fields.names[0])
            frame = frame.select(element, broken.alias(_RECORD))
        else:
            frame = self._read(spark, group, options)
        conversion = Conversion(exact=options.reader_case_sensitive)
        corrupt = F.col(_RECORD)
        return conformed(frame, group.fields, schema, unknown, conversion, corrupt=corrupt)

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
