"""Builds one JSON file with the channel of each host, from Matomo's lists of search engines, social networks and AI assistants.

    python scripts/build_referrers.py searchengine-and-social-list/ transforms/data/referrers.json

Source: https://github.com/matomo-org/searchengine-and-social-list, CC0. `{}` is a placeholder for a language or a public suffix.
Entries with a path, or with `{}` in their middle, are left out: lookups compare hosts only, label by label.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import yaml

LISTS = {"search": "SearchEngines.yml", "social": "Socials.yml", "ai": "AIAssistants.yml"}


def main(source: str, destination: str) -> None:
    """Later lists win: an AI assistant's host may belong to a search engine."""
    channels: dict[str, str] = {}
    for channel, file in LISTS.items():
        listed = yaml.safe_load((Path(source) / file).read_text())
        for entries in listed.values():
            for host in _hosts(entries):
                if "/" not in host and "{}" not in host[1:-2]:
                    channels[host.removeprefix("www.").lower()] = channel
    Path(destination).write_text(json.dumps(channels, indent=0, sort_keys=True, ensure_ascii=False) + "\n")


def _hosts(entries: list[Any]) -> list[str]:
    """Hosts of a list entry: plain ones, or those under `urls`."""
    return [str(host) for entry in entries for host in (entry["urls"] if isinstance(entry, dict) else [entry])]


if __name__ == "__main__":
    main(*sys.argv[1:])
