"""Landing batches one after the other: the committed sample first, then newly generated ones."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from medallion_assets.shop.generator.files import write_atomically
from medallion_assets.shop.generator.shop_generator import ShopGenerator

# Holds the number of the last batch landed, so that a landing directory whose files were cleaned
# up does not start again. Hidden, and beside the feeds' directories: no source reads it.
LANDED = ".landed"


def land_first(
    sample: Path, landing: Path, *, generator: ShopGenerator | None = None
) -> list[Path]:
    """Land batch 1, unless anything was landed before.

    Args:
        sample: the committed sample, with a directory `batch-0001` and so on.
        landing: the landing directory; it is made where it is missing.
        generator: what makes the batches the sample lacks; by default the sample's own generator.

    Returns:
        The files landed; none when a batch was landed before, even if its files are gone.

    Raises:
        FileNotFoundError: when the sample directory does not exist.
        ValueError: when the record of what was landed is damaged.
    """
    generator = generator or ShopGenerator()
    first = _contents(sample, 1, generator)
    if _last_landed(landing) > 0 or _is_landed(landing, first):
        return []
    return _land(landing, 1, first)


def land_next(sample: Path, landing: Path, *, generator: ShopGenerator | None = None) -> list[Path]:
    """Land the next batch: the first one that is neither recorded as landed nor there in full.

    A batch that was only partly landed, because the process was ended, is completed; the files
    that are there already stay untouched.

    Args:
        sample: the committed sample, with a directory `batch-0001` and so on.
        landing: the landing directory; it is made where it is missing.
        generator: what makes the batches after the sample's; by default the sample's own generator.

    Returns:
        The files landed, at least one.

    Raises:
        FileNotFoundError: when the sample directory does not exist.
        ValueError: when the record of what was landed is damaged.
    """
    generator = generator or ShopGenerator()
    number = _last_landed(landing) + 1
    contents = _contents(sample, number, generator)
    while _is_landed(landing, contents):
        number += 1
        contents = _contents(sample, number, generator)
    return _land(landing, number, contents)


def _contents(sample: Path, number: int, generator: ShopGenerator) -> Mapping[PurePosixPath, bytes]:
    if not sample.is_dir():
        raise FileNotFoundError(
            f"The sample directory {sample} does not exist: name the one that has batch-0001, or "
            "make it with `python -m medallion_assets.shop.generator --directory-per-batch`"
        )
    directory = sample / f"batch-{number:04d}"
    if not directory.is_dir():
        return generator.batch(number).contents()
    return {
        PurePosixPath(path.relative_to(directory).as_posix()): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }


def _is_landed(landing: Path, contents: Mapping[PurePosixPath, bytes]) -> bool:
    return all((landing / path).exists() for path in contents)


def _land(landing: Path, number: int, contents: Mapping[PurePosixPath, bytes]) -> list[Path]:
    missing = {path: data for path, data in contents.items() if not (landing / path).exists()}
    landed = [write_atomically(landing / path, data) for path, data in missing.items()]
    write_atomically(landing / LANDED, f"{number}\n".encode())
    return landed


def _last_landed(landing: Path) -> int:
    marker = landing / LANDED
    if not marker.exists():
        return 0
    text = marker.read_text().strip()
    if not text.isdecimal():
        raise ValueError(
            f"{marker} must hold the number of the last batch landed, and holds {text!r}: "
            "write that number into it, or delete it to go by the files that are there"
        )
    return int(text)
