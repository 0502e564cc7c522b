"""Performance settings, applied before the first large tensor; docs/performance.md has the measurements."""

from __future__ import annotations

import ctypes
import ctypes.util
import functools
import os
import sys
import time
from typing import Literal

from genlab import cores
from genlab.config.types import PositiveFloat, PositiveInt

SHORTEST = 0.3  # seconds between two looks at what others use
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # malloc.h


class Performance:
    """Settings that change only speed and rounding, and how long ranks wait for each other.

    Args:
        allocator: let the C library keep freed memory, so that a training step finds its buffers mapped (glibc only).
        threads: CPU threads of torch; ``auto``: the cores that this process may use and that others leave free, shared by
            its ranks on this machine; None leaves torch's choice. ``OMP_NUM_THREADS`` goes before ``auto``.
        tf32: TF32 (10-bit mantissa) for float32 matrix products and convolutions on CUDA.
        cudnn_benchmark: let cuDNN time its convolution algorithms for every new image shape (CUDA only).
        rank_timeout: seconds after which a rank that shows no sign of life, or that the others wait for, is given up.
    """

    def __init__(
        self,
        allocator: bool,
        threads: PositiveInt | Literal["auto"] | None,
        tf32: bool,
        cudnn_benchmark: bool,
        rank_timeout: PositiveFloat,
    ) -> None:
        self.allocator, self.threads, self.tf32, self.cudnn_benchmark = allocator, threads, tf32, cudnn_benchmark
        self.rank_timeout = rank_timeout

    def apply(self, deterministic: bool = False, processes: int = 1) -> str | None:
        """Apply the settings; those that do not exist on this platform are ignored. -> a note on the threads, if they are few.

        Args:
            deterministic: switch ``tf32`` and ``cudnn_benchmark`` off, for the same results in every run.
            processes: ranks on this machine.
        """
        self.on_cuda(deterministic)
        if self.allocator and sys.platform.startswith("linux"):
            keep_freed_memory()
        if self.threads == "auto":
            return None if os.environ.get("OMP_NUM_THREADS") else choose_threads(processes)
        if self.threads is not None:
            import torch

            torch.set_num_threads(self.threads)
        return None

    def on_cuda(self, deterministic: bool) -> None:
        """Apply the CUDA settings."""
        import torch

        from genlab.models.base.tf32 import switch_tf32

        fast = self.tf32 and not deterministic
        switch_tf32(fast, fast)
        torch.backends.cudnn.benchmark = self.cudnn_benchmark and not deterministic


@functools.cache
def torchs_own() -> int:
    """The number of threads that torch takes by itself, asked for before anything changes it: a multirun chooses often."""
    import torch

    return torch.get_num_threads()


def choose_threads(processes: int) -> str | None:
    """Set torch's threads by the cores that are allowed and free. -> a note, if there are fewer than torch would take."""
    import torch

    time.sleep(max(0.0, SHORTEST - (time.monotonic() - cores.BEGUN.when)))
    found = cores.cores(cores.BEGUN)
    count = min(torchs_own(), found.threads(processes))
    torch.set_num_threads(count)
    if count == torchs_own():
        return None
    if processes > 1:
        why = f"{processes} processes share {found.count} cores"
    elif count < found.count:
        why = f"of {found.count} cores others use {found.busy:.1f}"
    else:
        why = f"allowed {found.why}" if found.why != "cores" else f"{found.count} cores may be used"
    return f"{count} thread{'s' if count > 1 else ''}: {why} (performance.threads=N fixes it)"


def keep_freed_memory() -> bool:
    """Raise glibc's thresholds for returning memory to the system; False if the C library is not glibc."""
    library = ctypes.CDLL(None)
    if not hasattr(library, "gnu_get_libc_version"):
        return False
    kept = library.mallopt(M_MMAP_THRESHOLD, 1 << 30)
    return bool(kept and library.mallopt(M_TRIM_THRESHOLD, (1 << 31) - 1))
