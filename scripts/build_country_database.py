"""Builds the country database from a CC0 database of countries by address, in the structure of MaxMind's country databases.

    python scripts/build_country_database.py geo-whois-asn-country.mmdb transforms/data/country.mmdb

Source: npm package @ip-location-db/geo-whois-asn-country-mmdb, CC0, from statistics of the NRO (https://www.nro.net).
"""

from __future__ import annotations

import sys

import maxminddb
from mmdb_writer import MMDBWriter
from netaddr import IPSet


def main(source: str, destination: str) -> None:
    """Read all networks, group them by country, write one record a country."""
    countries: dict[str, list[str]] = {}
    with maxminddb.open_database(source) as reader:
        built = reader.metadata().build_epoch
        for network, record in reader:
            code = record.get("country_code")
            if code:
                countries.setdefault(code, []).append(str(network))

    class Writer(MMDBWriter):  # type: ignore[misc]
        """Keeps the source's build time, so that the same source gives the same file."""

        def _build_meta(self) -> dict[str, object]:
            return {**super()._build_meta(), "build_epoch": built}

    writer = Writer(
        ip_version=6,
        ipv4_compatible=True,
        database_type="NRO-Country",
        languages=["en"],
        description={"en": "Countries by address from registry statistics of the NRO (nro.net); geo-whois-asn-country, CC0"},
    )
    for code, networks in sorted(countries.items()):
        writer.insert_network(IPSet(networks), {"country": {"iso_code": code}})
    writer.to_db_file(destination)


if __name__ == "__main__":
    main(*sys.argv[1:])
