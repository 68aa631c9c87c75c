"""What a data set states of itself, in a few lines: mode and threshold, periods, time zone, sites, replaced releases."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping

from pipeline.dataset.dataset import DataSet
from pipeline.dataset.manifest import Manifest, policy_class_of
from pipeline.errors import JobError
from pipeline.words import plural, shown
from transforms.period import Period

_NAMED = 5
"""So many sites are named."""


def described(data: DataSet, manifests: Mapping[str, Manifest]) -> Iterator[str]:
    """Lines about periods, of which the first states the guarantee of all."""
    dates = list(manifests)
    first = manifests[dates[0]]
    period = Period(first["period"]).value
    span = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
    yield f"{plural(len(dates), period)}, {span}, by the calendar of {first['time_zone']}, with --privacy {first['mode']}."
    yield from policy_class_of(first).from_facts(first).in_short(period)
    yield f"Sites: {_named(_sites(data, manifests)) or 'none has enough visitors'}."
    replaced = [f"{date} ({manifest['revision']})" for date, manifest in manifests.items() if manifest["revision"] > 1]
    if replaced:
        yield f"Published anew, with the number of the release: {', '.join(replaced)}."


def _sites(data: DataSet, manifests: Mapping[str, Manifest]) -> list[str]:
    found: set[str] = set()
    for date in manifests:
        with contextlib.suppress(JobError):  # `verify` says which file is missing
            found.update(data.sites(date))
    return sorted(found)


def _named(sites: Iterable[str]) -> str:
    names = [shown(site) for site in sites]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
