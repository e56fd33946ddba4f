"""Discovery: which files are in a landing directory, and which of them are new.

A listing gives names, chunk by chunk; those the ledger knows are dropped; what is left is looked at
(size, time, whether it can be read), given time to settle and cut into micro-batches. What is held
at a time is one chunk, and the names that are known, as one column.
"""

from __future__ import annotations

from medallion_assets.lakehouse.autoloader.discovery.directory_listing import DirectoryListing
from medallion_assets.lakehouse.autoloader.discovery.known_files import KnownFiles
from medallion_assets.lakehouse.autoloader.discovery.landed_file import LandedFile
from medallion_assets.lakehouse.autoloader.discovery.looking import Looked, look_through
from medallion_assets.lakehouse.autoloader.discovery.micro_batches import cut, oldest_first
from medallion_assets.lakehouse.autoloader.discovery.selection import Selection
from medallion_assets.lakehouse.autoloader.discovery.settling import Settling

__all__ = [
    "DirectoryListing",
    "KnownFiles",
    "LandedFile",
    "Looked",
    "Selection",
    "Settling",
    "cut",
    "look_through",
    "oldest_first",
]
