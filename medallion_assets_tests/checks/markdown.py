"""What a Markdown document names: links, headings, code."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

FENCE = re.compile(r"^\s*(`{3,}|~{3,})\s*([\w-]*)")
CODE_SPAN = re.compile(r"`+([^`\n]+)`+")
HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$")
INLINE_LINK = re.compile(r"!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?[^)]*\)")
REFERENCE_LINK = re.compile(r"^\s*\[[^\]]+\]:\s*<?(\S+?)>?(?:\s|$)")
HTML_LINK = re.compile(r"<[^>]*\b(?:src|href)=[\"']([^\"']+)[\"']")


@dataclass(frozen=True)
class MarkdownDocument:
    """One Markdown file, split into prose and code."""

    path: Path
    text: str

    @classmethod
    def read(cls, path: Path) -> MarkdownDocument:
        """Read a document from its file."""
        return cls(path, path.read_text(encoding="utf-8"))

    @cached_property
    def _parts(self) -> tuple[list[str], list[str]]:
        prose: list[str] = []
        code: list[str] = []
        fence = ""
        for line in self.text.splitlines():
            marker = FENCE.match(line)
            if fence:
                if marker and marker.group(1).startswith(fence) and not marker.group(2):
                    fence = ""
                else:
                    code.append(line)
            elif marker:
                fence = marker.group(1)
            else:
                prose.append(line)
        return prose, code

    @property
    def prose(self) -> list[str]:
        """The lines outside fenced code."""
        return self._parts[0]

    @property
    def code(self) -> list[str]:
        """The lines of fenced code, and each code span of the prose."""
        spans = [span.strip() for line in self.prose for span in CODE_SPAN.findall(line)]
        return [*self._parts[1], *spans]

    @property
    def code_spans(self) -> list[str]:
        """What stands in single backticks."""
        return [span.strip() for line in self.prose for span in CODE_SPAN.findall(line)]

    @property
    def links(self) -> list[str]:
        """The targets of links and images."""
        targets: list[str] = []
        for line in self.prose:
            text = CODE_SPAN.sub("", line)
            for pattern in (INLINE_LINK, REFERENCE_LINK, HTML_LINK):
                targets.extend(pattern.findall(text))
        return targets

    @property
    def anchors(self) -> set[str]:
        """The anchors that a link to this document may name: its headings as GitHub writes them."""
        anchors: set[str] = set()
        for line in self.prose:
            heading = HEADING.match(line)
            if heading is None:
                continue
            plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading.group(1)).lower()
            slug = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
            number = 0
            unique = slug
            while unique in anchors:
                number += 1
                unique = f"{slug}-{number}"
            anchors.add(unique)
        return anchors
