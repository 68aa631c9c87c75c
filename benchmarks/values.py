"""Measure what the masks and detectors take from ordinary paths, which name nobody: the table in docs/privacy.md.

    python benchmarks/values.py [FILE ...]

Each file has one path a line. Without one, only paths of usual kinds are measured, which are made up, the same ones each time.
"""

from __future__ import annotations

import argparse
import hashlib
import string
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

from transforms.masking.path import scrub_path
from transforms.privacy.detectors import is_caught

r = Random(7)
WORDS = (
    "getting started install guide reference api tutorial release notes blog news about team contact pricing shop cart shoes "
    "jacket running red winter sale garden chair table lamp kitchen recipe bread summer travel berlin paris"
).split()


def hexed(length: int) -> str:
    return hashlib.sha256(str(r.random()).encode()).hexdigest()[:length]


def mixed(length: int, more: str = "") -> str:
    return "".join(r.choice(string.ascii_letters + string.digits + more) for _ in range(length))


def capitals(length: int) -> str:
    return "".join(r.choice(string.ascii_uppercase + string.digits) for _ in range(length))


def word() -> str:
    return r.choice(WORDS)


def slug(words: int) -> str:
    return "-".join(word() for _ in range(words))


def to(high: int, low: int = 0) -> int:
    return r.randint(low, high)


def version() -> str:
    return f"{to(9)}.{to(30)}.{to(30)}"


def documentation() -> list[str]:
    return [
        f"/docs/{to(5, 1)}.{to(20)}/{word()}/{word()}.html",
        f"/en/latest/{slug(2)}.html",
        f"/{word()}/v{version()}/",
        f"/javadoc/{to(21, 1)}/docs/api/java.base/java/util/{word().title()}{word().title()}.html",
        f"/3.{to(14, 6)}/library/{word()}.html",
        f"/docs/chapter-{to(30, 1)}-{slug(3)}/",
        f"/rfc/rfc{to(9999, 100)}.html",
        f"/man/man{to(8, 1)}/{word()}.{to(8, 1)}.html",
    ]


def packages() -> list[str]:
    return [
        f"/releases/download/v{version()}/{word()}-{version()}-linux-x86_64.tar.gz",
        f"/npm/{word()}@{version()}/dist/{word()}.min.js",
        f"/ajax/libs/{word()}/{version()}/{word()}.min.js",
        f"/pool/main/{word()}_{version()}-{to(9, 1)}+deb{to(12, 9)}u{to(5, 1)}_amd64.deb",
        f"/packages/{word()}-{version()}rc{to(4, 1)}-py3-none-any.whl",
        f"/ubuntu/{word()}_{to(9)}.{to(30)}.{to(9)}-{to(4)}ubuntu{to(9, 1)}~22.04.{to(9, 1)}_all.deb",
        f"/{word()}-1.{to(2025, 2010)}{to(12, 1):02}{to(28, 1):02}.tar.gz",
    ]


def dates() -> list[str]:
    year, month, day = to(2025, 2005), to(12, 1), to(28, 1)
    return [
        f"/{year}/{month:02}/{day:02}/{slug(3)}/",
        f"/blog/{year}-{month:02}-{day:02}-{slug(3)}.html",
        f"/archive/{year}/{month:02}/page/{to(40, 1)}/",
        f"/{year}/{month:02}/{to(150, 5)}-{slug(3)}/",
        f"/{year}/{month}/{day}/{slug(2)}",
        f"/{year}/{month:02}/{year}-{month:02}-{day:02}-{slug(2)}/",
        f"/events/{year}{month:02}{day:02}-{slug(2)}/",
    ]


def year_ranges() -> list[str]:
    year = to(2020, 1990)
    return [
        f"/seasons/{year}-{year + 1}/",
        f"/archive/{year}/{year + 1}/",
        f"/history/{year}-{year + 1}-{year + 2}/",
        f"/seasons/{year}-{year + 1}/{year + 1}-{year + 2}/",
    ]


def blogs() -> list[str]:
    return [
        f"/blog/{slug(3)}-{to(40, 2)}",
        f"/blog/{to(101, 5)}-{slug(4)}",
        f"/tag/{word()}/page/{to(40, 2)}/",
        f"/top-10-20-30-{word()}/",
        f"/en-GB/{slug(7)}/",
        f"/es-419/{word()}/",
    ]


def pictures() -> list[str]:
    year, month = to(2025, 2005), to(12, 1)
    size = r.choice(["300x225", "1024x683", "1536x1024", "150x150"])
    return [
        f"/wp-content/uploads/{year}/{month:02}/IMG_{to(9999, 1):04}-{size}.jpg",
        f"/wp-content/uploads/{year}/{month:02}/{slug(2)}-{to(20, 1)}-{size}.webp",
        f"/wp-content/uploads/sites/{to(9, 1)}/{year}/{month:02}/{word()}.png",
        f"/uploads/{year}/{month:02}/{year}{month:02}{to(28, 1):02}-{word()}.jpg",
        f"/wallpaper/{word()}-1920x1080-1280x720.jpg",
        f"/img/{word()}@2x.png",
    ]


