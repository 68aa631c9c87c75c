"""Counts how many requests of each golden log GoAccess reads: the figures of docs/formats.md.

    python scripts/compare_goaccess.py

GoAccess gets each line that is a request in a file of its own, with the closest of its formats.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

GOLDEN = Path(__file__).parents[1] / "tests" / "transforms" / "formats" / "golden"
NEAREST = {
    **dict.fromkeys(("common", "common_timed"), "COMMON"),
    **dict.fromkeys(("combined", "combinedio", "combined_forwarded", "combined_forwarded_timed", "combined_timed"), "COMBINED"),
    **dict.fromkeys(("combined_forwarded_more", "forwarded_combined", "beanstalk"), "COMBINED"),
    **dict.fromkeys(("varnish", "lighttpd", "ovh", "virtualmin", "gandi", "ionos"), "COMBINED"),
    **dict.fromkeys(("syslog_combined", "docker_combined_forwarded", "docker_logs"), "COMBINED"),
    **dict.fromkeys(("vhost_combined", "site_combined", "site_combined_more", "vhost_combined_more"), "VCOMBINED"),
    **dict.fromkeys(("vhost_common", "site_common"), "VCOMMON"),
    **dict.fromkeys(("iis", "netscaler", "incapsula", "shoutcast"), "W3C"),
    "cloudfront": "CLOUDFRONT",
    "aws_alb": "AWSALB",
    "aws_elb": "AWSELB",
    "aws_s3": "AWSS3",
    "google_storage": "CLOUDSTORAGE",
    "squid": "SQUID",
    **dict.fromkeys(("caddy", "docker_caddy"), "CADDY"),
}


def main() -> int:
    """Print a line for each golden log."""
    for folder, log_format in NEAREST.items():
        lines = (GOLDEN / folder / "input.log").read_bytes().removesuffix(b"\n").split(b"\n")
        outcomes = (GOLDEN / folder / "expected.jsonl").read_text("utf-8").splitlines()
        asked = [line for line, outcome in zip(lines, outcomes, strict=True) if "request_time" in json.loads(outcome)]
        read = sum(is_read(line, log_format) for line in asked)
        print(f"{folder}: {len(asked)} requests, GoAccess as {log_format} reads {read}", flush=True)
    return 0


def is_read(line: bytes, log_format: str) -> bool:
    """Whether GoAccess counts the line as a request."""
    with tempfile.TemporaryDirectory() as folder:
        log, result = Path(folder, "access.log"), Path(folder, "result.json")
        log.write_bytes(line + b"\n")
        words = [f"--log-format={log_format}", "--no-global-config", "--no-progress", "--num-tests=0", "-o", str(result)]
        subprocess.run(["goaccess", str(log), *words], stdin=subprocess.DEVNULL, capture_output=True, check=False)
        # Its JSON repeats what it read, also bytes that are no UTF-8.
        return result.exists() and b'"valid_requests": 1,' in result.read_bytes()


if __name__ == "__main__":
    sys.exit(main())
