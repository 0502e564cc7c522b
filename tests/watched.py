"""Every function of genlab.losses while a run calls it, beside its own value in float64 on the same tensors."""

import copy
import importlib
import inspect
import pkgutil
import sys
import types

import torch

import genlab.losses
import genlab.models

FLOOR = 1e-3  # nats, or grey levels: deviations of smaller values are counted in parts of it


def every_module(package):
    """All modules of a package, imported: those that come later would keep a watched function for good."""
    found = pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    return [importlib.import_module(info.name) for info in found]


def losses():
    """Every public function that a module of genlab.losses defines and that gives one tensor, by name."""
    modules = every_module(genlab.losses)
    every = [(module, *found) for module in modules for found in inspect.getmembers(module, inspect.isfunction)]
    return {
        name: function
        for module, name, function in every
        if function.__module__ == module.__name__
        and inspect.signature(function).return_annotation == "Tensor"
        and not module.__name__.endswith(".precision")
    }


class Watch:
    """Puts itself in the place of every loss, wherever it is imported; ``worst``: its largest relative deviation."""

    def __init__(self, monkeypatch):
        self.worst, self.inside = {}, False
        every_module(genlab.models)
        beside = {function: self.beside(name, function) for name, function in losses().items()}
        ours = [module for name, module in list(sys.modules.items()) if name.startswith("genlab.")]
        for module in ours:
            for name, value in list(vars(module).items()):
                if inspect.isfunction(value) and value in beside:
                    monkeypatch.setattr(module, name, beside[value])
                for key, entry in value.items() if isinstance(value, dict) and not name.startswith("__") else ():
                    if inspect.isfunction(entry) and entry in beside:
                        monkeypatch.setitem(value, key, beside[entry])

    def beside(self, name, function):
        """The function, which also computes its value in float64."""

        def watched(*arguments, **options):
            if self.inside:  # called by another loss
                return function(*arguments, **options)
            self.inside = True
            exact = [in_float64(x) for x in arguments]  # before: a network may change when it is called
            found = function(*arguments, **options)
            with torch.autocast("cpu", enabled=False):
                value = function(*exact, **{key: in_float64(x) for key, x in options.items()}).detach()
            self.inside = False
            assert found.dtype in (torch.float32, torch.float64), f"{name} is {found.dtype}"
            if len(value):
                off = ((found.detach().double() - value).abs() / value.abs().clamp(min=FLOOR)).max().item()
                self.worst[name] = max(self.worst.get(name, 0.0), off)
            return found

        return watched


def in_float64(x):
    """The same numbers, the same network, or the same function of networks, in double precision."""
    if isinstance(x, torch.nn.Module):
        with torch.inference_mode(False):  # its weights stay such as autograd takes, in a validation too
            return copy.deepcopy(x).double()
    if inspect.isfunction(x) and x.__closure__:
        kept = tuple(types.CellType(in_float64(cell.cell_contents)) for cell in x.__closure__)
        return types.FunctionType(x.__code__, x.__globals__, x.__name__, x.__defaults__, kept)
    return x.detach().double() if isinstance(x, torch.Tensor) and x.is_floating_point() else x
