"""Measures the parsing of each log format in lines/s and MB/s, on one core, without Beam.

    python benchmarks/formats.py --lines 100000
    WEBLOG_KERNEL=python python benchmarks/formats.py nginx_json

The lines are those of the example's day, written again in each format as its server would write them. In `caddy:unordered` each
line has all headers of a browser and of the response in a different order, and some of them contain quotes. Real Caddy logs look
like this, because Go's maps have no order.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import time
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

import pyarrow as pa  # noqa: E402

from examples.generate import generate  # noqa: E402
from tests.writers import WRITERS, Request, write  # noqa: E402
from transforms import kernel  # noqa: E402
from transforms.formats.registry import FORMATS, format_of  # noqa: E402
from transforms.parsing.detect import detect  # noqa: E402
from transforms.parsing.parse import parse_block  # noqa: E402

BLOCK_BYTES = 16 << 20
UNORDERED = "caddy:unordered"
HEADERS = {
    "Accept": ["text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"],
    "Accept-Language": ["de-DE,de;q=0.9"],
    "Priority": ["u=0, i"],
    "Sec-Ch-Ua": ['"Chromium";v="134", "Not:A-Brand";v="24"'],
    "Sec-Ch-Ua-Mobile": ["?0"],
    "Sec-Ch-Ua-Platform": ['"Windows"'],
    "Sec-Fetch-Dest": ["document"],
    "Sec-Fetch-Mode": ["navigate"],
    "Sec-Fetch-Site": ["same-origin"],
    "Upgrade-Insecure-Requests": ["1"],
}
"""What a browser sends by HTTPS beside what Caddy's writer has."""
TLS = {"resumed": False, "version": 772, "cipher_suite": 4865, "proto": "h2", "server_name": "www.example.org"}
ANSWER = {
    "Alt-Svc": ['h3=":443"; ma=2592000'],
    "Content-Type": ["text/html; charset=utf-8"],
    "Etag": ['"dgk3b1x9c2"'],
    "Server": ["Caddy"],
    "Vary": ["Accept-Encoding"],
}

W3C = {
    "netscaler": "date time c-ip cs-username sc-servicename s-ip s-port cs-method cs-uri-stem cs-uri-query sc-status cs-bytes"
    " sc-bytes time-taken cs-version cs(User-Agent) cs(Cookie) cs(Referer)",
    "incapsula": "date time cs-vid cs-clapp cs-browsertype cs-js-support cs-co-support c-ip s-caip cs-clappsig s-capsupport"
    " s-suid cs(User-Agent) cs-sessionid s-siteid cs-countrycode s-tag cs-cicode s-computername cs-lat cs-long s-accountname"
    " cs-uri cs-postbody cs-version sc-action s-externalid cs(Referrer) s-ip s-port cs-method cs-uri-query sc-status s-xff"
    " cs-bytes cs-start cs-rule cs-severity cs-attacktype cs-attackid s-ruleName",
    "shoutcast": "c-ip c-dns date time cs-uri-stem c-status cs(User-Agent) sc-bytes x-duration avgbandwidth",
}
"""Fields of W3C logs beside those of IIS and CloudFront, as their documentation has them."""


def main(arguments: list[str] | None = None) -> int:
    """Write the lines in each format, parse them a few times, print a table."""
    options = _parser().parse_args(arguments)
    pa.set_cpu_count(1)  # as in a worker
    requests = requests_of_a_day(options.lines)
    print(f"{len(requests):,} lines, one core, {kernel.name()} kernel, median of {options.runs} runs\n")
    print("| format | bytes a line | lines/s | MB/s |\n|---|---|---|---|")
    for name in options.formats or (*WRITERS, *W3C, UNORDERED):
        log = unordered(requests) if name == UNORDERED else by_header(name, requests) if name in W3C else write(name, requests)
        seconds = statistics.median(parse_seconds(name, log) for _ in range(options.runs))
        lines = log.count(b"\n")
        print(f"| {name} | {len(log) / lines:,.0f} | {lines / seconds:,.0f} | {len(log) / seconds / 1e6:,.0f} |", flush=True)
    return 0


