"""The format benchmark measures each reader on all lines."""

from __future__ import annotations

import pytest

from benchmarks import formats


@pytest.mark.parametrize("way", formats.WAYS)
def test_each_way_is_measured_and_gone_afterwards(way, capsys):
    whole = formats.columnar.split, formats.columnar.read_alike
    assert (
        formats.main(["--lines", "300", "--runs", "1", "--by", way, "combined", "nginx_json", "cloudfront", "caddy:unordered"])
        == 0
    )
    rows = [line.split(" | ")[0] for line in capsys.readouterr().out.splitlines() if line.startswith("| ")]
    assert rows == ["| format", "| combined", "| nginx_json", "| cloudfront", "| caddy:unordered"]
    assert (formats.columnar.split, formats.columnar.read_alike) == whole
