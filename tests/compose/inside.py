"""Doing something in another process's network, as `nsenter --net` does it, without another interpreter."""

import ctypes
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
CLONE_NEWNET = 0x40000000


def in_network_of(pid: int, do: Callable[[], T]) -> T:
    """Return what `do` returns, called in a thread of its own that has joined the process's network namespace. Raises OSError."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        pool.submit(_join, pid).result()
        return pool.submit(do).result()


def _join(pid: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    with Path(f"/proc/{pid}/ns/net").open("rb") as namespace:
        if libc.setns(namespace.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"setns to the network of process {pid}: {os.strerror(ctypes.get_errno())}")
