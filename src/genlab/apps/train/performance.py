"""What pays on the machine at hand, applied before the first large tensor; docs/performance.md has the measurements."""

from __future__ import annotations

import ctypes
import ctypes.util
import sys

from genlab.config.types import PositiveInt

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # malloc.h


class Performance:
    """Switches that change speed and nothing else.

    Args:
        allocator: let the C library keep freed memory, so that a training step finds its buffers mapped (glibc only).
        threads: CPU threads of torch; None leaves torch's choice, one a core.
    """

    def __init__(self, allocator: bool, threads: PositiveInt | None) -> None:
        self.allocator, self.threads = allocator, threads

    def apply(self) -> None:
        """Set what can be set here; where a switch has no meaning it does nothing."""
        if self.allocator and sys.platform.startswith("linux"):
            keep_freed_memory()
        if self.threads is not None:
            import torch

            torch.set_num_threads(self.threads)


def keep_freed_memory() -> bool:
    """Raise glibc's thresholds for giving memory back; False where the C library is another one."""
    library = ctypes.CDLL(None)
    if not hasattr(library, "gnu_get_libc_version"):
        return False
    kept = library.mallopt(M_MMAP_THRESHOLD, 1 << 30)
    return bool(kept and library.mallopt(M_TRIM_THRESHOLD, (1 << 31) - 1))
