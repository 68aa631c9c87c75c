"""The format benchmark measures a format of each kind, with the kernel that it names."""

from __future__ import annotations

from benchmarks import formats
from transforms import kernel


def test_each_format_is_measured(capsys):
    assert formats.main(["--lines", "300", "--runs", "1", "combined", "nginx_json", "cloudfront", "caddy:unordered"]) == 0
    told = capsys.readouterr().out
    assert f"{kernel.name()} kernel" in told
    rows = [line.split(" | ")[0] for line in told.splitlines() if line.startswith("| ")]
    assert rows == ["| format", "| combined", "| nginx_json", "| cloudfront", "| caddy:unordered"]
