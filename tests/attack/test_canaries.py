"""Takes a log with a secret in every field, checks that none comes out anywhere, in any form, even when a step fails."""

from __future__ import annotations

import base64
import contextlib
import datetime
import hashlib
import json
import os
import pickle
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import quote

import apache_beam as beam
import pyarrow.parquet as pq
import pytest

from pipeline import flow, launch, options
from pipeline.__main__ import main
from tests.logs import crowd, line
from transforms.secret import new_secret

ROOT = Path(__file__).parents[2]
HOST = "20.177.188.199"
CANARIES = {
    "host": HOST,
    "IPv6": "2a00:1450:ca4a:17ff:fe00:beef:cafe:77",
    "name": "canaryhost7.example.net",
    "user": "canaryuser7",
    "path": "canarypath7",
    "query": "canaryquery7",
    "method": "CANARYMETHOD",
    "referrer host": "canaryreferrer7.example.com",
    "referrer path": "canaryinside7",
    "agent": "CanaryAgent7",
    "site": "canarysite7",
    "forwarded": "20.166.155.144",
    "broken": "canarybroken7",
    "bytes": "canarybytes7",
}
SITE = b"www.example.org:443 "


def log() -> bytes:
    """A crowd, and canaries in whole lines, odd lines and broken ones."""
    at = CANARIES
    lines = [
        line(
            HOST, user=at["user"], request=f"GET /{at['path']}?{at['query']}=1 HTTP/1.1", agent=f"{at['agent']}/1.0 (X11) Safari"
        ),
        line(at["IPv6"], referer=f"https://{at['referrer host']}/{at['referrer path']}?{at['query']}"),
        line(at["name"], request=f"{at['method']} / HTTP/1.1", agent=f"{at['agent']}Crawler/2.0 bot"),
        line(HOST, request=f"/{at['path']}", status=400, referer=at["referrer path"]),
        line(HOST, request=rf"\x16\x03{at['bytes']}", status=400),
        line(HOST, agent=rf"a \"{at['agent']}\" b"),
        line(HOST, referer=f"https://{at['referrer host']}\\\\{at['referrer path']}"),
        line(HOST, agent=at["bytes"] + "\xff\xfe").decode().encode("latin-1"),
        line(at["forwarded"], status=404, request=f"GET /{at['path']}.html HTTP/1.1"),
    ]
    whole = [SITE + one for one in crowd(60).splitlines(keepends=True)] + [SITE + one for one in lines]
    whole += [f"{at['site']}.example.org:80 ".encode() + line(HOST), f"{at['site']} x:80 ".encode() + line(HOST)]
    broken = [
        f'{SITE.decode()}{HOST} - {at["broken"]} [03/Mar/2026:10:00:00 +0000] "GET /{at["path"]}\n'.encode(),
        f"{at['broken']} {HOST} \xff\n".encode("latin-1"),
        SITE + line(HOST, time=f"{at['broken']}:10:00 +0000"),
        SITE + line(HOST, time="99/Mar/2026:10:00:00 +0000", user=at["broken"]),
        b"\x00\x01" + at["broken"].encode() + b"\n",
    ]
    return b"".join(whole + broken * 2)


