"""A bucket on an S3 server of this process, and what is in it."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import obstore
import pytest
from moto.server import ThreadedMotoServer
from obstore.store import S3Store

from medallion_assets.lakehouse.autoloader.object_store import ObjectDirectory

_NUMBERS = itertools.count()
KEYS = {"AWS_ACCESS_KEY_ID": "reader", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1"}


@contextmanager
def served() -> Iterator[str]:
    """The address of a server that runs meanwhile."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@dataclass(frozen=True)
class Bucket:
    """A bucket."""

    name: str
    store: S3Store
    endpoint: str

    @classmethod
    def make(cls, endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Bucket:
        """A new one, with the environment set so that it is found."""
        for variable, value in {**KEYS, "AWS_ENDPOINT": endpoint}.items():
            monkeypatch.setenv(variable, value)
        name = f"landing-{next(_NUMBERS)}"
        make_bucket(endpoint, name)
        return cls(name, S3Store(name, client_options={"allow_http": True}), endpoint)

    def put(self, *keys: str, content: bytes = b"{}\n") -> None:
        """Land objects."""
        for key in keys:
            obstore.put(self.store, key, content)

    def at(self, prefix: str = "") -> ObjectDirectory:
        """A place in the bucket."""
        return ObjectDirectory(f"s3://{self.name}/{prefix}".rstrip("/"))

    def uri(self, key: str) -> str:
        """Of an object."""
        return f"s3://{self.name}/{key}"


def make_bucket(endpoint: str, name: str) -> None:
    """Make a bucket."""
    client(endpoint).create_bucket(Bucket=name)


def client(endpoint: str):  # type: ignore[no-untyped-def]
    """Amazon's own client, for what the library under test does not do."""
    import boto3

    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name=KEYS["AWS_REGION"],
        aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
    )
