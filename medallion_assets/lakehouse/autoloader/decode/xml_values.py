"""XML values: as what an element is read, and how that becomes the stored type.

Spark keeps of an element that repeats only the last where its type is no array, and of a record in
which one value is of the wrong type no value at all. So all is read as the text it is, in whatever
structure the files have, and converted here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pyspark.sql.types import (
    ArrayType,
    DataType,
    DateType,
    DecimalType,
    MapType,
    NumericType,
    StringType,
    StructField,
    StructType,
    TimestampNTZType,
    TimestampType,
    VariantType,
)

from medallion_assets.lakehouse.autoloader.decode.conform import Conversion, is_nested
from medallion_assets.lakehouse.autoloader.options import CloudFilesOptions

if TYPE_CHECKING:
    from pyspark.sql import Column

_OF_VALUES = ("dateFormat", "locale", "timestampFormat", "timestampNTZFormat", "timeZone")
_WIDE = DecimalType(38, 18)
_APART = {"sep": "\x01", "quote": "", "mode": "PERMISSIVE"}
"""Options with which any text is one value of CSV."""


@dataclass(frozen=True)
class XmlConversion(Conversion):
    """How the text of XML becomes values.

    Args:
        value_tag: the field for the text of an element that has attributes or children.
        attribute_prefix: what the names of attributes begin with.
        parse: the reader's options for dates, times and numbers.
    """

    value_tag: str = "_VALUE"
    attribute_prefix: str = "_"
    parse: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, options: CloudFilesOptions) -> XmlConversion:
        """What the stream's options say."""
        given = {name: options.reader_option(name, "") for name in _OF_VALUES}
        return cls(
            exact=options.reader_case_sensitive,
            value_tag=options.reader_option("valueTag", "_VALUE"),
            attribute_prefix=options.reader_option("attributePrefix", "_"),
            parse={name: value for name, value in given.items() if value},
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

    def single(
        self, column: Column, source: DataType, target: DataType
    ) -> tuple[Column, Column | None]:
        """A text; empty it is no value of any other type."""
        from pyspark.sql import functions as F

        if not isinstance(source, StringType):
            return super().single(column, source, target)
        text = F.nullif(F.trim(column), F.lit(""))
        if isinstance(target, (DateType, TimestampType, TimestampNTZType)) and self.parse:
            value = self._parsed(text, target)
        elif isinstance(target, NumericType) and "locale" in self.parse:
            value = self._parsed(text, _WIDE).try_cast(target)
        else:
            value = text.try_cast(target)
        lost = text.isNotNull() & value.isNull()
        if isinstance(target, DecimalType):
            # Digits that the scale has no place for would be rounded away.
            wide = text.try_cast(_WIDE)
            lost = lost | F.coalesce(wide != value, F.lit(False))
            value = F.when(~lost, value)
        return value, lost

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

    def rescued(self, column: Column, kind: DataType) -> Column:
        """The value as a variant, in the same form whatever else the micro-batch has.

        An element that does not repeat is no list, and one without attributes or children a text.
        """
        from pyspark.sql import functions as F

        if isinstance(kind, ArrayType):
            element = kind.elementType
            several = F.transform(column, lambda value: self.rescued(value, element))
            alone = self.rescued(F.get(column, F.lit(0)), element)
            return F.when(F.size(column) == 1, alone).otherwise(F.parse_json(F.to_json(several)))
        if not isinstance(kind, StructType):
            return super().rescued(column, kind)
        parts = [
            F.when(
                column.getField(field.name).isNotNull(),
                F.struct(
                    F.lit(field.name).alias("k"),
                    self.rescued(column.getField(field.name), field.dataType).alias("v"),
                ),
            )
            for field in kind.fields
        ]
        found = F.array_compact(F.array(*parts))
        whole = F.parse_json(F.to_json(F.map_from_entries(found)))
        if self.value_tag not in kind.names:
            return whole
        text = column.getField(self.value_tag)
        return F.when(
            (F.size(found) == 1) & text.isNotNull(), text.cast("string").cast("variant")
        ).otherwise(whole)

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

    def _parsed(self, text: Column, target: DataType) -> Column:
        """The text as Spark's parser of CSV takes it, with the reader's formats."""
        from pyspark.sql import functions as F

        parsed = F.from_csv(text, f"value {target.simpleString()}", {**self.parse, **_APART})
        return parsed.getField("value")


def _element(kind: DataType | None) -> DataType | None:
    return kind.elementType if isinstance(kind, ArrayType) else kind
