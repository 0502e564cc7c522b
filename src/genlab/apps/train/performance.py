"""Performance switches, applied before the first large tensor; docs/performance.md has the measurements."""

from __future__ import annotations

import ctypes
import ctypes.util
import sys

from genlab.config.types import PositiveInt

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # malloc.h


class Performance:
    """Switches that change speed, and nothing else but rounding.

    Args:
        allocator: let the C library keep freed memory, so that a training step finds its buffers mapped (glibc only).
        threads: CPU threads of torch; None leaves torch's choice, one a core.
        tf32: float32 products on CUDA from factors of 10 bits of mantissa, in matrices and convolutions.
        cudnn_benchmark: let cuDNN try which convolution is fastest, anew for every shape of images (CUDA only).
    """

    def __init__(self, allocator: bool, threads: PositiveInt | None, tf32: bool, cudnn_benchmark: bool) -> None:
        self.allocator, self.threads, self.tf32, self.cudnn_benchmark = allocator, threads, tf32, cudnn_benchmark

    def apply(self, deterministic: bool = False) -> None:
        """Set what can be set here; where a switch has no meaning it does nothing.

        ``deterministic``: the same numbers in every run and on every GPU are worth more than speed: the last two are off.
        """
        self.on_cuda(deterministic)
        if self.allocator and sys.platform.startswith("linux"):
            keep_freed_memory()
        if self.threads is not None:
            import torch

            torch.set_num_threads(self.threads)

    def on_cuda(self, deterministic: bool) -> None:
        """The switches of CUDA, which mean nothing to a CPU. Torch's older names: its newer ones exclude these, which
        Lightning and the compiler still ask for."""
        import torch

        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = self.tf32 and not deterministic
        torch.backends.cudnn.benchmark = self.cudnn_benchmark and not deterministic


def keep_freed_memory() -> bool:
    """Raise glibc's thresholds for giving memory back; False where the C library is another one."""
    library = ctypes.CDLL(None)
    if not hasattr(library, "gnu_get_libc_version"):
        return False
    kept = library.mallopt(M_MMAP_THRESHOLD, 1 << 30)
    return bool(kept and library.mallopt(M_TRIM_THRESHOLD, (1 << 31) - 1))
