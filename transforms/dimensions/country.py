"""Looks up the country of truncated addresses, in the built-in database or any MaxMind country, city or enterprise database."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from importlib.resources import as_file, files
from typing import Any, cast

import geoip2.database
import maxminddb

from transforms.errors import translated
from transforms.reserved import UNKNOWN

_KINDS = ("Country", "City", "Enterprise")


class CountryLookup:
    """An open database; `version` names it and its build date, for the manifest."""

    def __init__(self, reader: geoip2.database.Reader) -> None:
        # geoip2 builds a model of each answer, which takes twenty times as long as finding it: so it opens and names the
        # database, and answers are taken as they stand in it.
        metadata = reader.metadata()
        self._reader: maxminddb.Reader = reader._db_reader
        built = datetime.datetime.fromtimestamp(metadata.build_epoch, datetime.timezone.utc)
        self.version = f"{metadata.database_type} {built:%Y-%m-%d}"

    @classmethod
    def open(cls, path: str | None = None) -> CountryLookup:
        """Open a database file, or the built-in one for None; `ValueError` says what is wrong with it."""
        if path is None:
            with as_file(files("transforms") / "data" / "country.mmdb") as built_in:
                return cls(geoip2.database.Reader(built_in))
        try:
            reader = geoip2.database.Reader(path)
        except maxminddb.InvalidDatabaseError:
            raise ValueError(f"{path} is not a MaxMind database (.mmdb), or is damaged") from None
        except OSError as error:
            raise ValueError(f"{path} cannot be read: {error.strerror}") from None
        kind = reader.metadata().database_type
        if not any(known in kind for known in _KINDS):
            raise ValueError(f"{path} is a {kind} database, but a Country, City or Enterprise database is needed")
        if reader.metadata().ip_version != 6:
            raise ValueError(f"{path} knows only IPv4 addresses, but a database of IPv4 and IPv6 addresses is needed")
        return cls(reader)

    def codes(self, prefixes: Sequence[str]) -> list[str]:
        """The database's codes of truncated addresses given as text; `(unknown)` for those without one, and for "".

        Most are of ISO 3166-1 alpha-2. A database may have others, such as `EU`. `ValueError` if the database is damaged. Damage
        may be found only when an address is looked up.
        """
        # The reader's own message holds the address.
        with translated((maxminddb.InvalidDatabaseError, AttributeError), self._damaged):
            return [self._code(prefix) if prefix else UNKNOWN for prefix in prefixes]

    def _damaged(self, _: Exception) -> ValueError:
        return ValueError(f"the {self.version} database is damaged, or its records are not MaxMind's")

    def _code(self, prefix: str) -> str:
        record = cast("dict[str, Any] | None", self._reader.get(prefix)) or {}
        country = record.get("country") or record.get("registered_country") or {}
        return country.get("iso_code") or UNKNOWN
