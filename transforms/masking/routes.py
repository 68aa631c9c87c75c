"""Replaces paths by the site's own route templates.

A site's owner knows which segments name people where no general rule can: `/users/:user/photos` is published for all its paths. A
file of templates has one on each line, after the name of its site if it is for one site only:

    /users/:user/photos/:photo
    blog.example.org  /by/:author
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from transforms.columns import distinct, distinct_pairs, recode
from transforms.masking.fingerprint import fingerprint
from transforms.masking.path import extension
from transforms.masking.site import publishable_site
from transforms.reserved import UNKNOWN

_TEMPLATE = re.compile(r"(?:/(?:[A-Za-z0-9._~-]+|:[a-z][a-z_]*)?)+")


@dataclass(frozen=True, slots=True)
class Routes:
    """Templates in their order; the first that matches is used. `site` None means all sites."""

    templates: tuple[tuple[str | None, str], ...]

    @classmethod
    def parse(cls, text: str) -> Routes:
        """Read a file of templates; `ValueError` names a line that is not a template."""
        templates: list[tuple[str | None, str]] = []
        for number, line in enumerate(text.splitlines(), 1):
            words = line.partition("#")[0].split()
            if not words:
                continue
            site = publishable_site(words[0]) if len(words) == 2 else None
            if len(words) > 2 or site == UNKNOWN or not _TEMPLATE.fullmatch(words[-1]):
                raise ValueError(
                    f"line {number} is not a template such as /users/:user/photos, alone or after the name of a site"
                )
            templates.append((site, words[-1]))
        return cls(tuple(templates))

    def fingerprint(self) -> str:
        """Says in public whether two files have the same templates.

        Comments, spaces and the spelling of a site's name do not change it. The order does: the first template that fits is used.
        """
        return fingerprint(f"{site or ''} {template}" for site, template in self.templates)

    def apply(self, sites: pa.DictionaryArray, targets: pa.ChunkedArray, paths: pa.DictionaryArray) -> pa.DictionaryArray:
        """`paths` with templates in place of those whose target matches one, computed once for each site and target."""
        site_codes, site_names = distinct(sites)
        target_codes, target_names = distinct(targets)
        path_codes, path_names = distinct(paths)
        codes, sites_of, targets_of = distinct_pairs(site_codes, target_codes)
        own, asked = site_names.take(pa.array(sites_of)), target_names.take(pa.array(targets_of))
        found = list(map(self._route, own.to_pylist(), asked.to_pylist()))
        values = [*path_names.to_pylist(), *(route or "" for route in found)]
        fits = np.array([route is not None for route in found], np.bool_)
        return recode(np.where(fits[codes], len(path_names) + codes, path_codes).astype(np.int32), values)

    def _route(self, site: str, target: str) -> str | None:
        path = re.split(r"[?#;]", target, maxsplit=1)[0]
        for own, template in self.templates:
            if own in (None, site) and _pattern(template).fullmatch(path):
                # A file stays a file: its kind is told by its extension.
                name = extension(path) if template.rpartition("/")[2].startswith(":") else ""
                return f"{template}.{name}" if name else template
        return None


def _pattern(template: str) -> re.Pattern[str]:
    segments = ("[^/]+" if segment.startswith(":") else re.escape(segment) for segment in template.split("/"))
    return re.compile("/".join(segments))  # re keeps the last few hundred compiled
