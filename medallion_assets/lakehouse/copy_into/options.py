"""FORMAT_OPTIONS and COPY_OPTIONS, checked."""

from __future__ import annotations

from dataclasses import dataclass

from medallion_assets.lakehouse.autoloader.options import CloudFilesOptions
from medallion_assets.lakehouse.autoloader.options.catalog import PREFIX
from medallion_assets.lakehouse.autoloader.options.nearest import nearest
from medallion_assets.lakehouse.autoloader.options.values import boolean
from medallion_assets.lakehouse.copy_into.statement import CopyInto
from medallion_assets.lakehouse.errors import OptionError

COPY_OPTIONS = ("force", "mergeSchema")
SETTLE_SECONDS = 1.0
"""A file younger than this may still be written: it is looked at again, and left if it grows."""

_READ_HERE = frozenset({"mergeschema", "inferschema"})


@dataclass(frozen=True)
class CopyOptions:
    """The options of a statement.

    Attributes:
        reading: how the files are read.
        force: whether files are loaded that were loaded before.
        merge_schema: whether columns that the table lacks are added to it.
        takes_malformed: whether records that can't be parsed are to become rows without values.
    """

    reading: CloudFilesOptions
    force: bool = False
    merge_schema: bool = False
    takes_malformed: bool = False

    @classmethod
    def of(cls, statement: CopyInto) -> CopyOptions:
        """The options of a statement.

        Every file's fields are looked at, as `mergeSchema` in FORMAT_OPTIONS asks for: without it
        the original takes one file for all.

        Raises:
            OptionError: an unknown option, or a value that is not of the option's type.
        """
        copy = {name.lower(): (name, value) for name, value in statement.copy_options}
        for lowered, (name, _) in copy.items():
            if lowered not in {one.lower() for one in COPY_OPTIONS}:
                meant = nearest(name, COPY_OPTIONS)
                hint = f"Did you mean {meant}?" if meant else "A format's own go to FORMAT_OPTIONS."
                known = ", ".join(COPY_OPTIONS)
                raise OptionError(f"{name} is not one of COPY_OPTIONS, which are {known}. {hint}")
        given = {name.lower(): value for name, value in statement.format_options}
        switches = {
            name: boolean(*copy[name.lower()]) for name in COPY_OPTIONS if name.lower() in copy
        }
        return cls(
            reading=_reading(statement, given, adds=switches.get("mergeSchema", False)),
            force=switches.get("force", False),
            merge_schema=switches.get("mergeSchema", False),
            takes_malformed=given.get("mode", "").upper() == "PERMISSIVE",
        )


def _reading(statement: CopyInto, given: dict[str, str], *, adds: bool) -> CloudFilesOptions:
    for name, _ in statement.format_options:
        if name.lower().startswith(PREFIX.lower()):
            raise OptionError(f"{name} is an option of Auto Loader; FORMAT_OPTIONS has none of it.")
    if "rescueddatacolumn" in given:
        raise OptionError(
            "rescuedDataColumn is an option of Auto Loader: a value that has no place in the table "
            "ends a COPY INTO, so that nothing is lost."
        )
    infers = statement.file_format == "json" or boolean(
        "inferSchema", given.get("inferschema", "false")
    )
    options = {
        "cloudFiles.format": statement.file_format,
        "cloudFiles.inferColumnTypes": str(infers).lower(),
        "cloudFiles.schemaEvolutionMode": "addNewColumns" if adds else "failOnNewColumns",
        "cloudFiles.settleSeconds": str(SETTLE_SECONDS),
        "cloudFiles.useStrictGlobber": "true",
        "readerCaseSensitive": "false",
        "ignoreCorruptFiles": "false",
        "ignoreMissingFiles": "true",
    }
    if statement.file_format == "csv":
        options["header"] = "false"
    mine = {n.lower(): (n, v) for n, v in statement.format_options if n.lower() not in _READ_HERE}
    kept = {name: value for name, value in options.items() if name.lower() not in mine}
    return CloudFilesOptions.parse({**kept, **dict(mine.values())}, has_schema=False)
