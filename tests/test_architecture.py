"""The rules of the house: who may import whom, and who may write."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted(path for folder in ("pipeline", "transforms") for path in (ROOT / folder).rglob("*.py"))
TRANSFORMS = [path for path in SOURCES if path.is_relative_to(ROOT / "transforms")]
FLOORS = ("ground", "formats", "parsing", "masking", "dimensions", "reports", "counting", "privacy", "block")
"""Folders of `transforms` from below, and the file above them; "ground" is all its other files."""
STILL_UPWARDS = {"transforms.schema"}  # to be empty: it describes measures by the bounds of the dp mode


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "a relative import"
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def floor(module: str) -> int:
    return FLOORS.index(part) if (part := module.split(".")[1]) in FLOORS else 0


def name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


@pytest.mark.parametrize("path", TRANSFORMS, ids=name)
def test_transforms_know_arrow_only(path):
    assert not {module for module in imports(path) if module.split(".")[0] in ("apache_beam", "pipeline")}


@pytest.mark.parametrize("path", [path for path in TRANSFORMS if name(path) not in STILL_UPWARDS], ids=name)
def test_transforms_import_downwards_only(path):
    assert not {module for module in imports(path) if module.startswith("transforms.") and floor(module) > floor(name(path))}


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_a_file_does_one_thing(path):
    assert len(path.read_text().splitlines()) <= 400


def test_only_the_door_makes_released_tables_and_only_the_writer_writes():
    makes = [name(path) for path in SOURCES if "Released(_DOOR" in path.read_text()]
    writes = [name(path) for path in SOURCES if "write_table(" in path.read_text()]
    assert makes == ["transforms.privacy.release"]
    assert writes == ["pipeline.outputs.parquet", "transforms.wire"]  # wire's is the stream between steps


def test_a_worker_starts_without_beam():
    code = "import sys, transforms.block, transforms.counting.count; sys.exit('apache_beam' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_the_command_line_starts_without_beam():
    code = "import sys, pipeline.__main__ as m; m.main(['formats']); sys.exit('apache_beam' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
