from __future__ import annotations

from collections.abc import Iterator

import pytest

from medallion_assets_tests.lakehouse.autoloader.object_store.bucket import Bucket, served


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    """A real S3 server on loopback."""
    with served() as address:
        yield address


@pytest.fixture
def bucket(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """A bucket of its own, which the process is configured to reach."""
    return Bucket.make(endpoint, monkeypatch)
