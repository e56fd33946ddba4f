"""XML values: as what an element is read, and how that becomes the stored type.

Spark keeps of an element that repeats only the last where its type is no array, and of a record in
which one value is of the wrong type no value at all. So all is read as the text it is, in whatever
structure the files have, and converted here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql.types import (
    ArrayType,
    DataType,
    MapType,
    StringType,
    StructField,
    StructType,
    VariantType,
)

from medallion_assets.lakehouse.autoloader.decode.conform import Conversion, is_nested
from medallion_assets.lakehouse.autoloader.decode.rescued import member
from medallion_assets.lakehouse.autoloader.decode.text_values import TextValues
from medallion_assets.lakehouse.autoloader.options import CloudFilesOptions

if TYPE_CHECKING:
    from pyspark.sql import Column


@dataclass(frozen=True)
class XmlConversion(Conversion):
    """How the text of XML becomes values.

    Args:
        value_tag: the field for the text of an element that has attributes or children.
        attribute_prefix: what the names of attributes begin with.
    """

    value_tag: str = "_VALUE"
    attribute_prefix: str = "_"

    @classmethod
    def of(cls, options: CloudFilesOptions) -> XmlConversion:
        """What the stream's options say."""
        return cls(
            exact=options.reader_case_sensitive,
            texts=TextValues.of(options),
            value_tag=options.reader_option("valueTag", "_VALUE"),
            attribute_prefix=options.reader_option("attributePrefix", "_"),
        )

    def shape(self, stored: DataType | None, seen: DataType | None) -> DataType:
        """The type to read an element as: text, in a structure that holds all there is.

        Args:
            stored: the stored type; None where the field is new.
            seen: the type inferred from the files; None where it is in none of them.
        """
        if isinstance(stored, VariantType):
            return stored
        if isinstance(stored, MapType):
            return MapType(StringType(), self.shape(stored.valueType, None))
        if isinstance(stored, ArrayType) or isinstance(seen, ArrayType):
            return ArrayType(self.shape(_element(stored), _element(seen)))
        if isinstance(stored, StructType) or (
            isinstance(seen, StructType) and not self._is_markup(stored, seen)
        ):
            return self._struct_shape(self._fields(stored), self._fields(seen))
        return StringType()

    def said(self, text: Column) -> Column:
        """The text without the blanks around it; empty it says nothing."""
        return text_of(text)

    def unlike(
        self, column: Column, source: DataType, target: DataType
    ) -> tuple[Column, Column | None]:
        """One element of a list as itself; the text of an element without its attributes."""
        from pyspark.sql import functions as F

        if isinstance(source, ArrayType):
            several = F.coalesce(F.size(column) > 1, F.lit(False))
            value, lost = self.convert(F.get(column, F.lit(0)), source.elementType, target)
            return F.when(~several, value), several if lost is None else several | lost
        if isinstance(source, StructType) and self.value_tag in source.names:
            text = StructType([StructField(self.value_tag, target)])
            if not is_nested(target):
                value, lost = self.convert(column, source, text)
                return value.getField(self.value_tag), lost
        return super().unlike(column, source, target)

    def rescued(self, column: Column, kind: DataType, tokens: DataType | None = None) -> Column:
        """The value as JSON, in the same form whatever else the micro-batch has.

        An element that does not repeat is no list, and one without attributes or children a text.
        """
        from pyspark.sql import functions as F

        if isinstance(kind, ArrayType):
            element = kind.elementType
            alone = self.rescued(F.get(column, F.lit(0)), element)
            several = F.transform(
                column, lambda value: F.coalesce(self.rescued(value, element), F.lit("null"))
            )
            listed = F.concat(F.lit("["), F.concat_ws(",", several), F.lit("]"))
            return F.when(F.size(column) == 1, alone).otherwise(listed)
        if not isinstance(kind, StructType):
            return super().rescued(column, kind, tokens)
        parts = [
            member(field.name, self.rescued(column.getField(field.name), field.dataType))
            for field in kind.fields
        ]
        whole = F.concat(F.lit("{"), F.concat_ws(",", *parts), F.lit("}"))
        if self.value_tag not in kind.names:
            return whole
        others = [name for name in kind.names if name != self.value_tag]
        alone = F.lit(True)
        for name in others:
            alone = alone & column.getField(name).isNull()
        text = column.getField(self.value_tag)
        said = self.rescued(text, kind[self.value_tag].dataType)
        return F.when(alone & text.isNotNull(), said).otherwise(whole)

    def as_stored(self, stored: DataType | None, seen: DataType) -> DataType:
        """What was inferred, with an element that is stored as a list taken for a list of one."""
        if isinstance(stored, ArrayType):
            return ArrayType(self.as_stored(stored.elementType, _element(seen) or seen))
        if isinstance(stored, StructType) and isinstance(seen, StructType):
            kinds = self._fields(stored)
            return StructType(
                [
                    StructField(field.name, self.as_stored(kinds.get(field.name), field.dataType))
                    for field in seen.fields
                ]
            )
        return seen

    def _is_markup(self, stored: DataType | None, seen: StructType) -> bool:
        """Whether the element is kept as the text of what is in it, because that is what is stored.

        Not where it has attributes, which this text lacks.
        """
        return isinstance(stored, StringType) and not any(
            name == self.value_tag or name.startswith(self.attribute_prefix) for name in seen.names
        )

    def _fields(self, kind: DataType | None) -> dict[str, DataType]:
        if isinstance(kind, StructType):
            return {field.name: field.dataType for field in kind.fields}
        return {} if kind is None else {self.value_tag: StringType()}

    def _struct_shape(self, stored: dict[str, DataType], seen: dict[str, DataType]) -> StructType:
        return StructType(
            [
                StructField(name, self.shape(stored.get(name), seen.get(name)))
                for name in dict.fromkeys([*stored, *seen])
            ]
        )


def text_of(column: Column) -> Column:
    """The text of an element, without the blanks around it; null where it is empty."""
    from pyspark.sql import functions as F

    return F.nullif(F.trim(column), F.lit(""))


def _element(kind: DataType | None) -> DataType | None:
    return kind.elementType if isinstance(kind, ArrayType) else kind
