"""What is said of a hit, a visit or a visitor: one file for each source of it.

Every `Dimension` that a module of this folder declares is known by its name, without a list of them anywhere.
"""

from __future__ import annotations

import pkgutil
from functools import lru_cache
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transforms.dimensions.dimension import Dimension


@lru_cache(maxsize=1)
def known_dimensions() -> MappingProxyType[str, Dimension]:
    """All dimensions by name."""
    from transforms.dimensions.dimension import Dimension

    found: dict[str, Dimension] = {}
    for module in pkgutil.iter_modules(__path__):
        for declared in vars(import_module(f"{__name__}.{module.name}")).values():
            if isinstance(declared, Dimension) and found.setdefault(declared.name, declared) is not declared:
                raise ValueError(f"dimension {declared.name!r} is declared twice")
    for each in found.values():
        for name in {*each.determines, *each.follows_from} - found.keys():
            raise ValueError(f"dimension {each.name!r} determines or follows from {name!r}, which is not declared")
    return MappingProxyType(found)
