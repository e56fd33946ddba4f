"""The generator makes the same bytes for the same seed, and the command line writes them."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medallion_assets.shop.generator import Batch, ShopGenerator
from medallion_assets.shop.generator import customers as customers_feed
from medallion_assets.shop.generator.__main__ import main
from medallion_assets.shop.generator.records import CustomerRow, OrderRow
from medallion_assets_tests.shop.sample import (
    SAMPLE,
    SAMPLE_BATCHES,
    avro_rows,
    contents,
    files_below,
    sample_batches,
    seeds,
    sizes,
)


@pytest.fixture(scope="module")
def batches() -> list[Batch]:
    return sample_batches()


def test_the_committed_sample_is_what_the_generator_makes(
    batches: list[Batch], tmp_path: Path
) -> None:
    assert sorted(path.name for path in SAMPLE.iterdir()) == [
        f"batch-{number:04d}" for number in SAMPLE_BATCHES
    ]
    for batch in batches:
        batch.write(tmp_path / f"batch-{batch.number:04d}")
    committed, made = files_below(SAMPLE), files_below(tmp_path)
    assert committed.keys() == made.keys()
    assert sum(map(len, committed.values())) < 600_000
    different = {name for name in made if made[name] != committed[name]}
    # Another pyarrow writes another Parquet file, and another zlib packs Avro blocks otherwise:
    # then, and only then, the rows decide.
    for name in different:
        if name.endswith(".parquet"):
            ours, theirs = pq.ParquetFile(tmp_path / name), pq.ParquetFile(SAMPLE / name)
            assert ours.metadata.created_by != theirs.metadata.created_by, name
            assert ours.read().equals(theirs.read()), name
        else:
            assert name.endswith(".avro"), f"{name} differs from the committed sample"
            assert avro_rows(tmp_path / name) == avro_rows(SAMPLE / name), name


@pytest.mark.process
def test_a_batch_made_alone_by_another_process_has_the_same_bytes(
    batches: list[Batch], tmp_path: Path
) -> None:
    arguments = ["--first", "3", "--batches", "1", "--output"]
    for hash_seed in ("1", "2"):
        output = tmp_path / hash_seed
        subprocess.run(
            [sys.executable, "-m", "medallion_assets.shop.generator", *arguments, str(output)],
            check=True,
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            cwd=SAMPLE.parents[1],
            capture_output=True,
        )
        assert files_below(output) == contents(batches[2])


@settings(max_examples=15, deadline=None)
@given(seed=seeds, size=sizes, number=st.integers(min_value=1, max_value=400))
def test_no_life_is_longer_than_the_look_back(seed: int, size: int, number: int) -> None:
    generator = ShopGenerator(seed=seed, orders_per_batch=size)
    batch = generator.batch(number)
    assert batch == ShopGenerator(seed=seed, orders_per_batch=size).batch(number)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("medallion_assets.shop.generator.plan.LOOK_BACK", 20)
        customers_feed._log.cache_clear()
        assert generator.batch(number) == batch
    customers_feed._log.cache_clear()


@settings(max_examples=15, deadline=None)
@given(seed=seeds, size=sizes)
def test_the_customers_log_is_a_real_history(seed: int, size: int) -> None:
    generator = ShopGenerator(seed=seed, orders_per_batch=size)
    # What was committed in the first four days has arrived long before batch 14.
    log = sorted(
        (
            change
            for number in range(1, 15)
            for change in generator.batch(number).customers
            if generator.batch_of(change.committed_at) <= 4
        ),
        key=lambda change: change.lsn,
    )
    rows: dict[int, CustomerRow | None] = {}
    for change, later in pairwise(log):
        assert change.lsn < later.lsn
        assert change.committed_at <= later.committed_at
    for change in log:
        assert change.before == rows.get(change.customer_id)
        assert change.before != change.after
        rows[change.customer_id] = change.after


def test_another_seed_gives_another_shop(batches: list[Batch]) -> None:
    other = contents(ShopGenerator(seed=7).batch(1))
    assert not set(other.values()) & set(contents(batches[0]).values())


@pytest.mark.parametrize("arguments", [{"orders_per_batch": 0}, {"files_per_feed": 0}])
def test_sizes_below_one_are_refused(arguments: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="give 1 or more"):
        ShopGenerator(**arguments)  # type: ignore[arg-type]  # one of the integers
    with pytest.raises(ValueError, match="no batch 0"):
        ShopGenerator().batch(0)


def test_the_command_line_writes_a_landing_directory(tmp_path: Path) -> None:
    arguments = ["--batches", "2", "--orders-per-batch", "5", "--output", str(tmp_path)]
    assert main([*arguments, "--files-per-feed", "1", "--seed", "3"]) == 0
    generator = ShopGenerator(seed=3, orders_per_batch=5, files_per_feed=1)
    assert files_below(tmp_path) == contents(generator.batch(1)) | contents(generator.batch(2))


@settings(max_examples=15, deadline=None)
@given(seed=seeds, size=sizes)
def test_the_sequence_of_an_order_is_total(seed: int, size: int) -> None:
    generator = ShopGenerator(seed=seed, orders_per_batch=size)
    rows: dict[tuple[object, object], object] = {}
    for number in range(1, 12):
        for entry in generator.batch(number).orders:
            if isinstance(entry, OrderRow) and entry.order_id is not None:
                assert rows.setdefault((entry.order_id, entry.updated_at), entry) == entry
