"""Detects the format of a log from its first lines: tries every format on every line, and needs a clear winner."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from transforms.formats import RAW_COLUMNS, Format, w3c
from transforms.formats.registry import ABSOLUTE, WITHOUT, format_of, names_no_site
from transforms.parsing import clients, exact, objects
from transforms.parsing.wrapped import BARE

SAMPLE_BYTES = 256 << 10
SAMPLE_LINES = 1_000
_PROBED, _STRIDE = 32, 7_919  # a prime above SAMPLE_LINES, so that all places differ


@dataclass(frozen=True, slots=True)
class Detection:
    """How many of the sample's lines each format fits, and how many it can read, plausible values or not.

    `lines` are those that may be requests, and not messages about the server itself in the best format.
    """

    lines: int
    fits: dict[str, int]
    reads: dict[str, int]
    doubt: str | None = None
    """If none fits: why the clients of those that could read the lines are in doubt (see `clients.doubt`)."""

    @property
    def format(self) -> str | None:
        """The clear winner's name, or None.

        Its family fits at least half of the lines, and twice as many as any other family. Or it fits some lines and reads all,
        and the others do not.
        """
        fits, reads = self._families(self.fits), self._families(self.reads)
        best = self._family()
        rivals = [name for name in fits if name != best]
        alone = 10 * reads[best] >= 9 * self.lines and all(10 * reads[name] < 9 * reads[best] for name in rivals)
        clear = 2 * fits[best] >= self.lines and all(2 * fits[name] <= fits[best] for name in rivals)
        return self.likeliest if self.lines and (clear or (alone and 10 * fits[best] >= self.lines)) else None

    @property
    def likeliest(self) -> str:
        """The best format, however uncertain: the narrowest that reads as many lines, of the family that fits most."""
        return self._narrowed(self._family())

    def _family(self) -> str:
        """The widest format of the family that fits most lines, or of one that fits fewer and reads what that does not."""
        fits, reads = self._families(self.fits), self._families(self.reads)
        best = min(fits, key=lambda name: (-fits[name], name))
        others = [name for name in fits if 10 * fits[name] >= self.lines and 9 * reads[name] > 10 * reads[best]]
        return min(others, key=lambda name: (-reads[name], name)) if others and fits[best] else best

    def _families(self, counts: Mapping[str, int]) -> dict[str, int]:
        """The most lines that a format of each family fits or reads, by the name of its widest."""
        most: dict[str, int] = {}
        for name, count in counts.items():
            widest = [name, *wider(name)][-1]
            most[widest] = max(count, most.get(widest, 0))
        return most

    def _narrowed(self, wide: str) -> str:
        """The narrowest format that loses practically none of the lines, if enough of them show that they are its."""
        most = max(self._most(wide), 1)
        lost = max(1, 0.01 * most) if most >= 25 else most / 5  # the few lines of a short log say little of how many there are
        narrow = [name for name in self.fits if wider(name)[:1] == [wide] and self._most(name) >= format_of(name).evidence * most]
        narrow = [name for name in narrow if self.reads[name] + lost >= most]
        if not narrow and self.reads[wide] + lost < most:  # a narrower one fits lines that this does not read
            return min((name for name in self.fits if wide in (name, *wider(name))), key=lambda name: (-self.fits[name], name))
        return self._narrowed(min(narrow, key=lambda name: (-self._most(name), name))) if narrow else wide

    def _most(self, wide: str) -> int:
        """The most lines that a format, or one that narrows it, fits."""
        return max(count for name, count in self.fits.items() if wide in (name, *wider(name)))

    @property
    def confidence(self) -> float:
        """Share of the sample's lines that the best format fits, 0 to 1."""
        return self.fits[self.likeliest] / self.lines if self.lines else 0.0

    def ranked(self) -> list[tuple[str, int]]:
        """Formats and how many lines they fit: the likeliest, then those that fit most."""
        best = self.likeliest
        return sorted(self.fits.items(), key=lambda item: (item[0] != best, -item[1], item[0]))


def wider(name: str) -> list[str]:
    """The formats that also fit all lines of this one, but read fewer columns of them."""
    known = format_of(name)
    return [known.narrows, *wider(known.narrows)] if known.narrows else []


@lru_cache(maxsize=256)
def knows(name: str) -> frozenset[str]:
    """The columns of the raw line that a format has about a request."""
    log_format = format_of(name)
    named = {column for column in RAW_COLUMNS if log_format.has(column)}
    return frozenset(named | {"site"} if log_format.site_in_request else named)


