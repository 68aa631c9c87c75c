"""Object stores on this machine: a server of S3 (moto) in this process, and one of GCS (fake-gcs-server) beside it.

Each says what was asked of it, so that requests can be counted where they arrive.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest
from google.cloud import storage
from google.cloud.storage import batch
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.engines.servers import free_port

BUILT = Path(__file__).parents[2] / "build" / "stores" / "fake-gcs-server"
BUCKET = "bucket"
KEY, SECRET = "AKIAEXAMPLE", "canary-of-a-secret-key"


class Store:
    """A server with one bucket; `root` is the bucket, `options` are those of `run` that lead there."""

    def __init__(self, root: str, options: list[str], requests: Callable[[], list[str]]) -> None:
        self.root = root
        self.options = options
        self.requests = requests
        """All requests so far, each as a method and a path."""


class _Silent(WSGIRequestHandler):
    def log(self, *_: object) -> None:
        pass


class Counting:
    """A WSGI application in front of another one: it notes each request, and answers those that `fails` picks with an error."""

    def __init__(self, application: Callable[..., object]) -> None:
        self._application = application
        self.requests: list[str] = []
        self.fails: Callable[[str], int | None] = lambda _: None
        self._one_by_one = threading.Lock()  # moto looks for the object and makes it in two steps; S3 does it in one

    def __call__(self, environ: dict[str, str], start_response: Callable[..., object]) -> object:
        request = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
        self.requests.append(request)
        status = self.fails(request)
        if status is None:
            with self._one_by_one:
                return self._application(environ, start_response)
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        start_response(f"{status} No", [("Content-Type", "application/xml")])
        # S3 repeats the key, and what was signed. No store knows the secret; if one repeated it, it would not be told either.
        said = f"<Code>AccessDenied</Code><Message>{SECRET}</Message><AWSAccessKeyId>{KEY}</AWSAccessKeyId>"
        return [f"<Error>{said}</Error>".encode()]


@contextlib.contextmanager
def s3_server() -> Iterator[tuple[Store, Counting]]:
    application = Counting(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=_Silent)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    options = ["--s3_endpoint_url", url, "--s3_access_key_id", KEY, "--s3_secret_access_key", SECRET]
    names = {"endpoint_url": url, "aws_access_key_id": KEY, "aws_secret_access_key": SECRET}
    boto3.client("s3", region_name="us-east-1", **names).create_bucket(Bucket=BUCKET)
    yield Store(f"s3://{BUCKET}", [*options, "--s3_region_name", "us-east-1"], lambda: [*application.requests]), application
    server.shutdown()
    thread.join()
    server.server_close()


class NumberedPart(batch.MIMEApplicationHTTP):
    """A request of a batch. GCS answers them in their order; fake-gcs-server leaves out those without a number."""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)
        self["Content-ID"] = f"<{id(self)}>"


@contextlib.contextmanager
def gcs_server(log: Path) -> Iterator[Store]:
    """The client is told of it by STORAGE_EMULATOR_HOST."""
    program = shutil.which("fake-gcs-server") or (str(BUILT) if BUILT.exists() else None)
    if program is None:
        pytest.skip("fake-gcs-server was not found; `make test-stores` builds it with Go")
    address = f"127.0.0.1:{free_port()}"
    command = [program, "-scheme", "http", "-host", "127.0.0.1", "-port", address.rpartition(":")[2], "-backend", "memory"]
    with log.open("wb") as output, subprocess.Popen([*command, "-public-host", address], stdout=output, stderr=output) as process:
        with pytest.MonkeyPatch.context() as patched:
            patched.setenv("STORAGE_EMULATOR_HOST", f"http://{address}")
            patched.setattr(batch, "MIMEApplicationHTTP", NumberedPart)
            _make_bucket()
            yield Store(f"gs://{BUCKET}", [], lambda: _logged(log))
        process.terminate()


def _logged(log: Path) -> list[str]:
    """The requests in the server's log. It writes one down after it has answered: so wait until no more come."""
    text, before = log.read_text(), None
    while text != before:
        time.sleep(0.2)
        text, before = log.read_text(), text
    return re.findall(r"(?:GET|PUT|POST|DELETE|PATCH) /[^ ]*", text)


def _make_bucket() -> None:
    for _ in range(50):
        with contextlib.suppress(OSError):
            storage.Client(project="p").create_bucket(BUCKET, retry=None)
            return
        time.sleep(0.2)
    raise AssertionError("the server did not start")
