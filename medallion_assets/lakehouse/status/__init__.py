"""What a lake tells of itself: without Spark, and without writing anything."""

from __future__ import annotations

from medallion_assets.lakehouse.status.look import look
from medallion_assets.lakehouse.status.table_status import Backlog, TableStatus, Unread

__all__ = ["Backlog", "TableStatus", "Unread", "look"]
