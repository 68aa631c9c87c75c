"""Takes the first lines of a log, gives its format and how sure that is: the clear winner among all, tried on every line."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from transforms.formats import RAW_COLUMNS, Format, exact
from transforms.formats.registry import format_of
from transforms.formats.wrapped import WRAPPINGS

SAMPLE_BYTES = 256 << 10
SAMPLE_LINES = 1_000


@dataclass(frozen=True, slots=True)
class Detection:
    """How many of the sample's lines each format fits; `format` is the clear winner's name, or None.

    `lines` are those that could be requests: not what the server of the best format says of itself.
    """

    lines: int
    fits: dict[str, int]

    @property
    def format(self) -> str | None:
        """The format that fits at least half of the lines, and twice as many as any other but for its kin."""
        ranked = self.ranked()
        if not ranked or not self.lines or 2 * ranked[0][1] < self.lines:
            return None
        best, most = ranked[0]
        rivals = (count for name, count in ranked[1:] if not _are_kin(best, name))
        return None if any(2 * count > most for count in rivals) else best

    @property
    def confidence(self) -> float:
        """Share of the sample's lines that the best format fits, 0 to 1."""
        return self.ranked()[0][1] / self.lines if self.lines else 0.0

    def ranked(self) -> list[tuple[str, int]]:
        """Formats and how many lines they fit, the best first.

        A narrower one may fit a fifth fewer than a wider one that knows less, and where that knows the same, hardly fewer.
        """
        return sorted(self.fits.items(), key=lambda item: (-_score(*item), item[0]))


def wider(name: str) -> list[str]:
    """The formats that all lines of this one fit, too, but which know less of them."""
    known = format_of(name)
    return [known.narrows, *wider(known.narrows)] if known.narrows else []


def _score(name: str, fits: float) -> float:
    """How many lines a wider format must fit to be preferred."""
    for narrow, wide in itertools.pairwise([name, *wider(name)]):
        # The few lines of a short log say little of how many more there are.
        fits = 1.01 * fits + min(2, fits / 5) if _known(narrow) == _known(wide) else 1.25 * fits
    return fits


@lru_cache(maxsize=256)
def _known(name: str) -> frozenset[str]:
    """What a format says of a request."""
    log_format = format_of(name)
    named = {column for column in RAW_COLUMNS if log_format.has(column)}
    return frozenset(named | {"site"} if log_format.site_in_request else named)


def _are_kin(best: str, other: str) -> bool:
    """Whether the lines of the other fit the best as well, or the best's fit it and lose nothing."""
    return other in wider(best) or (best in wider(other) and _known(best) == _known(other))


def sample_lines(head: bytes, complete: bool = False) -> list[bytes]:
    """Lines to try formats on, out of a file's first bytes; `complete` says that they are the whole file."""
    lines = head.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    if not complete and len(lines) > 1:
        lines.pop()  # probably cut short
    return [line for line in lines[:SAMPLE_LINES] if line.strip() and not line.startswith(b"#")]


def detect(head: bytes, formats: Mapping[str, Format], complete: bool = False) -> Detection:
    """Try the formats on a file's first bytes, as `sample_lines`; first on what is inside, if most lines are wrapped alike."""
    lines = sample_lines(head, complete)
    tried = []
    for word, wrapping in WRAPPINGS.items():
        bare = list(map(wrapping.bare, lines))
        if 2 * sum(map(operator.ne, bare, lines)) > len(lines):
            tried.append(_detection(bare, {word + name: known for name, known in formats.items()}))
            if tried[-1].format:
                return tried[-1]
    found = _detection(lines, formats)
    if found.format:
        return found
    # None wins: that one is told of which fits most lines.
    return max([found, *tried], key=lambda each: max(each.fits.values(), default=0))


def _detection(lines: list[bytes], formats: Mapping[str, Format]) -> Detection:
    found = Detection(len(lines), {name: _fits(lines, known) for name, known in formats.items()})
    ranked = found.ranked()
    best = formats[ranked[0][0]] if ranked and ranked[0][1] else None
    messages = sum(exact.is_message(line, best) for line in lines if not exact.fits(line, best)) if best else 0
    return replace(found, lines=found.lines - messages)


def _fits(lines: list[bytes], known: Format) -> int:
    return sum(exact.fits(line, known) for line in lines)
