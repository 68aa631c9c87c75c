import maxminddb


class CountryLookup:
    def __init__(s, r):
        s.r = r

    version = "stub"

    @classmethod
    def open(cls, path=None):
        return cls(maxminddb.open_database("/work/shared/data/geo/geo-whois-asn-country.mmdb"))

    def codes(s, ps):
        return [((s.r.get(p) or {}).get("country_code") or "(unknown)") if p else "(unknown)" for p in ps]
