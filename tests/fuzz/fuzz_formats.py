"""Fuzzes a family of log formats, guided by coverage: finds errors, and lines whose reading depends on the block boundaries.

    python tests/fuzz/fuzz_formats.py json 20

The first byte of an input selects the format, the rest is the block. The golden logs are the initial corpus. The number is the
time in seconds. The exit code is 0 if nothing was found. Findings are kept below build/.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

with atheris.instrument_imports(include=["transforms.formats", "transforms.parsing"]):
    from tests.transforms.parsing.agreement import check
    from transforms.formats import DOCKER, SYSLOG
    from transforms.formats.registry import FORMATS, format_of
    from transforms.formats.w3c import header_in

GOLDEN = ROOT / "tests" / "transforms" / "formats" / "golden"
ARTIFACTS = f"-artifact_prefix={ROOT / 'build'}/"
W3C = ("iis", "netscaler", "incapsula", "shoutcast", "cloudfront")
OWN = (
    '%h %l %u %t "%r" %>s %b',
    "$msec|$host|$remote_addr|$request_method|$request_uri|$server_protocol|$status|$http_user_agent",
    '$remote_addr [$time_iso8601] "$request" $status $body_bytes_sent rt=$request_time',
)


def families() -> dict[str, dict[str, str]]:
    """Of each family its formats, and the golden folder that each begins with."""
    by_columns = {name: name for name, known in FORMATS.items() if known.fields}
    return {
        "columns": {name: folder if (GOLDEN / folder).exists() else "combined" for name, folder in by_columns.items()},
        "json": {name: name for name, known in FORMATS.items() if known.keys},
        "wrapped": {
            **{SYSLOG + "combined": "syslog_combined", SYSLOG + "nginx_json": "syslog_fastly"},
            **{DOCKER + "combined_forwarded": "docker_combined_forwarded", DOCKER + "caddy": "docker_caddy"},
        },
        "w3c": {header_in((GOLDEN / name / "input.log").read_bytes()) or "": name for name in W3C},
        "own": dict.fromkeys(OWN, "combined"),
    }


def main() -> None:
    """Fuzz one family until its time is over."""
    family, seconds = sys.argv[1], int(sys.argv[2])
    formats = families()[family]
    names = list(formats)

    def one(data: bytes) -> None:
        if len(data) > 1:
            check(data[1:], format_of(names[data[0] % len(names)]))

    with tempfile.TemporaryDirectory() as corpus:
        for number, folder in enumerate(formats.values()):
            for place, line in enumerate((GOLDEN / folder / "input.log").read_bytes().split(b"\n")):
                (Path(corpus) / f"{number}-{place}").write_bytes(bytes([number]) + line + b"\n" + line)
        atheris.Setup(
            [sys.argv[0], f"-max_total_time={seconds}", "-timeout=60", "-rss_limit_mb=0", "-verbosity=0", ARTIFACTS, corpus], one
        )
        atheris.Fuzz()


if __name__ == "__main__":
    main()