def forms(text: str) -> set[bytes]:
    """The ways in which a value could come out: as it is, encoded, or hashed without a secret."""
    raw = text.encode()
    found = {raw, quote(text, safe="").encode(), "".join(f"%{byte:02X}" for byte in raw).encode(), raw.hex().encode(), raw[::-1]}
    for shift in range(3):
        # Within a longer text, base64 depends on where the value begins: its inner digits at each of three places.
        encoded = base64.b64encode(b"\x00" * shift + raw)
        found.add(encoded[4 if shift else 0 : len(encoded) // 4 * 4 - 4])
    for name in ("md5", "sha1", "sha256", "blake2b", "blake2s"):
        digest = hashlib.new(name, raw).digest()
        found |= {digest[:12], digest.hex()[:16].encode(), base64.b64encode(digest)[:16]}
    return {form for form in found if len(form) >= 8}


FORMS = {name: forms(text) for name, text in CANARIES.items()} | {
    "truncated": {HOST.rpartition(".")[0].encode(), b"2a00:1450:ca4a"},
}


def leaks(data: bytes) -> list[str]:
    lowered = data.lower()
    return [name for name, all_forms in FORMS.items() if any(form in data or form.lower() in lowered for form in all_forms)]


def everything_in(folder: Path) -> bytes:
    """All names and bytes below a folder."""
    found = b""
    for where, _, names in os.walk(folder):  # what vanishes while it is walked was a temporary one
        found += os.path.relpath(where, folder).encode() + b"\n"
        for name in names:
            found += name.encode() + b"\n"
            with contextlib.suppress(OSError):  # gone by now, or a socket
                found += (Path(where) / name).read_bytes()
    return found


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "in" / "access.log"
    path.parent.mkdir()
    path.write_bytes(log())
    return path


def arguments(source: Path, output: Path) -> list[str]:
    given = ["--input", str(source), "--output", str(output), "--format", "vhost_combined", "--max-reject-ratio", "0.2"]
    return ["run", *given, "--run-record", str(output.parent / "record.json")]


def test_the_search_finds_what_it_is_looking_for():
    for name, text in CANARIES.items():
        for form in (text, quote(text, safe=""), text.encode().hex(), base64.b64encode(b"xy" + text.encode() + b"zz").decode()):
            assert name in leaks(f"before {form} after".encode()), (name, form)
        assert name in leaks(hashlib.sha256(text.encode()).digest())
    assert set(leaks(log())) == {*CANARIES, "truncated"}


@pytest.mark.parametrize("workers", ["0", "2"])
def test_no_byte_comes_out_of_a_run(source, tmp_path, workers):
    output, temporary = tmp_path / "out" / "data", tmp_path / "tmp"
    temporary.mkdir()
    output.parent.mkdir()
    command = [sys.executable, "-X", "dev", "-W", "ignore", "-m", "pipeline", *arguments(source, output), "--workers", workers]
    seen, ended = [], threading.Event()

    def watch() -> None:
        while not ended.wait(0.01):
            seen.append(everything_in(temporary) + everything_in(output.parent))

    watcher = threading.Thread(target=watch)
    watcher.start()
    finished = subprocess.run(command, cwd=ROOT, env={**os.environ, "TMPDIR": str(temporary)}, capture_output=True)
    ended.set()
    watcher.join()
    assert finished.returncode == 0, finished.stderr
    record = json.loads((tmp_path / "out" / "record.json").read_text())
    assert record["lines"]["counted"] == 70
    assert sum(record["lines"]["rejected"].values()) == 11
    assert leaks(finished.stdout) == leaks(finished.stderr) == []
    assert leaks(b"".join(set(seen))) == []
    assert leaks(everything_in(tmp_path / "out")) == []
    assert any(b"data.parquet" in state for state in seen)


def test_no_value_statistic_or_metadata_holds_one(source, tmp_path):
    assert main([*arguments(source, tmp_path / "out"), "--workers", "0"]) == 0
    files = sorted((tmp_path / "out").rglob("*.parquet"))
    assert files
    for path in files:
        file = pq.ParquetFile(path)
        shown = [repr(file.read().to_pylist()), repr(file.schema_arrow.metadata), repr(file.metadata)]
        for group in range(file.metadata.num_row_groups):
            row_group = file.metadata.row_group(group)
            shown += [repr(row_group.column(column).statistics) for column in range(row_group.num_columns)]
        assert leaks("".join(shown).encode()) == []


def test_the_graph_holds_no_content_and_no_secret(source, tmp_path, monkeypatch):
    known, _ = options.parse(arguments(source, tmp_path / "out"))
    job = launch.prepare(launch.look(known, local=True, now=datetime.datetime.now(datetime.timezone.utc))).job
    made = []
    monkeypatch.setattr("pipeline.steps.make_secret.new_secret", lambda: made.append(new_secret()) or made[-1])
    root = beam.Pipeline()
    flow.build(root, job)
    graph = root.to_runner_api().SerializeToString() + pickle.dumps(job)
    assert leaks(graph) == []
    assert made == []  # the secret is made by a worker, when the graph is finished and gone


STEPS = {
    "parse": "transforms.block.parse_block",
    "anonymize": "transforms.block.anonymize",
    "enrich": "transforms.block.enrich",
    "shard": "transforms.block.shard",
    "country": "transforms.lookups.country.CountryLookup.codes",
    "agent": "transforms.enrich.describe_agent",
    "referrer": "transforms.enrich.describe_referrer",
    "path": "transforms.anonymize.scrub_paths",
    "merge": "transforms.count.merge_pieces",
    "count": "transforms.count.count_day",
    "folds": "transforms.count.count_folds",
    "plan": "pipeline.steps.plan_release.plan_release",
    "release": "pipeline.steps.release_days.release",
    "write": "pipeline.steps.release_days.parquet_files",
    "stage": "pipeline.steps.write_days.stage_file",
    "publish": "pipeline.steps.publish_days.commit_day",
    "record": "pipeline.steps.publish_days.write_record",
    "summary": "pipeline.summary.show",
}


@pytest.mark.parametrize("step", STEPS)
def test_no_byte_comes_out_when_a_step_fails(source, tmp_path, monkeypatch, capfd, step):
    def fail(*_arguments, **_options):
        # The worst that a library can do: quote all that it was given.
        raise ValueError(log().decode("utf-8", "replace") + " ".join(CANARIES.values()))

    monkeypatch.setattr(STEPS[step], fail)
    assert main([*arguments(source, tmp_path / "out"), "--workers", "0"]) == 1
    said = capfd.readouterr()
    assert leaks(said.out.encode()) == leaks(said.err.encode()) == []
    assert "error: " in said.err
    assert len(said.err.splitlines()) <= 4
    assert leaks(everything_in(tmp_path / "out")) == []
    if step not in ("record", "summary"):
        assert not list((tmp_path / "out").rglob("*.parquet"))


def test_no_byte_comes_out_when_a_worker_process_fails(source, tmp_path, capfd):
    # In a worker process the failure cannot be planted: so the file changes its size under it.
    command = [
        sys.executable,
        "-c",
        "import sys, transforms.read as read\n"
        "from pipeline.__main__ import main\n"
        "read.spans = lambda file, end, size: iter([(0, end + 1000)])\n"
        "if __name__ == '__main__': sys.exit(main(sys.argv[1:]))\n",
        *arguments(source, tmp_path / "out"),
        "--workers",
        "2",
    ]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True)
    assert finished.returncode == 6
    assert leaks(finished.stdout) == leaks(finished.stderr) == []
    assert b"changed or vanished while it was read" in finished.stderr


def test_the_crowd_is_published_all_the_same(source, tmp_path):
    assert main([*arguments(source, tmp_path / "out"), "--workers", "0"]) == 0
    table = pq.read_table(tmp_path / "out" / "daily" / "date=2026-03-03" / "data.parquet", partitioning=None)
    assert {row["site"] for row in table.to_pylist()} == {"www.example.org"}
