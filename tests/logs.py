"""Builds log lines from values, so that tests need not quote real logs."""

from __future__ import annotations

UNNAMED = ("--site", "(unknown)")
"""For a log that names no site, which needs none in a test. A --site that comes later replaces it."""

CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.5 Mobile/15E148 Safari/604.1"
)
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


def line(
    host: str = "8.8.8.8",
    time: str = "03/Mar/2026:10:00:00 +0000",
    request: str = "GET / HTTP/1.1",
    status: int | str = 200,
    size: int | str = 1000,
    referer: str = "-",
    agent: str = CHROME,
    user: str = "-",
) -> bytes:
    """One line of the combined format; values stand as given, so escape them as a server would."""
    return f'{host} - {user} [{time}] "{request}" {status} {size} "{referer}" "{agent}"\n'.encode()


def crowd(count: int, first: int = 1, **values: object) -> bytes:
    """One line each from `count` addresses in as many networks; equal numbers mean equal addresses."""
    return b"".join(line(host=address(number), **values) for number in range(first, first + count))


def address(number: int) -> str:
    """An address of network `number`, 1 to 60,000."""
    return f"20.{number // 250}.{number % 250}.7"
