"""One torch thread for all tests: on shared cores more threads cost far more than they gain."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("WANDB_MODE", "offline")
os.environ.setdefault("WANDB_SILENT", "true")

from genlab.compat import ensure_torchvision  # noqa: E402

ensure_torchvision()

import torch  # noqa: E402

torch.set_num_threads(1)
