from __future__ import annotations

import gzip
import random
from pathlib import Path

import pytest

from medallion_assets.lakehouse.autoloader.decode.xml_ends import what_is_missing

ROWS = "".join(f'<row a="x>y"><id>{number}</id></row>\n' for number in range(5000))
DOCUMENT = f'<?xml version="1.0"?>\n<!-- <row> --><rows x="1">\n{ROWS}</rows>\n<!-- <row> end -->\n'

WHOLE = {
    "document": DOCUMENT,
    "fragment": "<row><id>1</id></row>\n<row/>",
    "nothing": "",
    "blank": "\n \n",
    "byte order mark": "\ufeff<rows><row/></rows>",
    "no rows": "<rows/>",
    "no rows, two tags": "<rows></rows>",
    "only one empty row": "<row/>",
    "attributes": "<rows><row a='/>' b=\"</row>\"/></rows>",
    "row within row": "<rows><row><row/></row></rows>",
    "a longer name": "<rows><rower>1</rower></rows>",
    "data that looks like rows": "<rows><row><![CDATA[</row><row>]]></row></rows>",
    "a long row": f"<rows><row>{'x' * 2_000_000}</row></rows>",
}
BROKEN = {
    "text": ("this is text", "does not begin with an element"),
    "open row": ("<rows><row a='1'><id>1", "ends within a <row>"),
    "half a start": ("<rows><row a='1' ", "ends within a <row>"),
    "half a name": ("<row/><ro", "ends within a tag"),
    "half an end": ("<rows><row><id>1</id></ro", "ends within a <row>"),
    "half a comment": ("<rows><row/></rows><!-- and", "ends within a tag"),
    "open root": ("<rows><row/><row/>\n", "ends before </rows>"),
    "a long open row": (f"<rows><row>{'x' * 2_000_000}", "ends within a <row>"),
}


def landed(path: Path, text: str, encoding: str, *, packed: bool) -> str:
    content = text.encode(encoding)
    target = path / f"file.xml{'.gz' if packed else ''}"
    target.write_bytes(gzip.compress(content) if packed else content)
    return str(target)


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "packed"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"])
def test_a_whole_file_misses_nothing(tmp_path: Path, encoding: str, packed: bool) -> None:
    said = {
        name: what_is_missing(landed(tmp_path, text, encoding, packed=packed), "row", encoding)
        for name, text in WHOLE.items()
    }
    assert said == dict.fromkeys(WHOLE)


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "packed"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"])
def test_a_broken_file_says_how(tmp_path: Path, encoding: str, packed: bool) -> None:
    for text, reason in BROKEN.values():
        said = what_is_missing(landed(tmp_path, text, encoding, packed=packed), "row", encoding)
        assert reason in str(said), text[:40]


def test_wherever_a_document_is_cut_it_is_noticed(tmp_path: Path) -> None:
    dice = random.Random(1)
    last_of_root = DOCUMENT.index("</rows>") + len("</rows")
    for length in [1, 30, 60, *dice.sample(range(61, last_of_root), 100), last_of_root - 1]:
        path = landed(tmp_path, DOCUMENT[:length], "utf-8", packed=False)
        assert what_is_missing(path, "row", "utf-8") is not None, DOCUMENT[:length][-60:]
