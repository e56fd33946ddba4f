"""Compare the table of Auto Loader's options in the documentation with the options there are.

Each row of the table under `## Options` of docs/auto-loader.md names an option, its default, its
meaning, how it compares with the original's, and a test.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from medallion_assets.lakehouse.autoloader.options import CLOUD_ONLY, OPTIONS, REFUSED
from medallion_assets.lakehouse.autoloader.options.catalog import PREFIX, Compared

DOCUMENT = Path("docs") / "auto-loader.md"
_CELL = re.compile(r"(?<!\\)\|")
_CODE = re.compile(r"`([^`]+)`")


@dataclass(frozen=True)
class Row:
    """One row of the table."""

    options: tuple[str, ...]
    default: str
    compared: str
    tests: tuple[str, ...]


def option_table(root: Path) -> Iterator[str]:
    """Name each row that is missing, too many, or says something else than the code."""
    document = root / DOCUMENT
    if not document.is_file():
        return
    rows = {name: row for row in table(document.read_text("utf-8")) for name in row.options}
    expected = _expected()
    for name in expected.keys() - rows.keys():
        yield f"{DOCUMENT}: the option {name} is missing"
    existing = tests(root)
    for name, row in rows.items():
        if name not in expected:
            yield f"{DOCUMENT}: {name} is no option"
            continue
        default, compared = expected[name]
        if row.default != default:
            yield f"{DOCUMENT}: {name} has the default {default}, not {row.default}"
        if row.compared != compared:
            yield f"{DOCUMENT}: {name} is {compared!r}, not {row.compared!r}"
        if not row.tests:
            yield f"{DOCUMENT}: {name} has no test"
        for test in row.tests:
            if test not in existing:
                yield f"{DOCUMENT}: the test {test} of {name} does not exist"


def table(text: str) -> Iterator[Row]:
    """The rows of the table under the heading `Options`."""
    section = re.split(r"^## ", text.partition("\n## Options\n")[2], flags=re.MULTILINE)[0]
    for line in section.splitlines():
        cells = [cell.strip() for cell in _CELL.split(line.strip().strip("|"))]
        options = tuple(_CODE.findall(cells[0]))
        if len(cells) == 5 and options:
            default = _CODE.findall(cells[1])
            named = tuple(_CODE.findall(cells[4]))
            yield Row(options, default[0] if default else cells[1], cells[3], named)


def _expected() -> dict[str, tuple[str, str]]:
    """Name to default and comparison, as the code has them."""
    required = {"cloudFiles.format": "required"}
    found = {
        option.name: (option.default or required.get(option.name, "none"), option.compared.value)
        for option in OPTIONS
    }
    beyond = [*(f"{PREFIX}{name}" for name in (*CLOUD_ONLY, "resourceTag.*")), *REFUSED]
    return found | dict.fromkeys(beyond, ("none", Compared.CLOUD.value))


def tests(root: Path) -> set[str]:
    """Every test as `<file>::<function>`."""
    return {
        f"{path.name}::{name}"
        for path in (root / "medallion_assets_tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text("utf-8"), re.MULTILINE)
    }
