"""One trap of the stack: a torchvision whose compiled part does not fit the installed torch.

torchmetrics imports torchvision whenever it is installed. The registry's torchvision is built for CUDA torch; beside a
CPU torch its operators never load, and its Python part then fails while it describes operators that do not exist.
Declaring the two operators makes everything but those two (box suppression, not used here) work.
"""

import importlib.util
import sys

_library = None  # must stay alive: its declarations go with it


def ensure_torchvision() -> str:
    """Make ``import torchvision`` work; call before lightning, torchmetrics or torch_fidelity are imported.

    Returns ``absent``, ``ok`` or ``patched``.
    """
    global _library
    if importlib.util.find_spec("torchvision") is None:
        return "absent"
    try:
        import torchvision  # noqa: F401

        return "ok" if _library is None else "patched"
    except RuntimeError as error:
        if "torchvision::" not in str(error):
            raise
    import torch

    for name in [m for m in sys.modules if m == "torchvision" or m.startswith("torchvision.")]:
        del sys.modules[name]
    _library = torch.library.Library("torchvision", "FRAGMENT")
    for operator in ("nms", "qnms"):
        _library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    import torchvision  # noqa: F401

    return "patched"
