"""XML: structure that differs between records and files, and values that don't fit."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from medallion_assets_tests.lakehouse.autoloader.landed import land
from medallion_assets_tests.lakehouse.autoloader.landed_bronze import LandedBronze, files_of

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from medallion_assets.lakehouse.lake import Lake


def over(lake: Lake, spark: SparkSession, **options: str) -> LandedBronze:
    return LandedBronze.over(lake, spark, "xml", reader_rowTag="row", **options)


def document(*rows: str) -> str:
    return '<?xml version="1.0"?>\n<rows>\n' + "\n".join(rows) + "\n</rows>\n"


def test_every_kind_of_value(spark: SparkSession, lake: Lake) -> None:
    bronze = over(lake, spark)
    land(
        bronze.landing / "a.xml",
        document(
            "<row><id>1</id><d>2026-01-01</d><at>2026-01-01T10:00:00Z</at><b>true</b><x>1.50</x>"
            "<big>12345678901234567890</big><t> spaces  and &lt;tags&gt; </t><e/></row>",
            "<row><id> 2 </id><d/><x>1e10</x><t><![CDATA[<raw> & so]]></t><l>a</l><l>b</l></row>",
            '<row><id>3</id><o k="v"><p>1</p><p>2</p><q><r>z</r></q></o><m k="v">text</m></row>',
            "<row><id>4</id><m>plain</m><l>c</l></row>",
            '<row id="5"/>',
        ),
    )
    done = bronze.run()
    rows = {row["id"]: row for row in bronze.rows()}
    assert set(rows) == {1, 2, 3, 4, None}
    assert rows[None]["_id"] == 5
    one = rows[1]
    assert (one["d"], one["b"], one["x"]) == (datetime.date(2026, 1, 1), True, 1.5)
    assert one["at"].isoformat() == "2026-01-01T10:00:00+00:00"
    # No double has all of these digits.
    assert one["big"] == Decimal("12345678901234567890")
    assert (one["t"], rows[2]["t"]) == ("spaces  and <tags>", "<raw> & so")
    assert (rows[2]["d"], rows[2]["x"], rows[2]["l"], rows[4]["l"]) == (
        None, 1e10, ["a", "b"], ["c"],
    )  # fmt: skip
    assert rows[3]["o"] == {"_k": "v", "p": [1, 2], "q": {"r": "z"}}
    assert (rows[3]["m"], rows[4]["m"]) == (
        {"_VALUE": "text", "_k": "v"}, {"_VALUE": "plain", "_k": None},
    )  # fmt: skip
    assert (done.rows.read, done.rows.rescued, done.rows.corrupt) == (5, 0, 0)


def test_what_does_not_fit_is_rescued_and_the_rest_of_the_row_stays(
    spark: SparkSession, lake: Lake
) -> None:
    bronze = over(lake, spark, schemaHints="m decimal(8,2), at timestamp")
    land(
        bronze.landing / "a.xml",
        document(
            "<row><id>1</id><n>1</n><t>one</t><l>1</l><l>2</l><o><x>1</x><y>2</y></o>"
            "<m>1.25</m><at>2026-01-01T10:00:00Z</at></row>"
        ),
    )
    bronze.run()
    types = bronze.types()
    land(
        bronze.landing / "b.xml",
        document(
            "<row><id>2</id><n>lots</n><t>two</t></row>",
            # Spark would keep the last of these.
            "<row><id>3</id><n>3</n><t>a</t><t>b</t></row>",
            "<row><id>4</id><l>4</l><t/></row>",
            "<row><id>5</id><l>5</l><l>five</l></row>",
            "<row><id>6</id><o><x>bad</x><y>7</y></o></row>",
            "<row><id>7</id><o>text</o></row>",
            "<row><id>8</id><m>1.255</m><at>never</at></row>",
            '<row><id>9</id><t lang="en">nine</t><n unit="k">9</n></row>',
            "<row><id>10</id><t><b>bold</b> and <i>more</i></t></row>",
            "<row><id>11</id><o><x>1</x></o><o><x>2</x></o></row>",
        ),
    )
    done = bronze.run()
    assert bronze.types() == types
    rows = bronze.data()
    assert (rows[2]["n"], rows[2]["t"]) == (None, "two")
    assert (rows[3]["n"], rows[3]["t"]) == (3, None)
    assert (rows[4]["l"], rows[5]["l"], rows[6]["o"]) == ([4], [5, None], {"x": None, "y": 7})
    assert (rows[8]["m"], rows[8]["at"]) == (None, None)
    assert (rows[9]["t"], rows[9]["n"]) == ("nine", 9)
    rescued = bronze.rescued()
    assert rescued == {
        2: {"n": "lots"}, 3: {"t": ["a", "b"]}, 5: {"l": ["5", "five"]},
        6: {"o": {"x": "bad", "y": "7"}}, 7: {"o": "text"},
        8: {"m": "1.255", "at": "never"},
        9: {"t": {"_VALUE": "nine", "_lang": "en"}, "n": {"_VALUE": "9", "_unit": "k"}},
        10: rescued[10], 11: {"o": [{"x": "1"}, {"x": "2"}]},
    }  # fmt: skip
    assert all(word in str(rescued[10]["t"]) for word in ("bold", "and", "more"))
    assert (done.rows.read, done.rows.rescued, done.rows.corrupt) == (10, 9, 0)
    assert rows[1]["m"] == Decimal("1.25")


def test_a_row_that_does_not_parse_is_kept_and_the_rest_of_its_file_is_read(
    spark: SparkSession, lake: Lake
) -> None:
    bronze = over(lake, spark)
    malformed = "<row><id>2</id><n>2</m></row>"
    land(
        bronze.landing / "a.xml",
        document("<row><id>1</id></row>", malformed, "<row><id>3</id></row>"),
    )
    # No root is needed.
    land(bronze.landing / "b.xml", "<row><id>4</id></row>\n<row><id>5</id></row>\n")
    done = bronze.run()
    assert sorted(row["id"] for row in bronze.rows() if row["id"] is not None) == [1, 3, 4, 5]
    assert bronze.corrupt() == [malformed]
    assert (done.rows.read, done.rows.corrupt) == (5, 1)


def test_files_that_are_no_whole_xml_fail_alone(spark: SparkSession, lake: Lake) -> None:
    bronze = over(lake, spark)
    land(bronze.landing / "good.xml", document("<row><id>1</id></row>"))
    land(bronze.landing / "other.xml", "<rows><other/></rows>")
    land(bronze.landing / "blank.xml", "\n")
    whole = document(*(f"<row><id>{n}</id></row>" for n in range(100)))
    reasons: dict[str, tuple[str | bytes, str]] = {
        "text": ("this is text", "it is no XML"),
        "bytes": (bytes(range(256)), "it is no XML"),
        "within": (whole[: len(whole) // 2], "it ends within"),
        "between": (whole[: whole.rindex("</rows>")], "it ends before </rows>"),
        "not packed.xml.gz": (whole, "it can't be opened"),
    }
    for name, (content, _) in reasons.items():
        land(bronze.landing / name, content)
    done = bronze.run()
    assert set(bronze.data()) == {1}
    failed = {file.path: file.reason for file in files_of(done).failed}
    assert {
        name: failed[str(bronze.landing / name)][: len(said)] for name, (_, said) in reasons.items()
    } == {name: said for name, (_, said) in reasons.items()}
    assert files_of(done).taken_count == 3


def test_files_without_any_row_do_not_stop_the_stream(spark: SparkSession, lake: Lake) -> None:
    bronze = over(lake, spark)
    land(bronze.landing / "a.xml", "<rows/>")
    done = bronze.run()
    assert (done.batches, done.rows.written, files_of(done).taken_count) == (1, 0, 1)
    land(bronze.landing / "b.xml", document("<row><id>1</id></row>"))
    bronze.run()
    assert bronze.data() == {1: {"id": 1}}


@pytest.mark.parametrize("infer", ["true", "false"])
def test_elements_become_lists_and_fields_within_fields_columns(
    spark: SparkSession, lake: Lake, infer: str
) -> None:
    """What is new within an element is added; what was single stays so."""
    bronze = over(lake, spark, inferColumnTypes=infer)
    kind = int if infer == "true" else str
    land(
        bronze.landing / "a.xml",
        document("<row><id>1</id><o><x>1</x></o><l><y>1</y></l><l/></row>"),
    )
    bronze.run()
    land(
        bronze.landing / "b.xml",
        document("<row><id>2</id><o><x>2</x><new>n</new></o><l><y>2</y><z>z</z></l><w>w</w></row>"),
    )
    done = bronze.run()
    assert set(files_of(done).columns_added) == {"o.new", "l.element.z", "w"}
    assert bronze.data() == {
        kind(1): {
            "id": kind(1), "o": {"x": kind(1), "new": None}, "w": None,
            "l": [{"y": kind(1), "z": None}, {"y": None, "z": None}],
        },
        kind(2): {
            "id": kind(2), "o": {"x": kind(2), "new": "n"}, "w": "w",
            "l": [{"y": kind(2), "z": "z"}],
        },
    }  # fmt: skip
    assert bronze.rescued() == {}
