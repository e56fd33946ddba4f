"""COPY INTO takes a text into a typed column where it says the same, else the statement ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from medallion_assets.lakehouse.errors import MisfitError
from medallion_assets_tests.lakehouse.autoloader.test_text_values import SAID, same
from medallion_assets_tests.lakehouse.test_exact_values import CASES, COLUMNS, KINDS, WRITTEN

if TYPE_CHECKING:
    from medallion_assets_tests.lakehouse.copy_into.copied_table import Make

MISFITS = [
    ("timestamp", "08:30"), ("double", "9007199254740993"), ("decimal(10,2)", "1.239"),
]  # fmt: skip


@pytest.mark.parametrize("written", ["json", "csv", "xml", "parquet"])
def test_what_fits_is_copied_and_what_does_not_ends_the_statement(make: Make, written: str) -> None:
    kind, write, options = WRITTEN[written]
    given = ", ".join(f"'{name}' = '{value}'" for name, value in options.items())
    clauses = [f"FORMAT_OPTIONS ({given})"] if given else []
    table = make(f"n string, {COLUMNS}")
    untyped = kind == "json" and ("bigint", "int", "smallint", "tinyint", "boolean")
    fitting = [
        (number, text)
        for number, text in CASES
        if SAID[KINDS[number]][text] is not None and not (untyped and KINDS[number] in untyped)
    ]
    records = [{"n": str(n), f"c{number}": text} for n, (number, text) in enumerate(fitting)]
    table.land("good", write(records))
    assert table.copy(kind, *clauses).num_inserted_rows == len(fitting)
    loaded = table.spark.read.format("delta").load(str(table.path)).toArrow().to_pylist()
    rows = {int(row["n"]): row for row in loaded}
    wrong = {
        (KINDS[number], text): rows[n][f"c{number}"]
        for n, (number, text) in enumerate(fitting)
        if not same(rows[n][f"c{number}"], SAID[KINDS[number]][text])
    }
    assert wrong == {}
    before = table.version
    for kind_of, text in MISFITS:
        number = KINDS.index(kind_of)
        landed = table.land("bad", write([{"n": "0", f"c{number}": text}]))
        with pytest.raises(MisfitError) as raised:
            table.copy(kind, *clauses)
        assert all(part in str(raised.value) for part in ("bad", f"c{number}", text))
        landed.unlink()
    assert table.version == before
