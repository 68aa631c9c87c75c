"""Takes the options that state the guarantee, gives the policy; refuses what would promise too little, naming the setting."""

from __future__ import annotations

import argparse

from pipeline.errors import EXIT_USAGE, JobError
from transforms.masking.site import publishable_site
from transforms.privacy.detectors import is_caught
from transforms.privacy.differential import noise
from transforms.privacy.differential.policy import DEFAULT_DELTA, DEFAULT_EPSILON, MODE, WEAK_EPSILON, Differential, spent
from transforms.privacy.threshold.policy import Threshold
from transforms.reserved import UNKNOWN


def policy_of(options: argparse.Namespace) -> Threshold | Differential:
    """The policy of a run; raises `JobError` (exit 2)."""
    if options.privacy != MODE:
        return _threshold(options)
    if not options.date:
        raise _usage(f"--privacy {MODE} needs --date: periods are published whether they have lines or not, so say which")
    if options.replace:
        raise _usage(f"--replace: with --privacy {MODE} a period is published once. A second time would spend its budget twice")
    if options.no_wait:
        raise _usage(f"--no-wait: with --privacy {MODE} the launcher waits and holds the output, so that noise is drawn once")
    if not options.declare_site:
        raise _usage(f"--privacy {MODE} needs --declare-site: that a site is named must not depend on who asks for it")
    sites = tuple(sorted({_declared(name) for name in options.declare_site}))
    if options.site is not None and publishable_site(options.site) not in sites:
        raise _usage(f"--site {options.site}: it is not declared. Add --declare-site {options.site}")
    if not noise.is_available():
        raise _usage(f"--privacy {MODE} needs OpenDP: pip install 'weblog-anonymizer[dp]'")
    return _differential(options, sites)


def explained_policy(options: argparse.Namespace) -> Threshold | Differential:
    """The policy whose numbers are to be explained: that of no site in particular; raises `JobError` (exit 2)."""
    return _differential(options, ("declared",)) if options.privacy == MODE else _threshold(options)


def _threshold(options: argparse.Namespace) -> Threshold:
    for name in ("epsilon", "delta", "accept_weak_epsilon", "declare_site"):
        if getattr(options, name, None):
            raise _usage(f"--{name.replace('_', '-')}: it belongs to --privacy {MODE}")
    return Threshold(options.min_addresses)


def _differential(options: argparse.Namespace, sites: tuple[str, ...]) -> Differential:
    epsilon = DEFAULT_EPSILON if options.epsilon is None else options.epsilon
    delta = DEFAULT_DELTA if options.delta is None else options.delta
    problem = None
    try:
        policy = Differential(sites, epsilon, delta, options.min_addresses)
    except ValueError as error:
        problem = str(error)
    if problem:
        raise _usage(f"--{problem.replace('_', '-')}")
    if epsilon > WEAK_EPSILON and not options.accept_weak_epsilon:
        raise _usage(f"--epsilon {epsilon:g} promises little. If that is meant, add --accept-weak-epsilon")
    for cost, budget in zip(spent(policy.mechanisms(), policy.noise_delta()), (epsilon, delta), strict=True):
        if cost > budget:
            raise _usage(f"--epsilon {epsilon:g}, --delta {delta:g}: the reports cost more than that")
    return policy


def _declared(name: str) -> str:
    site = publishable_site(name)
    if site == UNKNOWN:
        raise _usage(f"--declare-site {name}: not the name of a host")
    if is_caught(site):
        raise _usage(f"--declare-site {name}: it looks like somebody's address or number, which is never published")
    return site


def _usage(sentence: str) -> JobError:
    return JobError(EXIT_USAGE, "usage", f"{sentence}.")
