"""Files in an S3 bucket: listing and opening them. Reading their rows is Spark's work (S3A)."""

from __future__ import annotations

from medallion_assets.lakehouse.autoloader.object_store.connection import connect, is_object
from medallion_assets.lakehouse.autoloader.object_store.incremental import IncrementalListing
from medallion_assets.lakehouse.autoloader.object_store.object_directory import ObjectDirectory
from medallion_assets.lakehouse.autoloader.object_store.object_listing import ObjectListing

__all__ = ["IncrementalListing", "ObjectDirectory", "ObjectListing", "connect", "is_object"]
