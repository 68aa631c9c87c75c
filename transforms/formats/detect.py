"""Takes the first lines of a log, gives its format and how sure that is: the clear winner among all, tried on every line."""

from __future__ import annotations

from dataclasses import dataclass

from transforms.formats import Format
from transforms.formats.exact import fits

SAMPLE_BYTES = 256 << 10
SAMPLE_LINES = 1_000


@dataclass(frozen=True, slots=True)
class Detection:
    """How many of the sample's lines each format fits; `format` is the clear winner's name, or None."""

    lines: int
    fits: dict[str, int]

    @property
    def format(self) -> str | None:
        """The format that fits at least half of the lines, and twice as many as any other."""
        ranked = sorted(self.fits.items(), key=lambda item: -item[1])
        if not ranked or not self.lines or 2 * ranked[0][1] < self.lines:
            return None
        if len(ranked) > 1 and 2 * ranked[1][1] > ranked[0][1]:
            return None
        return ranked[0][0]

    @property
    def confidence(self) -> float:
        """Share of the sample's lines that the best format fits, 0 to 1."""
        return max(self.fits.values(), default=0) / self.lines if self.lines else 0.0


def detect(head: bytes, formats: dict[str, Format], complete: bool = False) -> Detection:
    """Try the formats on a file's first bytes; `complete` says that they are the whole file."""
    lines = head.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    if not complete and len(lines) > 1:
        lines.pop()  # probably cut short
    lines = [line for line in lines[:SAMPLE_LINES] if line.strip() and not line.startswith(b"#")]
    return Detection(len(lines), {name: sum(fits(line, known) for line in lines) for name, known in formats.items()})
