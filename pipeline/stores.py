"""Object stores: Beam's file systems with the options of the command line, the clients of S3 and GCS, and why these fail.

Beam's file systems cannot make an object only where none is, and take several requests for each one. So publishing uses the
stores' own clients. Beam makes them, so the options that reach the input reach the output too.
"""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Sequence
from typing import Any

from pipeline import logs

S3, GCS = "s3", "gs"

_given: list[list[str]] = []
_clients: dict[str, Any] = {}
_changing = threading.RLock()  # a runner elsewhere may work in several threads

_FAILURES = {
    "apache_beam.io.filesystem": ("BeamIOError",),
    "apache_beam.io.aws.clients.s3.messages": ("S3ClientError",),
    "botocore.exceptions": ("BotoCoreError", "ClientError"),
    "google.api_core.exceptions": ("GoogleAPIError",),
    "google.auth.exceptions": ("GoogleAuthError",),
}
_DENIED = "the store denies access. Give credentials that may list, read, write and delete there: docs/engines.md."
_BY_STATUS = {401: _DENIED, 403: _DENIED, 404: "there is no such bucket or object."}


def use(beam_arguments: Sequence[str]) -> None:
    """Use these options of Beam from now on. It imports nothing: few runs need a store."""
    _given[:] = [list(beam_arguments)]
    _clients.clear()


def file_systems() -> Any:
    """Beam's `FileSystems`. On a worker of a runner elsewhere, Beam has given it the job's options itself."""
    from apache_beam.io.filesystems import FileSystems

    with _changing:
        if _given:
            logs.quieten()
        if _given or FileSystems._pipeline_options is None:
            from apache_beam.options.pipeline_options import PipelineOptions

            FileSystems.set_options(PipelineOptions(_given.pop() if _given else []))
    return FileSystems


def scheme_of(path: str) -> str:
    """The scheme of a path on one of Beam's file systems; empty for a path of this machine."""
    return path.partition("://")[0] if "://" in path else ""


def missing_extra(path: str) -> str | None:
    """What to install for the scheme of this path, if Beam has no file system for it."""
    scheme = scheme_of(path)
    try:
        file_systems().get_filesystem(path)
        if scheme == S3:
            import boto3  # noqa: F401
    except (ValueError, ImportError):
        return f"Beam knows no file system {scheme}://. Install its extra, such as apache-beam[gcp] for gs://, [aws] for s3://."
    return None


def client(scheme: str) -> Any:
    """The client of S3 (boto3) or of GCS (google-cloud-storage), as Beam makes it from its options."""
    with _changing:
        if scheme not in _clients:
            system = file_systems().get_filesystem(f"{scheme}://")
            if scheme == S3:
                from apache_beam.io.aws.clients.s3.boto3_client import Client

                _clients[scheme] = Client(system._options).client
            else:
                _clients[scheme] = system._gcsIO().client
        return _clients[scheme]


def parts(path: str) -> tuple[str, str]:
    """The bucket and the object that a path on a store names; either may be empty."""
    bucket, _, name = path.partition("://")[2].partition("/")
    return bucket, name


def check(pattern: str) -> None:
    """Raise at once what a store has against listing; Beam would try again for minutes, and not say what it was."""
    scheme, (bucket, name) = scheme_of(pattern), parts(pattern)
    prefix = re.split(r"[*?\[{]", name)[0]
    if scheme == S3:
        client(scheme).list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1)
    elif scheme == GCS:
        next(iter(client(scheme).list_blobs(bucket, prefix=prefix, max_results=1)), None)


def is_failure(error: Exception) -> bool:
    """Whether it is an error of a file system of Beam, or of a client."""
    # What was not imported was not raised.
    loaded = ((sys.modules[module], names) for module, names in _FAILURES.items() if module in sys.modules)
    return isinstance(error, (OSError, *(getattr(module, name) for module, names in loaded for name in names)))


def described(error: Exception) -> str:
    """Why a store failed and what to do, without the words of its client, which may hold a credential."""
    details = getattr(error, "exception_details", None)
    if isinstance(details, dict) and details:  # Beam's error around those of the client
        error = next(iter(details.values()))
    kind, response = type(error).__name__, getattr(error, "response", None)
    if "Credentials" in kind:
        return "no credentials were found. Give them as the store's own tools take them: docs/engines.md."
    if "Connect" in kind or "Timeout" in kind:
        return "the store cannot be reached. Check the network and the endpoint."
    status = response["ResponseMetadata"]["HTTPStatusCode"] if isinstance(response, dict) else getattr(error, "code", None)
    return _BY_STATUS.get(status if isinstance(status, int) else 0, f"the storage failed ({kind}).")
