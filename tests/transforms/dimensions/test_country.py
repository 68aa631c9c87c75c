"""Truncated addresses have the right country, and a file that is not a country database is refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from transforms.dimensions.country import CountryLookup

DATABASES = Path(__file__).parents[2] / "data" / "geo"


def test_the_built_in_database():
    codes = CountryLookup.open().codes(["8.8.8.0", "2001:4860:4860::", "193.0.6.0", "10.0.0.0", ""])
    assert codes == ["US", "US", "NL", "(unknown)", "(unknown)"]


def test_its_version_names_it_and_its_date():
    assert CountryLookup.open().version.startswith("NRO-Country 20")


@pytest.mark.parametrize("name", ["GeoLite2-Country-Test.mmdb", "GeoLite2-City-Test.mmdb"])
def test_a_maxmind_database(name):
    # From MaxMind's source data: 2.125.160.216/29 is in Boxford, GB; 89.160.20.112/28 in Linköping, SE.
    assert CountryLookup.open(str(DATABASES / name)).codes(["2.125.160.216", "89.160.20.112"]) == ["GB", "SE"]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("GeoLite2-ASN-Test.mmdb", "Country, City or Enterprise database is needed"),
        ("README.md", "is not a MaxMind database"),
        ("missing.mmdb", "cannot be read: No such file or directory"),
    ],
)
def test_other_files_are_refused(name, says):
    with pytest.raises(ValueError, match=says) as caught:
        CountryLookup.open(str(DATABASES / name))
    assert str(DATABASES / name) in str(caught.value)


def test_damage_that_shows_late_is_an_error_without_the_address(tmp_path):
    intact = (DATABASES / "GeoLite2-Country-Test.mmdb").read_bytes()
    damaged = tmp_path / "damaged.mmdb"
    damaged.write_bytes(intact[:500] + b"\xff" * 9000 + intact[9500:])
    countries = CountryLookup.open(str(damaged))
    with pytest.raises(ValueError, match="database is damaged") as caught:
        countries.codes(["2.125.160.0"])
    assert "2.125" not in str(caught.value)


def test_a_database_of_ipv4_alone_is_refused(monkeypatch):
    class OnlyIPv4:
        database_type, ip_version, build_epoch = "Some-Country", 4, 0

    monkeypatch.setattr("geoip2.database.Reader.metadata", lambda _: OnlyIPv4)
    with pytest.raises(ValueError, match="knows only IPv4 addresses"):
        CountryLookup.open(str(DATABASES / "GeoLite2-Country-Test.mmdb"))
