from __future__ import annotations

from pathlib import Path

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from benchmarks.delta_commits import commits_since, rewritten_bytes


def _add(path: str, size: int, **more: object) -> dict[str, object]:
    return {"add": {"path": path, "size": size, "dataChange": True, **more}}


def _remove(path: str, size: int) -> dict[str, object]:
    return {"remove": {"path": path, "size": size, "dataChange": True}}


def test_an_append_rewrites_nothing() -> None:
    assert rewritten_bytes([[{"commitInfo": {}}, _add("a", 10)], [_add("b", 20)]]) == 0


def test_a_file_that_was_replaced_counts_with_its_size() -> None:
    assert rewritten_bytes([[_remove("a", 10), _add("b", 25)], [_remove("b", 25)]]) == 35


def test_a_file_that_got_a_deletion_vector_counts_with_the_vector_only() -> None:
    vector = {"deletionVector": {"sizeInBytes": 34}}
    commit = [_remove("a", 1_000), _add("a", 1_000, **vector), _add("b", 20)]
    assert rewritten_bytes([commit]) == 34


def test_the_commits_of_a_real_table_since_a_copy(tmp_path: Path) -> None:
    table, copy = tmp_path / "table", tmp_path / "copy"
    write_deltalake(table, pa.table({"id": [1, 2]}))
    write_deltalake(copy, pa.table({"id": [1, 2]}))
    size = DeltaTable(table).get_add_actions().column("size_bytes").to_pylist()
    write_deltalake(table, pa.table({"id": [3]}), mode="append")
    write_deltalake(table, pa.table({"id": [4]}), mode="overwrite")
    assert len(commits_since(table, copy)) == 2
    assert rewritten_bytes(commits_since(table, copy)[:1]) == 0
    assert rewritten_bytes(commits_since(table, copy)) > sum(map(int, size))
    assert len(commits_since(table, tmp_path / "absent")) == 3
