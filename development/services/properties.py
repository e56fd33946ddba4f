"""Java's properties files."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path


def write_properties(path: Path, settings: Mapping[str, object]) -> None:
    """Write settings; only the owner may read them, as a password may be among them."""
    # Every escape of a JSON string is one of properties files too.
    lines = [f"{key}={json.dumps(str(value))[1:-1]}\n" for key, value in settings.items()]
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.writelines(lines)
