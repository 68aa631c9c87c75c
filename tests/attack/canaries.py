"""Generates logs with a secret in every field, and searches outputs for these secrets in every encoding."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import ipaddress
import json
import os
from pathlib import Path
from urllib.parse import quote

from tests.logs import UNNAMED, address, crowd, line

HOST = "20.177.188.199"
IPV6 = "2a00:1450:ca4a:17ff:fe00:beef:cafe:77"
CANARIES = {
    "host": HOST,
    "IPv6": IPV6,
    "name": "canaryhost7.example.net",
    "ident": "canaryident7",
    "user": "canaryuser7",
    "path": "canarypath7",
    "query": "canaryquery7",
    "method": "CANARYMETHOD",
    "protocol": "CANARYPROTO/7",
    "referrer host": "canaryreferrer7.example.com",
    "referrer path": "canaryinside7",
    "agent": "CanaryAgent7",
    "site": "canarysite7",
    "forwarded": "20.166.155.144",
    "cookie": "canarycookie7",
    "request id": "canaryrequest7",
    "broken": "canarybroken7",
    "bytes": "canarybytes7",
}
WIDE = r"%v:%p %h %l %u %t \"%r\" %>s %O \"%{Referer}i\" \"%{User-Agent}i\" \"%{X-Forwarded-For}i\" \"%{Cookie}i\" %{UNIQUE_ID}e"
CROWD = 60
SITE = b"www.example.org:443 "


def lines_of_vhosts() -> tuple[list[bytes], list[bytes]]:
    """Whole lines behind `site:port`, those of a crowd first, and broken ones."""
    at = CANARIES
    lines = [
        line(
            HOST, user=at["user"], request=f"GET /{at['path']}?{at['query']}=1 HTTP/1.1", agent=f"{at['agent']}/1.0 (X11) Safari"
        ),
        line(HOST).replace(b" - - ", f" {at['ident']} {at['user']} ".encode()),
        line(HOST, user=f"{at['user']} of {at['site']}"),
        line(IPV6, referer=f"https://{at['referrer host']}/{at['referrer path']}?{at['query']}"),
        line(at["name"], request=f"{at['method']} / HTTP/1.1", agent=f"{at['agent']}Crawler/2.0 bot"),
        line(HOST, request=f"GET /{at['path']} {at['protocol']}", status=400),
        line(HOST, request=f"/{at['path']}", status=400, referer=at["referrer path"]),
        line(HOST, request=rf"\x16\x03{at['bytes']}", status=400),
        line(HOST, agent=rf"a \"{at['agent']}\" b"),
        line(HOST, referer=f"https://{at['referrer host']}\\\\{at['referrer path']}"),
        line(HOST, agent=at["bytes"] + "\xff\xfe").decode().encode("latin-1"),
        line(HOST, request=f"GET /{at['bytes']}\xff\xfe HTTP/1.1").decode().encode("latin-1"),
        line(at["forwarded"], status=404, request=f"GET /{at['path']}.html HTTP/1.1"),
    ]
    whole = [SITE + one for one in [*crowd(CROWD).splitlines(keepends=True), *lines]]
    whole.append(f"{at['site']}.example.org:80 ".encode() + line(HOST))
    broken = [
        f'{SITE.decode()}{HOST} - {at["broken"]} [03/Mar/2026:10:00:00 +0000] "GET /{at["path"]}\n'.encode(),
        f"{at['broken']} {HOST} \xff\n".encode("latin-1"),
        SITE + line(HOST, time=f"{at['broken']}:10:00 +0000"),
        SITE + line(HOST, time="99/Mar/2026:10:00:00 +0000", user=at["broken"]),
        b"\x00\x01" + at["broken"].encode() + b"\n",
    ]
    return whole, [f"{at['site']} x:80 ".encode() + line(HOST), *broken * 2]


def lines_of_everything() -> tuple[list[bytes], list[bytes]]:
    """The same in a format that has more fields than anybody wants: proxies, cookies, request ids."""
    more = f'"{CANARIES["forwarded"]}, {HOST}" "session={CANARIES["cookie"]}" {CANARIES["request id"]}\n'.encode()
    whole, broken = lines_of_vhosts()
    crowded = [one.rstrip(b"\n") + b' "-" "-" -\n' for one in whole[:CROWD]]
    return crowded + [one.rstrip(b"\n") + b" " + more for one in whole[CROWD:]], broken


def lines_of_json() -> tuple[list[bytes], list[bytes]]:
    """JSON with nginx's variables as keys, and with keys that nobody asked for."""
    at = CANARIES

    def event(remote: str, request: str = "GET / HTTP/1.1", **values: object) -> bytes:
        usual = {"remote_addr": remote, "time_iso8601": "2026-03-03T10:00:00+00:00", "request": request, "status": 200}
        return json.dumps({**usual, "body_bytes_sent": 1000, "http_user_agent": "Mozilla/5.0", **values}).encode() + b"\n"

    whole = [event(address(number)) for number in range(1, CROWD + 1)]
    whole += [
        event(HOST, f"GET /{at['path']}?{at['query']}=1 HTTP/1.1", http_user_agent=f"{at['agent']}/1.0", remote_user=at["user"]),
        event(IPV6, http_referer=f"https://{at['referrer host']}/{at['referrer path']}", http_cookie=at["cookie"]),
        event(HOST, f"{at['method']} / {at['protocol']}", http_x_forwarded_for=at["forwarded"], request_id=at["request id"]),
        event(
            HOST, host=f"{at['site']}.example.org", ident=at["ident"], body={at["bytes"]: [at["name"], {"deep": at["broken"]}]}
        ),
        event(HOST, status={"is": at["broken"]}),
    ]
    broken = [
        event(HOST, f"GET /{at['path']}")[:-40] + b"\n",
        event(HOST, time_iso8601=at["broken"]),
        f'{{"remote_addr": "{at["broken"]}\xff"}}\n'.encode("latin-1"),
        f"{at['broken']} {HOST}\n".encode(),
        f'{{"{at["broken"]}": 1}}\n'.encode(),
    ]
    return whole, broken