def unordered(requests: list[Request]) -> bytes:
    """Caddy's lines with the headers of a browser and of the answer, shuffled on each."""
    chance = random.Random(0)
    lines = []
    for line in write("caddy", requests).splitlines():
        entry = json.loads(line)
        headers, answer = [*(entry["request"]["headers"] | HEADERS).items()], [*ANSWER.items()]
        chance.shuffle(headers)
        chance.shuffle(answer)
        entry["request"] |= {"headers": dict(headers), "tls": TLS}
        entry["resp_headers"] = dict(answer)
        lines.append(json.dumps(entry, ensure_ascii=False, separators=(",", ":")) + "\n")
    return "".join(lines).encode()


def by_header(name: str, requests: list[Request]) -> bytes:
    """A W3C log: Incapsula's values stand in quotes, and its URLs hold the host; SHOUTcast's agents are percent-encoded."""
    quoted = name == "incapsula"
    lines = [f"#Fields: {W3C[name]}"]
    for request in requests:
        stem, _, query = request.target.partition("?")
        values = {
            **{"date": f"{request.utc:%Y-%m-%d}", "time": f"{request.utc:%H:%M:%S}", "c-ip": request.host},
            **{"cs-method": request.method, "cs-uri-stem": stem, "cs-uri": f"{request.site}{stem}", "cs-uri-query": query},
            **{"sc-status": str(request.status), "c-status": str(request.status), "sc-bytes": str(request.size)},
            **{
                "cs-version": "HTTPS" if quoted else request.protocol,
                "cs(Referer)": request.referer,
                "cs(Referrer)": request.referer,
            },
        }
        agent = request.agent.replace('"', "'")
        values["cs(User-Agent)"] = agent if quoted else quote(agent) if name == "shoutcast" else agent.replace(" ", "+")
        words = (values.get(field, "") for field in W3C[name].split())
        lines.append(" ".join(f'"{word}"' if quoted else word or "-" for word in words))
    return ("\n".join(lines) + "\n").encode()


def requests_of_a_day(lines: int) -> list[Request]:
    """The requests of the example's day that are whole, in their order."""
    parsed = parse_block(b"".join(generate(lines, log_format="vhost_combined")), FORMATS["vhost_combined"])
    entries = parsed.entries.sort_by("request_time").to_pylist()
    return [
        Request(
            *(row["site"].partition(":")[0], row["remote_host"], row["request_time"], row["method"], row["target"]),
            *(row["protocol"] or "HTTP/1.1", int(row["status"]), row["bytes_sent"], _absent(row["referer"])),
            _absent(row["user_agent"]),
        )
        for row in entries
        if row["method"] and row["status"].isdigit()
    ]


def parse_seconds(name: str, log: bytes) -> float:
    """Seconds of CPU for a file in blocks, as a worker has them."""
    known = format_of(_detected(log))
    if name in FORMATS and known.name != name:
        raise SystemExit(f"{name}: the lines written are taken for {known.name}")
    taken, at = 0.0, 0
    while at < len(log):
        end = len(log) if at + BLOCK_BYTES >= len(log) else log.rindex(b"\n", at, at + BLOCK_BYTES) + 1
        block = log[at:end]
        began = time.process_time()
        parsed = parse_block(block, known, at)
        taken += time.process_time() - began
        if parsed.rejects:
            raise SystemExit(f"{name}: {len(parsed.rejects)} lines were rejected")
        at = end
    return taken


def _detected(log: bytes) -> str:
    found = detect(log[: 64 << 10], FORMATS).format
    if found is None:
        raise SystemExit("the lines written are of no known format")
    return found


def _absent(text: str) -> str:
    return text or "-"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("formats", nargs="*", metavar="FORMAT", help="only these")
    return parser


if __name__ == "__main__":
    sys.exit(main())
