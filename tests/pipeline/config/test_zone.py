"""The machine's time zone has a name of the IANA database or none; offsets are compared at the times that state them."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.config import zone
from pipeline.config.zone import AUTO, Zone, find_zone, machine_zone
from pipeline.errors import JobError
from transforms.clock import local_seconds


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        (":Europe/Berlin", "Europe/Berlin"),
        ("/usr/share/zoneinfo/posix/Asia/Tokyo", "Asia/Tokyo"),
        ("", "UTC"),
        ("Etc/UTC", "UTC"),
        ("UTC0", "UTC"),
        ("CET-1CEST,M3.5.0,M10.5.0/3", None),
        ("../etc/passwd", None),
        ("/etc/passwd", None),
    ],
)
def test_what_tz_says_counts(monkeypatch, said, name):
    monkeypatch.setenv("TZ", said)
    assert machine_zone() == name


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("/usr/share/zoneinfo/Europe/Berlin", "Europe/Berlin"),
        ("../usr/share/zoneinfo/Etc/UTC", "UTC"),
        ("/usr/share/zoneinfo/right/Europe/Oslo", "Europe/Oslo"),
        ("/somewhere/else", None),
        (None, "UTC"),
    ],
)
def test_without_it_the_link_to_the_database_does(monkeypatch, tmp_path, target, name):
    monkeypatch.delenv("TZ")
    monkeypatch.setattr(zone, "LOCALTIME", str(tmp_path / "localtime"))
    if target:
        (tmp_path / "localtime").symlink_to(target)
    assert machine_zone() == name


def asked(*stated):
    """What is asked where the machine's zone is not that of the log."""
    question = find_zone(AUTO, (), stated).question
    assert question is not None
    assert (question.exit_code, question.reason) == (2, "which_zone")
    return question.message


def test_a_copied_file_has_no_name(monkeypatch, tmp_path):
    monkeypatch.delenv("TZ")
    monkeypatch.setattr(zone, "LOCALTIME", str(tmp_path / "localtime"))
    (tmp_path / "localtime").write_bytes(b"TZif2")
    assert machine_zone() is None
    assert "state no offset from UTC, and this machine's time zone has no name" in asked()


def test_an_offset_of_another_season_is_another_offset(monkeypatch):
    monkeypatch.setenv("TZ", "Europe/Berlin")
    july, hour = 1_783_000_000, 3_600
    assert find_zone(AUTO, (), [(np.array([july]), np.array([2 * hour]))]).name == "Europe/Berlin"
    assert "+0100" in asked((np.array([july]), np.array([hour])))


def test_many_offsets_are_not_all_listed():
    offsets = np.arange(-12, 13) * 3_600
    assert "-1200, -1100, -1000, -0900 and 21 others" in asked((np.zeros(25, np.int64), offsets))


@pytest.mark.parametrize(
    ("offsets", "name"), [([7_200], "Etc/GMT-2"), ([-18_000] * 3, "Etc/GMT+5"), ([0], "UTC"), ([19_800], "UTC")]
)
def test_one_offset_of_whole_hours_has_a_zone(monkeypatch, offsets, name):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    found = find_zone(AUTO, (), [(np.zeros(len(offsets), np.int64), np.array(offsets))])
    assert (found.name, found.question is not None) == (name, True)
    assert local_seconds(np.array([0]), name).tolist() == [0 if name == "UTC" else offsets[0]]


def test_the_log_is_not_read_where_the_zone_is_known():
    def never():
        raise AssertionError
        yield

    assert find_zone("Asia/Tokyo", ["Europe/Berlin"], never()) == Zone("Asia/Tokyo")
    assert find_zone(AUTO, ["Europe/Berlin"], never()).name == "Europe/Berlin"


def test_a_manifest_of_no_zone_is_refused_by_name():
    with pytest.raises(JobError, match="A manifest of --output: 'Jane/Doe' is not a time zone") as caught:
        find_zone(AUTO, ["Jane/Doe"], ())
    assert caught.value.exit_code == 8
