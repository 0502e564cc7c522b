"""Packages that hold the weights of networks that listen to speech, with other weights: quickly made, and known."""

import hashlib
import sys
from dataclasses import replace

import torch

from genlab.callbacks.evaluators.judges import Opinion, SpeakerSimilarity
from genlab.metrics.speech import dnsmos, speaker_encoder


def install(monkeypatch, root):
    """Put both packages where Python finds them."""
    monkeypatch.syspath_prepend(str(root))
    for judge, module, write in (
        (Opinion, dnsmos, write_dnsmos),
        (SpeakerSimilarity, speaker_encoder, write_encoder),
    ):
        packaged = module.PACKAGED
        file = root / packaged.package / packaged.file
        file.parent.mkdir(parents=True, exist_ok=True)
        (root / packaged.package / "__init__.py").write_text("raise AssertionError('no code of it is run')")
        write(file)
        own = replace(packaged, digest=hashlib.sha256(file.read_bytes()).hexdigest())
        monkeypatch.setattr(judge, "packaged", own)
        sys.modules.pop(packaged.package, None)


def write_dnsmos(file):
    """A network that says the mean, the mean of the absolutes and the largest of 9.01 s."""
    import onnx
    from onnx import TensorProto, helper

    axes = helper.make_tensor("axes", TensorProto.INT64, [1], [1])
    nodes = [
        helper.make_node("Abs", ["input_1"], ["absolute"]),
        helper.make_node("ReduceMean", ["input_1", "axes"], ["mean"], keepdims=1),
        helper.make_node("ReduceMean", ["absolute", "axes"], ["size"], keepdims=1),
        helper.make_node("ReduceMax", ["absolute", "axes"], ["peak"], keepdims=1),
        helper.make_node("Concat", ["mean", "size", "peak"], ["out"], axis=1),
    ]
    given = helper.make_tensor_value_info("input_1", TensorProto.FLOAT, ["N", 144_160])
    made = helper.make_tensor_value_info("out", TensorProto.FLOAT, ["N", 3])
    graph = helper.make_graph(nodes, "said", [given], [made], [axes])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.save(model, file)


def write_encoder(file, seed=0):
    """The encoder with random weights, and what else its file holds."""
    torch.manual_seed(seed)
    lstm, linear = torch.nn.LSTM(40, 256, 3, batch_first=True), torch.nn.Linear(256, 256)
    state = {f"lstm.{name}": value for name, value in lstm.state_dict().items()}
    state["lstm.weight_ih_l0"] *= 1e-2  # powers of bands are large numbers
    state |= {f"linear.{name}": value for name, value in linear.state_dict().items()}
    state |= {"similarity_weight": torch.ones(1), "similarity_bias": torch.zeros(1)}
    torch.save({"step": 1, "model_state": state, "optimizer_state": {}}, file)
