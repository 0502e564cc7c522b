from genlab.compat import ensure_torchvision

ensure_torchvision()
