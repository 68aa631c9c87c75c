"""Preloads everything that blocks need into the process from which all workers of the pool are forked.

Importing this module does the work, because a forkserver can only be given modules to import. So rules, lists and modules are
loaded once for all workers, and are in memory once.
"""

from __future__ import annotations

import gc
import signal

# An interrupt goes to the whole terminal group; only the parent answers it.
signal.signal(signal.SIGINT, signal.SIG_IGN)
gc.disable()

from transforms.block import warm_up  # noqa: E402
from transforms.privacy.policy import policies  # noqa: E402

warm_up()
policies()  # workers count shards, too
# What is loaded stays: were it looked through for garbage, each worker would come to have its own copy.
gc.freeze()
gc.enable()
