"""Takes a format's name, gives the format. One line a family."""

from __future__ import annotations

from transforms.formats import Format, ncsa

FORMATS: dict[str, Format] = {known.name: known for known in (*ncsa.FORMATS,)}
