"""Write any number of batches: `python -m medallion_assets.shop.generator --help`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from medallion_assets.shop.generator.shop_generator import ShopGenerator


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the batches the command line asks for, and say so batch by batch.

    Args:
        arguments: the command line without the program's name; by default the process's own.
    """
    defaults = ShopGenerator()
    parser = argparse.ArgumentParser(
        prog="python -m medallion_assets.shop.generator",
        description="Write batches of the sample shop's feeds, the same ones for the same seed.",
    )
    parser.add_argument("--batches", type=int, default=1, help="how many (default: 1)")
    parser.add_argument("--first", type=int, default=1, help="number of the first (default: 1)")
    parser.add_argument("--orders-per-batch", type=int, default=defaults.orders_per_batch)
    parser.add_argument("--files-per-feed", type=int, default=defaults.files_per_feed)
    parser.add_argument("--seed", type=int, default=defaults.seed)
    parser.add_argument("--output", type=Path, required=True, help="the directory to write into")
    parser.add_argument(
        "--directory-per-batch",
        action="store_true",
        help="write every batch into a directory batch-NNNN of its own, as in the sample",
    )
    options = parser.parse_args(arguments)
    try:
        generator = ShopGenerator(
            seed=options.seed,
            orders_per_batch=options.orders_per_batch,
            files_per_feed=options.files_per_feed,
        )
        for number in range(options.first, options.first + options.batches):
            below = f"batch-{number:04d}" if options.directory_per_batch else ""
            files = generator.batch(number).write(options.output / below)
            print(f"batch {number}: {len(files)} files", flush=True)
    except ValueError as error:
        parser.error(str(error))
    return 0


if __name__ == "__main__":
    sys.exit(main())
