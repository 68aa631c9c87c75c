"""The allow-list of facts: what each statement of a manifest may be. Those of a policy are the policy's own (`from_facts`)."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pipeline.dataset import layout
from pipeline.dataset.manifest import COMMON_FACTS, OPT_OUT, OWN_FACTS, SCHEMA_VERSION, STAGED
from transforms import clock
from transforms.dimensions.agent import RULES_VERSION
from transforms.masking.fingerprint import is_fingerprint
from transforms.period import Period
from transforms.privacy.detectors import is_caught
from transforms.privacy.policy import Policy

_DESCRIBED = {"parent", "dimension", "where", "rows", "sha256"}
_HIGHEST_REVISION = 9_999


def _one_of(*words: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and value in words


def _spelt(pattern: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


def _number(least: int, most: int) -> Callable[[Any], bool]:
    return lambda value: type(value) is int and least <= value <= most


def _is_zone(value: Any) -> bool:
    try:
        return isinstance(value, str) and clock.zone(value).key == value
    except ValueError:
        return False


def _is_date(value: Any) -> bool:
    try:
        return isinstance(value, str) and datetime.date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _is_run(value: Any) -> bool:
    if not _spelt(layout.RUN_ID)(value):
        return False
    try:
        datetime.datetime.strptime(value[:16], "%Y%m%dT%H%M%SZ")
    except ValueError:
        return False
    return True


def _is_database(value: Any) -> bool:
    """A kind of database as makers name them, such as GeoLite2-Country, and the day it was built."""
    name, _, built = value.rpartition(" ") if isinstance(value, str) else ("", "", "")
    known = re.fullmatch(r"(?=.*(?:Country|City|Enterprise))[A-Za-z0-9]{1,20}(?:-[A-Za-z0-9]{1,20}){0,3}", name)
    return known is not None and _is_date(built) and not is_caught(name)


def _is_fingerprint(value: Any) -> bool:
    return isinstance(value, str) and is_fingerprint(value)


def _are_reports(value: Any) -> bool:
    if not isinstance(value, dict) or not all(isinstance(about, dict) and set(about) == _DESCRIBED for about in value.values()):
        return False
    numbers, hashes = _number(0, 1 << 40), _spelt("[0-9a-f]{64}")
    return all(layout.is_report(name) and numbers(about["rows"]) and hashes(about["sha256"]) for name, about in value.items())


_VERSION = r"[0-9]{1,6}(?:\.[0-9]{1,4}){0,3}"

ALLOWED: dict[str, Callable[[Any], bool]] = {
    "time_zone": _is_zone,
    "log_time_zone": _is_zone,
    "period": _one_of(*(period.value for period in Period)),
    "opt_out": _one_of(*OPT_OUT),
    "country_database": _is_database,
    "rules": _spelt(re.sub(r" [0-9.]+", f" {_VERSION}", RULES_VERSION)),
    "routes": _is_fingerprint,
    "ignored": _is_fingerprint,
    "layout": _number(layout.VERSION, layout.VERSION),
    "schema_version": _number(SCHEMA_VERSION, SCHEMA_VERSION),
    "date": _is_date,
    "revision": _number(1, _HIGHEST_REVISION),
    "run_id": _is_run,
    "reports": _are_reports,
}
"""What each fact that is no policy's may be. Free text is none of them."""


def wrong_facts(manifest: Mapping[str, Any], date: str, policy: type[Policy], own: tuple[str, ...]) -> Iterator[str]:
    """What is wrong with the facts of the manifest of a date; `own` are those of its policy."""
    stated = (*own, *COMMON_FACTS, *OWN_FACTS)
    missing = [fact for fact in stated if fact not in manifest]
    if missing:
        yield f"lacks {', '.join(missing)}"
    if not set(manifest) <= {*stated, STAGED} or manifest.get(STAGED, True) is not True:
        yield "says more than a manifest should"
    for fact in (*COMMON_FACTS, *OWN_FACTS):
        if fact in manifest and not ALLOWED[fact](manifest[fact]):
            yield f"{fact}: not what this version of the program states there"
    if not missing and not _is_spelt_by(policy, {fact: manifest[fact] for fact in own}):
        yield f"{', '.join(own)}: not as this mode states them"
    if manifest.get("date") != date:
        yield "another date than its name"
    elif ALLOWED["period"](manifest.get("period")) and not _begins(date, Period(manifest["period"])):
        yield "a period that does not begin on this date"


def _begins(date: str, period: Period) -> bool:
    day = (datetime.date.fromisoformat(date) - datetime.date(1970, 1, 1)).days
    return period.first_day(day) == day


def _is_spelt_by(policy: type[Policy], stated: dict[str, Any]) -> bool:
    """Whether a policy would state its facts in these words: so each has one spelling, and is no free text."""
    try:
        return policy.from_facts(stated).facts() == stated
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        return False