LOGS = {"vhost_combined": lines_of_vhosts, WIDE: lines_of_everything, "nginx_json": lines_of_json}


def log(log_format: str = "vhost_combined") -> bytes:
    """All lines of one of the logs, whole ones first."""
    whole, broken = LOGS[log_format]()
    return b"".join(whole + broken)


def forms(text: str) -> set[bytes]:
    """The ways in which a value could come out: as it is, encoded, or hashed without a secret."""
    raw = text.encode()
    percent = "".join(f"%{byte:02X}" for byte in raw)
    found = {
        raw,
        quote(text, safe="").encode(),
        percent.encode(),
        quote(percent, safe="").encode(),
        raw.hex().encode(),
        raw[::-1],
    }
    found |= {"".join(f"\\x{byte:02x}" for byte in raw).encode(), text.encode("utf-16-le"), raw.hex(" ").encode()}
    with contextlib.suppress(ValueError):
        number = ipaddress.ip_address(text)
        found |= {str(int(number)).encode(), number.exploded.encode(), number.packed, number.reverse_pointer.encode()}
    for shift in range(3):
        # Within a longer text, base64 depends on where the value begins: its inner digits at each of three places.
        encoded = base64.b64encode(b"\x00" * shift + raw)
        found.add(encoded[4 if shift else 0 : len(encoded) // 4 * 4 - 4])
    for name in ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_256", "blake2b", "blake2s"):
        digest = hashlib.new(name, raw).digest()
        found |= {digest[:12], digest.hex()[:16].encode(), base64.b64encode(digest)[:16], base64.urlsafe_b64encode(digest)[:16]}
    return {form for form in found if len(form) >= 8}


FORMS = {name: forms(text) for name, text in CANARIES.items()} | {
    "truncated": {HOST.rpartition(".")[0].encode(), b"2a00:1450:ca4a"},
}


def leaks(data: bytes) -> list[str]:
    """Names of the secrets that stand in the data in any form, in capitals or not."""
    lowered = data.lower()
    return [name for name, all_forms in FORMS.items() if any(form in data or form.lower() in lowered for form in all_forms)]


def everything_in(folder: Path) -> bytes:
    """All names and bytes below a folder."""
    found = b""
    for where, _, names in os.walk(folder):  # what vanishes while it is walked was a temporary one
        found += os.path.relpath(where, folder).encode() + b"\n"
        for name in names:
            found += name.encode() + b"\n"
            with contextlib.suppress(OSError):  # gone by now, or a socket
                found += (Path(where) / name).read_bytes()
    return found


def arguments(source: Path, result: Path, log_format: str = "vhost_combined") -> list[str]:
    """`run` on the log, everything it writes below `result`."""
    given = ["--input", str(source), "--output", str(result / "data"), "--format", log_format, "--max-reject-ratio", "0.3"]
    if log_format == WIDE:
        given += ["--trusted-proxies", "1"]
    return ["run", *UNNAMED, *given, "--period", "day", "--run-record", str(result / "record.json")]


NOISY = ("--privacy", "dp", "--date", "2026-03-03", "--declare-site", "www.example.org")
"""With these the same run is one of the dp mode."""