def sample_lines(head: bytes, complete: bool) -> list[bytes]:
    """Lines to try formats on, out of a file's first bytes; `complete` says that they are the whole file."""
    lines = head.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    if not complete and len(lines) > 1:
        lines.pop()  # probably cut short
    return [line for line in lines[:SAMPLE_LINES] if line.strip() and not line.startswith(b"#")]


def detect(head: bytes, formats: Mapping[str, Format], complete: bool = False) -> Detection:
    """Try the formats on the `sample_lines` of a file; first on the unwrapped lines, if most lines have the same wrapper.

    A log that declares its fields has the declared format. Raises `HeaderError` for a header by which nothing can be read. A
    header in its middle counts only if no other format fits: where X-Forwarded-For begins the line, any client can write one.
    """
    if head.lstrip(b"\xef\xbb\xbf\0 \r\n").startswith(b"#") and (declared := w3c.header_in(head)) is not None:
        return _declared(head, declared, complete)
    lines = sample_lines(head, complete)
    tried = []
    for word, unwrapped in BARE.items():
        bare = list(map(unwrapped, lines))
        if 2 * sum(map(operator.ne, bare, lines)) > len(lines):
            tried.append(_detection(bare, {word + name: known for name, known in formats.items()}))
            if tried[-1].format:
                return tried[-1]
    found = _detection(lines, formats)
    if found.format:
        return found
    declared = w3c.header_in(head)
    if declared is not None:
        return _declared(head, declared, complete)
    # None wins: that one is told of which fits most lines.
    return max([found, *tried], key=lambda each: max(each.fits.values(), default=0))


def as_in(word: str, sample: Iterable[bytes]) -> str:
    """The format of one file: a JSON format without the columns for which no line of the sample has a key.

    What a line then lacks was absent from its request. So that does not depend on which other lines stand near it.
    """
    known = format_of(word)
    lines = map(BARE[known.wrapping], sample) if known.wrapping else sample
    absent = objects.absent_columns(lines, known)
    return f"{word}{WITHOUT}{' '.join(absent)}" if absent else word


def _declared(head: bytes, declared: str, complete: bool) -> Detection:
    """How many lines fit the header before them: it may change after a few lines, because IIS writes one whenever it starts."""
    head = head if complete else head[: head.rfind(b"\n") + 1]
    lines = fits = 0
    for words, _, part in w3c.by_header(head, declared):
        sample = sample_lines(part, complete=True)[: SAMPLE_LINES - lines]
        lines += len(sample)
        known = format_of(words)
        fits += _fitting([row for line in sample if (row := exact.read(line, known)) is not None], known)
    return Detection(lines, {declared: fits}, {declared: fits})


def _spread(count: int) -> list[int]:
    """Some of so many places, without a period that a log could have; all, if they are few."""
    return [place * _STRIDE % count for place in range(_PROBED)] if count > _PROBED else [*range(count)]


def _fitting(rows: list[Mapping[str, str | None]], known: Format) -> int:
    """How many lines have plausible values, and a time that can be read."""
    return sum(timed and exact.is_plausible(row, known) for row, timed in zip(rows, exact.are_times(rows, known), strict=True))


def _detection(lines: list[bytes], formats: Mapping[str, Format]) -> Detection:
    read, fit, doubts = {}, {}, set[str]()
    # A format that reads none of a few lines from all over the sample is not tried on the others: thousands of files would wait.
    probe = [lines[at] for at in _spread(len(lines))]
    some = [name for name, known in formats.items() if any(exact.read(line, known) is not None for line in probe)]
    for name, known in formats.items():
        rows = [row for line in lines if (row := exact.read(line, known)) is not None] if name in some or not some else []
        doubts |= {doubt for doubt in [clients.doubt(rows)] if doubt and 2 * len(rows) >= len(lines)}
        rows = rows if exact.are_plausible(rows, known) else []
        read[name], fit[name] = len(rows), _fitting(rows, known)
    likeliest = Detection(len(lines), fit, read).likeliest
    if fit[likeliest] and names_no_site(formats[likeliest]):
        inner = formats[likeliest].name
        known, name = format_of(ABSOLUTE + inner), likeliest.removesuffix(inner) + ABSOLUTE + inner
        sure = sum(exact.fits(line, known) for line in lines)
        if sure >= known.evidence * fit[likeliest]:
            fit[name], read[name], formats = sure, read[likeliest], {**formats, name: known}
    found = Detection(len(lines), fit, read)
    if not fit[found.likeliest]:
        return replace(found, doubt=min(doubts, default=None))
    best = formats[found.likeliest]
    messages = sum(exact.is_message(line, best) for line in lines if not exact.fits(line, best))
    return replace(found, lines=found.lines - messages)
