"""Takes docs/privacy.md, checks that every test that it names exists, and that every claim names one."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
CLAIMS = re.findall(r"^\| (\d+) \| (.+?) \| (.+) \|$", (ROOT / "docs" / "privacy.md").read_text(), re.MULTILINE)


def test_claims_are_numbered_and_each_names_a_test():
    assert [int(number) for number, _, _ in CLAIMS] == list(range(1, len(CLAIMS) + 1))
    assert len(CLAIMS) >= 18
    for _, claim, tests in CLAIMS:
        assert re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", tests), claim


def test_each_named_test_exists():
    for _, claim, tests in CLAIMS:
        for file, name in re.findall(r"`([^`:]+)::([^`]+)`", tests):
            tree = ast.parse((ROOT / file).read_text())
            assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, (claim, file, name)
