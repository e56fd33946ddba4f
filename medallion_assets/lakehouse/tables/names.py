"""What a table or landing directory can be called."""

from __future__ import annotations

import re

from medallion_assets.lakehouse.errors import DeclarationError

_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")


def check_name(what: str, name: str) -> None:
    """Refuse a name that can't be a directory and part of an asset key.

    Raises:
        DeclarationError: it can't.
    """
    if not _NAME.match(name):
        raise DeclarationError(
            f"{what} {name!r}: a name is lower-case letters, digits and underscores and starts "
            "with a letter, because it is also a directory and part of an asset key."
        )
