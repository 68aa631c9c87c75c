"""Reads the words of --input: a pattern of files, perhaps after the name of the site that they are of."""

from __future__ import annotations

import glob
import os
from dataclasses import dataclass

from transforms.masking.site import publishable_site
from transforms.reserved import UNKNOWN


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern of files, and the name of their site as it is published; None if none is given."""

    files: str
    site: str | None = None

    @classmethod
    def parse(cls, word: str, default: str | None = None) -> Pattern:
        """Read SITE=PATTERN, or a pattern alone, whose files are of the site `default`.

        A word that names files as it is remains a pattern: folders are called `date=2026-03-03`, too.

        >>> Pattern.parse("Blog.example.org=/logs/*.gz")
        Pattern(files='/logs/*.gz', site='blog.example.org')
        >>> Pattern.parse("/logs/date=2026-03-03/*.gz", "www.example.org")
        Pattern(files='/logs/date=2026-03-03/*.gz', site='www.example.org')
        """
        name, sign, files = word.partition("=")
        site = publishable_site(name)
        if not (sign and files) or site == UNKNOWN or os.path.exists(word) or any(glob.iglob(word, recursive=True)):
            return cls(word, default)
        return cls(files, site)
