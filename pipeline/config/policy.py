"""From the options to the policy: apart from the rest of the configuration, so that `explain` need not load its databases."""

from __future__ import annotations

import argparse
from typing import Any

from pipeline.errors import EXIT_USAGE, JobError
from transforms.errors import translated
from transforms.privacy.policy import Policy, Settings, policies


def policy_of_options(options: argparse.Namespace, sites: tuple[str, ...] = (), explained: bool = False) -> Policy:
    """The policy that the options select, for a run whose files are of `sites`, or for `explain`; raises `JobError` (exit 2)."""
    given: dict[str, Any] = {name: value for name, value in vars(options).items() if name in Settings.__dataclass_fields__}
    given["declare_site"] = tuple(given.get("declare_site") or ())
    settings = Settings(**given, sites=sites)
    policy = policies()[options.privacy]
    for other in policies().values():
        for name in other.own_settings:
            if getattr(settings, name) and name not in policy.own_settings:
                message = f"--{name.replace('_', '-')}: it belongs to --privacy {other.mode}."
                raise JobError(EXIT_USAGE, "usage", message)
    with translated(ValueError, lambda error: JobError(EXIT_USAGE, "usage", f"{error}.")):
        return policy.explained(settings) if explained else policy.from_settings(settings)
