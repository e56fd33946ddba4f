"""Which store a URI is in, and how it is reached: the way Spark reaches it.

Endpoint and keys are taken from Spark's settings (`spark.hadoop.fs.s3a.*`); what they leave open
comes from the environment (`AWS_ACCESS_KEY_ID`, ...) or from the machine's role.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from medallion_assets.lakehouse.errors import OptionError

if TYPE_CHECKING:
    from obstore.store import S3Store
    from pyspark.sql import SparkSession

_SCHEMES = ("s3://", "s3a://")
_PREFIX = "spark.hadoop.fs.s3a."
_SETTINGS = {
    "access.key": "access_key_id",
    "secret.key": "secret_access_key",
    "session.token": "session_token",
    "endpoint": "endpoint",
    "endpoint.region": "region",
}
"""Hadoop's names of what is needed to list, and the store's own."""

_STORES: dict[str, S3Store] = {}
# One connection a bucket and process, as in Hadoop: a path alone has to say where it is.


def is_object(path: str) -> bool:
    """Whether a path is the URI of an object."""
    return path.startswith(_SCHEMES)


def connect(uri: str, spark: SparkSession) -> None:
    """Reach the bucket of a URI the way the session does.

    Raises:
        OptionError: the package that lists is not installed.
    """
    settings = {}
    for name in (*_SETTINGS, "path.style.access", "connection.ssl.enabled"):
        value = spark.conf.get(f"{_PREFIX}{name}", None)
        if value is not None:
            settings[name] = value
    _STORES[_bucket(uri)] = _open(uri, settings)


def store_of(uri: str) -> tuple[S3Store, str]:
    """The store of an object, and its key there."""
    bucket = _bucket(uri)
    if bucket not in _STORES:
        _STORES[bucket] = _open(uri, {})
    return _STORES[bucket], uri[len(bucket) :].strip("/")


def _bucket(uri: str) -> str:
    scheme, _, rest = uri.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"


def _open(uri: str, settings: Mapping[str, str]) -> S3Store:
    try:
        from obstore.store import S3Store
    except ImportError:
        raise OptionError(
            f"{uri} is in an object store, and the package that lists it is not installed: "
            "pip install 'medallion_assets[s3]'"
        ) from None
    config: dict[str, Any] = {
        own: settings[name] for name, own in _SETTINGS.items() if name in settings
    }
    endpoint = config.get("endpoint")
    if endpoint is not None and "://" not in endpoint:
        secure = settings.get("connection.ssl.enabled", "true").lower() == "true"
        config["endpoint"] = f"{'https' if secure else 'http'}://{endpoint}"
    if settings.get("path.style.access", "").lower() == "true":
        config["virtual_hosted_style_request"] = False
    # An endpoint without encryption is one's own choice: it is spelled out.
    return S3Store(_bucket(uri).partition("://")[2], client_options={"allow_http": True}, **config)
