"""Extracts the scripts below a heading of docs/engines.md, as a reader would copy them."""

from __future__ import annotations

import re
import shlex

from tests.engines.outcome import ROOT

PAGE = (ROOT / "docs" / "engines.md").read_text(encoding="utf-8")


def scripts(heading: str) -> list[str]:
    """The fenced blocks for a shell, in their order."""
    section = re.split(r"^#", PAGE.partition(f"# {heading}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]
    return re.findall(r"^```bash\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)


def words(script: str) -> list[str]:
    """What a shell makes of it."""
    return shlex.split(script.replace("\\\n", " "))


def placed(script: str, places: dict[str, str]) -> str:
    """The script with this machine's places instead of the page's; each must be there."""
    for of_the_page, here in places.items():
        assert of_the_page in script, of_the_page
        script = script.replace(of_the_page, here)
    return script
