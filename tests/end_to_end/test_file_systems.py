"""Remote file systems: a run reads logs from and publishes to a Beam file system that is not this machine's."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from apache_beam.io.filesystem import FileMetadata, MatchResult
from apache_beam.io.localfilesystem import LocalFileSystem

from pipeline.__main__ import main
from tests.catalogues import REPORTS
from tests.logs import UNNAMED, crowd

DAY = "2026-03-03"
GUARD = "0_read_one_report_at_a_time"


class Elsewhere(LocalFileSystem):
    """Objects of `elsewhere://`, kept in a folder. Beam finds file systems by their scheme among the subclasses of its own."""

    folder = ""

    @classmethod
    def scheme(cls):
        return "elsewhere"

    def _local(self, path):
        return path.replace("elsewhere:/", self.folder, 1)

    def _elsewhere(self, path):
        return path.replace(self.folder, "elsewhere:/", 1)

    def match(self, patterns, limits=None):
        results = super().match([self._local(pattern) for pattern in patterns], limits)
        return [
            MatchResult(
                self._elsewhere(result.pattern),
                [FileMetadata(self._elsewhere(found.path), found.size_in_bytes) for found in result.metadata_list],
            )
            for result in results
        ]

    def join(self, basepath, *paths):
        return "/".join([basepath, *paths])

    def split(self, path):
        return path.rpartition("/")[0], path.rpartition("/")[2]

    def mkdirs(self, path):
        return super().mkdirs(self._local(path))

    def create(self, path, *options, **more):
        return super().create(self._local(path), *options, **more)

    def open(self, path, *options, **more):
        return super().open(self._local(path), *options, **more)

    def copy(self, sources, targets):
        return super().copy(list(map(self._local, sources)), list(map(self._local, targets)))

    def exists(self, path):
        return super().exists(self._local(path))

    def delete(self, paths):
        for path in paths:
            Path(self._local(path)).unlink()


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.setattr(Elsewhere, "folder", str(tmp_path))
    (tmp_path / "logs").mkdir()
    return tmp_path


@pytest.mark.parametrize("workers", ["0", "2"])
def test_logs_are_read_and_days_published_elsewhere(elsewhere, capsys, workers):
    (elsewhere / "logs" / "a.log").write_bytes(crowd(12))
    (elsewhere / "logs" / "b.gz").write_bytes(gzip.compress(crowd(12, first=50)))
    arguments = ["run", "--input", "elsewhere://logs/*", "--output", "elsewhere://out", "--workers", workers, *UNNAMED]
    assert main(arguments) == 0
    assert "24 counted" in capsys.readouterr().out
    manifest = json.loads((elsewhere / "out" / "_manifest" / f"{DAY}.json").read_text())
    assert set(manifest["reports"]) == set(REPORTS.names())
    files = {path.relative_to(elsewhere / "out").as_posix() for path in (elsewhere / "out").rglob("*") if path.is_file()}
    assert files == {f"{name}/{DAY}.parquet" for name in (GUARD, *REPORTS.names())} | {f"_manifest/{DAY}.json"}
    assert main([*arguments, "--date", "2026-03-03"]) == 4
    capsys.readouterr()
    assert main(["verify", "elsewhere://out"]) == 0
    assert f"{len(REPORTS)} files, " in capsys.readouterr().out
    assert main(["explain", "elsewhere://out"]) == 0
    assert "at least 10 addresses" in capsys.readouterr().out
    (elsewhere / "out" / "daily" / "jane").write_bytes(b"x")
    assert main(["verify", "elsewhere://out"]) == 5
    assert capsys.readouterr().out == "daily: 1 file that this program did not make\n"


def test_what_is_not_there_is_said(elsewhere, capfd):
    assert main(["run", "--input", "elsewhere://logs/none*", "--output", "elsewhere://out", "--workers", "0"]) == 6
    assert "no file matches" in capfd.readouterr().err
    assert main(["run", "--input", "nowhere://logs/*", "--output", "elsewhere://out", "--workers", "0"]) == 6
    assert "Beam knows no file system nowhere://" in capfd.readouterr().err


def test_a_truncated_archive_is_an_error_there_too(elsewhere, capfd):
    (elsewhere / "logs" / "a.gz").write_bytes(gzip.compress(crowd(500))[:500])
    assert main(["run", "--input", "elsewhere://logs/a.gz", "--output", "elsewhere://out", "--workers", "0"]) == 6
    assert "it ends too early" in capfd.readouterr().err
