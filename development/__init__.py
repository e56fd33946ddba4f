"""What sets the project up on a machine."""

from __future__ import annotations
