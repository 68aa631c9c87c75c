"""What the ledger says of a period: its release, and what each mechanism costs. It is public, like the manifest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from transforms.privacy.differential.budget import Budget, Mechanism, spent

UNIT = "one address (IPv4 address or IPv6 /56) in one period"


def entry_of(manifest: Mapping[str, Any], budget: Budget) -> dict[str, Any]:
    """The entry of a period: what its release will be (`manifest`, with `run_id`), and what each mechanism costs."""
    mechanisms = budget.mechanisms()
    epsilon, delta = spent(mechanisms, budget.noise_delta())
    return {
        "date": manifest["date"],
        "unit": UNIT,
        "epsilon_spent": epsilon,
        "delta_spent": delta,
        "noise_delta": budget.noise_delta(),
        "mechanisms": list(map(described, mechanisms)),
        "manifest": manifest,
    }


def described(mechanism: Mechanism) -> dict[str, Any]:
    """A mechanism as the ledger records it."""
    numbers = {"sensitivity": mechanism.sensitivity, "scale": mechanism.scale, "rho": mechanism.rho}
    about: dict[str, Any] = {"report": mechanism.report, "measure": mechanism.measure, **numbers}
    if mechanism.threshold is not None:
        about |= {"threshold": mechanism.threshold, "delta": mechanism.delta}
    return about


def budget_of(facts: Mapping[str, str]) -> Budget:
    """The budget that a manifest or metadata states; raises `ValueError` or `KeyError` if it is invalid."""
    return Budget(tuple(facts["sites"].split(",")), float(facts["epsilon"]), float(facts["delta"]), int(facts["min_addresses"]))
