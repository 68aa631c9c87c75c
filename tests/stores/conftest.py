"""Fixtures of the store tests: servers that are up for all of them, and a folder of a bucket for each."""

from __future__ import annotations

import itertools
from importlib.util import find_spec

import pytest

if find_spec("moto") is None:  # `make test-stores` installs it
    collect_ignore_glob = ["*.py"]

_folders = itertools.count(1)


@pytest.fixture(scope="session")
def s3_counting():
    """The store, and the application that answers its requests."""
    from tests.stores.servers import s3_server

    with s3_server() as both:
        yield both


@pytest.fixture(scope="session")
def s3(s3_counting):
    return s3_counting[0]


@pytest.fixture(scope="session")
def gcs(tmp_path_factory):
    from apache_beam.internal.gcp import auth

    from tests.stores.servers import gcs_server

    with pytest.MonkeyPatch.context() as patched, gcs_server(tmp_path_factory.mktemp("gcs") / "log") as store:
        # Beam would look for credentials at the cloud's own addresses; the server here wants none.
        patched.setattr(auth._Credentials, "_credentials_init", True)
        yield store


@pytest.fixture(params=["s3", "gcs"])
def store(request):
    """Each store in turn."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def folder():
    """A name that no other test uses."""
    return f"test{next(_folders)}"
