"""Whole runs against object stores: input, publishing, replacing, noise, checking, and everything that can be refused."""

from __future__ import annotations

import builtins
import gzip
import json
import re
import socket
import traceback
from collections import Counter
from types import SimpleNamespace

import pytest
import requests

from pipeline import stores
from pipeline.__main__ import main
from pipeline.dataset import ledger
from pipeline.dataset.dataset import DataSet
from pipeline.dataset.storage import open_storage
from pipeline.errors import JobError
from tests.catalogues import REPORTS
from tests.end_to_end.test_choice import small  # noqa: F401
from tests.logs import crowd
from tests.stores.servers import KEY, SECRET

pytestmark = [pytest.mark.long, pytest.mark.filterwarnings("ignore")]

DAY, NEXT, SITE = "2026-03-03", "2026-03-04", "www.example.org"
FIRST, SECOND = 40, 70
GUARD = "0_read_one_report_at_a_time"
MOST = {"s3": 2 * len(REPORTS) + 30, "gs": 2 * len(REPORTS) + 45}
"""Requests of a run that publishes a day: each table is written once and copied once. Beam takes more on GCS to read a log."""


@pytest.fixture
def place(store, folder):
    """A folder of a bucket with two logs, of which the second has more addresses."""
    stores.use(store.options)
    storage = open_storage(f"{store.root}/{folder}")
    storage.write("logs/a.log", crowd(FIRST // 2))
    storage.write("logs/b.gz", gzip.compress(crowd(FIRST // 2, first=500)))
    storage.write("logs/later/c.log", crowd(SECOND))
    storage.write("logs/next.log", crowd(FIRST, time="04/Mar/2026:10:00:00 +0000"))
    return f"{store.root}/{folder}"


def run(store, place, *more, log="logs/[ab].*", command="run"):
    words = [command, "--input", f"{place}/{log}", "--output", f"{place}/out", "--site", SITE, *store.options]
    return main([*words, *(["--workers", "0"] if command == "run" else []), *more])


def hits(place):
    return DataSet(f"{place}/out").read("daily").column("hits").to_pylist()


def objects(place):
    return set(open_storage(f"{place}/out").list(""))


def at_the(monkeypatch, place, count, happens):
    """Let something happen when so many of a day's files are in their places."""
    kind = type(open_storage(place))
    copy, copied = kind.copy, []

    def then(self, source, target):
        copy(self, source, target)
        copied.append(target)
        if len(copied) == count:
            happens()

    monkeypatch.setattr(kind, "copy", then)


def test_a_day_is_published_as_on_a_local_disk_in_tens_of_requests(store, place, tmp_path, capsys):
    assert run(store, place, command="plan") == 0
    before = len(store.requests())
    assert run(store, place) == 0
    used = store.requests()[before:]
    assert f"{FIRST} counted" in capsys.readouterr().out
    assert len(used) <= MOST[stores.scheme_of(place)], Counter(used).most_common(8)
    expected = {f"{name}/{DAY}.parquet" for name in (GUARD, *REPORTS.names())} | {f"_manifest/{DAY}.json"}
    assert objects(place) == expected
    for name in ("a.log", "b.gz"):
        (tmp_path / name).write_bytes(open_storage(place).read(f"logs/{name}"))
    local = ["--input", f"{tmp_path}/[ab].*", "--output", str(tmp_path / "out"), "--site", SITE, "--workers", "0"]
    assert main(["run", *local]) == 0
    stores.use(store.options)
    for path in expected - {f"_manifest/{DAY}.json"}:
        assert open_storage(f"{place}/out").read(path) == (tmp_path / "out" / path).read_bytes()


def test_what_is_published_is_checked_told_and_not_published_again(store, place, capsys):
    assert run(store, place) == 0
    before = len(store.requests())
    assert run(store, place, log="logs/next.log") == 0  # another day: each one before costs one request
    assert len(store.requests()) - before <= MOST[stores.scheme_of(place)] + 1
    capsys.readouterr()
    assert main(["verify", f"{place}/out", *store.options]) == 0
    assert f"{2 * len(REPORTS)} files, " in capsys.readouterr().out
    assert main(["explain", f"{place}/out", *store.options]) == 0
    assert "at least 10 addresses" in capsys.readouterr().out
    assert main(["formats", f"{place}/logs/a.log", *store.options]) == 0
    assert "combined" in capsys.readouterr().out
    assert run(store, place, "--date", DAY) == 4
    open_storage(f"{place}/out").write("daily/jane", b"x")
    assert main(["verify", f"{place}/out", *store.options]) == 5
    assert "daily: 1 file that this program did not make" in capsys.readouterr().out


@pytest.mark.parametrize("count", [1, len(REPORTS)])
def test_a_run_that_is_killed_while_it_replaces_a_day_leaves_one_that_can_be_read(store, place, monkeypatch, capfd, count):
    assert run(store, place) == 0

    def die():
        raise RuntimeError

    at_the(monkeypatch, place, count, die)
    assert run(store, place, "--date", DAY, "--replace", log="logs/later/*") == 1
    monkeypatch.undo()
    stores.use(store.options)
    open_storage(f"{place}/out").write("_lock", lock_of_the_dead())
    assert hits(place) == [SECOND]
    capfd.readouterr()
    assert run(store, place) == 8
    assert "process 7 on gone, since 2026-03-05 02:00:00 UTC, is publishing there. If that process is surely dead" in (
        " ".join(capfd.readouterr().err.split())
    )
    open_storage(f"{place}/out").delete("_lock")
    assert run(store, place, "--date", DAY) == 4  # completed, so it is published
    assert hits(place) == [SECOND]
    assert not [path for path in objects(place) if path.startswith(("_staging", "_lock"))]
    assert main(["verify", f"{place}/out", *store.options]) == 0


def lock_of_the_dead():
    return json.dumps({"process": 7, "host": "gone", "since": "2026-03-05 02:00:00 UTC"}).encode()


def test_noise_is_drawn_once(store, place, capfd):
    dp = ("--privacy", "dp", "--declare-site", SITE, "--date", DAY)
    assert run(store, place, *dp) == 0
    assert main(["verify", f"{place}/out", *store.options]) == 0
    output = f"{place}/out"
    (entry,) = ledger.entries(output).values()
    ledger.spend(output, entry)
    other = {**entry, "manifest": {**entry["manifest"], "run_id": "20260305T020000Z-abcdef"}}
    with pytest.raises(JobError, match="another run has spent"):
        ledger.spend(output, other)
    open_storage(output).delete(f"_manifest/{DAY}.json")
    assert run(store, place, *dp) == 4  # the ledger names all files, so the manifest is written again
    assert main(["verify", output, *store.options]) == 0


def test_credentials_are_nowhere(s3, folder, small, tmp_path, capfd):  # noqa: F811
    stores.use(s3.options)
    place = f"{s3.root}/{folder}"
    open_storage(place).write("logs/a.log", crowd(FIRST))
    record = tmp_path / "record.json"
    assert run(s3, place, "--run-record", str(record)) == 0
    assert run(s3, place, "--date", DAY) == 4
    assert run(s3, place, log="none") == 6
    assert run(s3, place, "--s3_secret_acess_key", SECRET) == 2
    assert run(s3, place, f"--s3-secret={SECRET}") == 2
    # It prints the commands among which to choose, with the options of this one.
    assert main(["run", "--input", str(small), "--output", f"{place}/new", "--site", SITE, "--workers", "0", *s3.options]) == 2
    said = capfd.readouterr()
    assert "--s3_secret_access_key ..." in said.out
    assert "unknown option: --s3_secret_acess_key. See" in said.err
    published = b"".join(open_storage(f"{place}/out").read(path) or b"" for path in objects(place))
    for text in (said.out, said.err, record.read_text(), published.decode("latin-1")):
        assert SECRET not in text
        assert KEY not in text


FAILURES = {
    "a key that is denied": (403, ""),
    "a request that is bad": (400, ""),
    "a table that cannot be staged": (500, "PUT .*/_staging/"),
    "a manifest that cannot be written": (403, "PUT .*/_manifest/"),
    "objects that cannot be removed": (403, "POST"),
}


@pytest.mark.parametrize("log_format", ["text", "json"])
@pytest.mark.parametrize(("status", "pattern"), FAILURES.values(), ids=FAILURES)
def test_no_failure_of_s3_tells_a_credential(s3_counting, folder, tmp_path, capfd, monkeypatch, log_format, status, pattern):
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    s3, application = s3_counting
    stores.use(s3.options)
    place, record = f"{s3.root}/{folder}", tmp_path / "record.json"
    open_storage(place).write("logs/a.log", crowd(FIRST))
    monkeypatch.setattr(application, "fails", lambda request: status if re.match(pattern, request) else None)
    options = ["--log-format", log_format, "--run-record", str(record), "--s3_session_token", SECRET]
    assert run(s3, place, *options, log="logs/a.log") in (6, 8)
    monkeypatch.setattr(application, "fails", lambda _: status)
    with pytest.raises(JobError) as caught:
        open_storage(place).write("x", b"")
    said = capfd.readouterr()
    for text in (said.out, said.err, *traceback.format_exception(caught.value), record.read_text() if record.exists() else ""):
        assert SECRET not in text
        assert KEY not in text


def test_no_failure_of_gcs_tells_its_token(gcs, log, capfd, monkeypatch):
    from apache_beam.internal.gcp import auth
    from google.oauth2.credentials import Credentials

    of_beam = SimpleNamespace(get_google_auth_credentials=lambda: Credentials(token=SECRET))
    monkeypatch.setattr(auth._Credentials, "_credentials", of_beam)
    send, tokens = requests.Session.send, []

    def noted(self, request, **options):
        tokens.append(request.headers["Authorization"])
        return send(self, request, **options)

    monkeypatch.setattr(requests.Session, "send", noted)
    stores.use(gcs.options)
    with pytest.raises(JobError) as caught:
        open_storage("gs://none").write("x", b"")
    assert set(tokens) == {f"Bearer {SECRET}"}
    assert main(["run", "--input", log, "--output", "gs://none/out", "--site", SITE, "--workers", "0"]) == 8
    said = capfd.readouterr()
    assert "gs://none/out: there is no such bucket" in said.err
    for text in (said.out, said.err, *traceback.format_exception(caught.value)):
        assert SECRET not in text


def without(options, *names):
    pairs = zip(options[::2], options[1::2], strict=True)
    return [word for pair in pairs if pair[0] not in names for word in pair]


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "a.log"
    path.write_bytes(crowd(FIRST))
    return str(path)


def refused(capfd, options, *, log, output="s3://bucket/refused"):
    code = main(["run", "--input", log, "--output", output, "--site", SITE, "--workers", "0", *options])
    said = " ".join(capfd.readouterr().err.split())
    assert "This is a defect" not in said
    assert SECRET not in said
    assert KEY not in said
    return code, said


def test_what_a_store_refuses_is_said_with_the_way_out(s3, log, capfd):
    code, said = refused(capfd, s3.options, log=log, output="s3://none/out")
    assert (code, "s3://none/out: there is no such bucket" in said) == (8, True), said
    code, said = refused(capfd, s3.options, log=log, output="s3://")
    assert (code, "it names no bucket" in said) == (8, True), said
    code, said = refused(capfd, s3.options, log="s3://bucket/nothing/*")
    assert (code, "s3://bucket/nothing/*: no file matches" in said) == (6, True), said


def test_credentials_that_are_missing_are_said(s3, log, tmp_path, capfd, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    options = without(s3.options, "--s3_access_key_id", "--s3_secret_access_key")
    code, said = refused(capfd, options, log=log)
    assert (code, "no credentials were found" in said) == (8, True), said
    code, said = refused(capfd, options, log="s3://bucket/logs/*", output=str(tmp_path / "out"))
    assert (code, "s3://bucket/logs/*: cannot be listed: no credentials were found" in said) == (6, True), said


def test_a_store_that_cannot_be_reached_is_said(s3, log, capfd, monkeypatch):
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        options = [*without(s3.options, "--s3_endpoint_url"), "--s3_endpoint_url", f"http://127.0.0.1:{closed.getsockname()[1]}"]
        code, said = refused(capfd, options, log=log)
    assert (code, "the store cannot be reached" in said) == (8, True), said


def failing(method, status):
    return lambda request: status if request.startswith(method) else None


def test_a_store_that_denies_or_fails_is_said(s3_counting, log, capfd, monkeypatch):
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    s3, application = s3_counting
    stores.use(s3.options)
    open_storage(s3.root).write("denied/a.log", crowd(FIRST))
    try:
        for method, status, words, expected in (
            ("GET", 403, "the store denies access", 8),
            ("PUT", 403, "the store denies access", 8),
            ("PUT", 500, "the storage failed", 8),
        ):
            application.fails = failing(method, status)
            code, said = refused(capfd, s3.options, log=log)
            assert (code, words in said) == (expected, True), said
        application.fails = failing("GET /bucket/denied/a.log", 403)
        code, said = refused(capfd, s3.options, log="s3://bucket/denied/a.log")
        assert (code, "denied/a.log: the store denies access" in said) == (6, True), said
    finally:
        application.fails = lambda _: None


@pytest.mark.parametrize(("option", "code"), [("--input", 6), ("--output", 8)])
def test_an_extra_that_is_missing_is_named(log, tmp_path, capfd, monkeypatch, option, code):
    known = builtins.__import__

    def without_boto3(name, *arguments):
        if name == "boto3":
            raise ImportError
        return known(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", without_boto3)
    paths = {"--input": log, "--output": str(tmp_path / "out"), option: "s3://bucket/x"}
    assert main(["run", *(word for pair in paths.items() for word in pair), "--workers", "0"]) == code
    assert "s3://bucket/x: Beam knows no file system s3://. Install its extra" in " ".join(capfd.readouterr().err.split())


def test_a_data_set_that_is_not_there_has_no_days(place):
    assert DataSet(f"{place}/none").dates() == []
