"""A wheel, built from a copy of the checkout, holds all of the program and nothing else."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("pipeline/", "transforms/")
DATA = "transforms/data/"
BUILD = "import sys; from setuptools.build_meta import build_wheel; build_wheel(sys.argv[1])"


@pytest.fixture(scope="module")
def tracked() -> list[str]:
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("only git knows what belongs to a checkout")
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    return [name for name in names if (ROOT / name).is_file()]


def test_each_folder_with_modules_is_a_package(tracked):
    folders = {name.rpartition("/")[0] for name in tracked if name.startswith(PACKAGES) and name.endswith(".py")}
    assert {folder for folder in folders if f"{folder}/__init__.py" not in tracked} == set()


def test_a_wheel_has_all_modules_and_data_and_nothing_else(tracked, tmp_path):
    source = tmp_path / "source"
    for name in tracked:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, source / name)
    built = subprocess.run([sys.executable, "-c", BUILD, str(tmp_path)], cwd=source, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if not name.partition("/")[0].endswith(".dist-info")}
    own = {name for name in tracked if name.startswith(PACKAGES) and name.endswith((".py", ".pyi"))}
    assert held == own | {name for name in tracked if name.startswith(DATA)}
