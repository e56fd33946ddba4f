"""Code blocks of the documentation, as they are printed."""

from __future__ import annotations

import re
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
_BLOCK = re.compile(r"^```(?P<language>\w+)\n(?P<code>.*?)^```$", re.M | re.S)


def blocks(page: str, language: str) -> list[str]:
    """The page's code blocks in a language, in order."""
    text = (PROJECT / page).read_text()
    return [found["code"] for found in _BLOCK.finditer(text) if found["language"] == language]