def shops() -> list[str]:
    return [
        f"/product/{slug(3)}-{to(46, 36)}",
        f"/{slug(2)}/dp/B0{capitals(8)}/",
        "/img/p/1/2/3/123-home_default.jpg",
        f"/img/p/{to(9, 1)}/{to(9)}/{to(9)}/{to(9)}/{to(9999, 1000)}-large.jpg",
        f"/shop/{word()}/{word()}-{to(99, 10)}x{to(99, 10)}x{to(99, 10)}cm.html",
        f"/product/SM-G{to(999, 900)}B-{capitals(3)}/",
        f"/{word()}-{to(99, 10)}-{to(999, 100)}.html",
        f"/parts/{to(99, 10)}-{to(9999, 1000)}-{capitals(2)}.html",
    ]


def numbers() -> list[str]:
    return [
        f"/page/{to(99, 1)}/",
        f"/{word()}/{to(99, 1)}/{to(999, 1)}/",
        f"/bible/{to(66, 1)}/{to(50, 1)}/{to(30, 1)}/",
        f"/{word()}/{to(9, 1)}/{to(9, 1)}/{to(9, 1)}/{to(9, 1)}/",
        f"/forum/viewtopic-{to(9999, 1)}-{to(50, 1)}.html",
        f"/tiles/{to(9, 1)}/{to(500, 1)}/{to(500, 1)}.png",
    ]


def codes() -> list[str]:
    return [
        f"/standards/iso-{to(9999, 1000)}-{to(9, 1)}/",
        f"/cve/CVE-{to(2025, 2005)}-{to(9999, 1):04}",
        f"/kb/KB{to(9999, 1000)}",
        f"/errors/0x{to(0xFFFF, 1):04x}/",
        f"/doi/10.{to(9999, 1000)}/{word()}.{to(99, 1)}",
    ]


def short_hashes() -> list[str]:
    return [
        f"/assets/app.{hexed(6)}.js",
        f"/static/index-{mixed(8)}.js",
        f"/assets/{word()}-{mixed(8, '_-')}.css",
        f"/static/js/{to(999, 1)}.{hexed(8)}.chunk.js",
        f"/main-{capitals(8)}.js",
    ]


def other_scripts() -> list[str]:
    return """
    /caf%C3%A9/ /wiki/%E6%9D%B1%E4%BA%AC /wiki/%E5%B9%B3%E6%88%9030%E5%B9%B4 /%E7%AC%AC12%E5%9B%9E/ /wiki/20%C2%B0
    """.split()


KINDS: dict[str, tuple[Callable[[], list[str]], int]] = {
    "documentation": (documentation, 20),
    "versions and packages": (packages, 20),
    "dates": (dates, 20),
    "ranges of years": (year_ranges, 10),
    "blogs, locales": (blogs, 15),
    "pictures": (pictures, 20),
    "shops": (shops, 15),
    "pagination, numbers in folders": (numbers, 15),
    "standards and other codes": (codes, 10),
    "other scripts": (other_scripts, 1),
    "ISBN": (lambda: [f"/isbn/978-3-16-148410-{to(9)}/"], 5),
    "hashes of assets, 6 to 8 characters": (short_hashes, 20),
    "hashes of assets, 10 hexadecimal digits": (lambda: [f"/static/js/{word()}.{hexed(10)}.js"], 30),
    "hashes of assets, 12 hexadecimal digits": (lambda: [f"/static/admin/css/base.{hexed(12)}.css"], 30),
    "hashes of assets, 16 or more": (lambda: [f"/chunks/{word()}-{hexed(16)}.js", f"/_next/static/{mixed(21, '_-')}/x.js"], 20),
    "short hashes of git": (lambda: [f"/commit/{hexed(7)}", f"/-/commit/{hexed(8)}"], 20),
    "map tiles of zoom 12 and more": (lambda: [f"/tiles/{to(18, 12)}/{to(9999, 2000)}/{to(9999, 1000)}.png"], 20),
}


def kinds() -> Iterator[tuple[str, list[str]]]:
    """Paths of each kind."""
    r.seed(7)
    for kind, (make, times) in KINDS.items():
        yield kind, sorted({path for _ in range(times) for path in make()})


def lost(paths: list[str]) -> tuple[int, int]:
    """How many paths the mask changes, and how many of the results the detectors catch."""
    return sum(scrub_path(path) != path for path in paths), sum(is_caught(scrub_path(path)) for path in paths)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path)
    files = parser.parse_args().files
    measured = [(path.name, sorted(set(path.read_text(encoding="utf-8").split()))) for path in files]
    print("| paths | number | masked | caught |\n|---|---|---|---|")
    for name, paths in (*measured, *kinds()):
        masked, caught = lost(paths)
        print(f"| {name} | {len(paths)} | {masked} | {caught} |")


if __name__ == "__main__":
    main()
