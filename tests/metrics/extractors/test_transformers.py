"""DINOv2 and CLIP: what they see, and which features come out; by small networks of the same layout."""

import functools
import math

import numpy as np
import pytest
import torch
from PIL import Image

from genlab.contracts import DataError
from genlab.files import sha256
from genlab.metrics.extractors import transformers
from genlab.metrics.extractors.transformers import clip, dinov2, stretched
from genlab.metrics.extractors.weights import Stated, weights_of

safetensors = pytest.importorskip("safetensors.torch")
pytest.importorskip("timm")
SMALL = {"embed_dim": 32, "depth": 2, "num_heads": 2}
ARRAYS = np.random.default_rng(0).integers(0, 256, (3, 40, 60, 3)).astype(np.uint8)
IMAGES = torch.from_numpy(ARRAYS).permute(0, 3, 1, 2).float() / 255


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(transformers, "timms", functools.partial(transformers.timms, **SMALL))


def saved(state, path):
    if path.suffix == ".pth":
        torch.save(state, path)
    else:
        safetensors.save_file({name: value.contiguous() for name, value in state.items()}, path)
    return Stated(str(path), sha256(path))


def drawn(net, **more):
    """Weights at random, the scales of layers too, without which a class token would see no image."""
    draw = torch.Generator().manual_seed(0)
    state = {name: 0.3 * torch.randn(value.shape, generator=draw) for name, value in net.state_dict().items()}
    return state | {name: 0.3 * torch.randn(shape, generator=draw) for name, shape in more.items()}


def seen(side, mean, std):
    """What the network is given, through Pillow and numpy."""
    photos = [Image.fromarray(one).resize((side, side), Image.BICUBIC) for one in ARRAYS]
    x = (np.stack([np.asarray(photo) for photo in photos]) / 255 - mean) / std
    return torch.from_numpy(x).permute(0, 3, 1, 2).float()


@pytest.mark.parametrize("ending", ["pth", "safetensors"])
def test_dinov2_is_the_class_token_after_the_last_norm_of_photographs_of_224_pixels(ending, tmp_path):
    net = transformers.timms("vit_large_patch14_dinov2", img_size=518, num_classes=0)
    state = drawn(net, mask_token=(1, 32))
    extractor = dinov2(weights_of("dinov2", saved(state, tmp_path / f"a.{ending}")))
    positions = state["pos_embed"]
    net = transformers.timms("vit_large_patch14_dinov2", img_size=224, num_classes=0)
    net.load_state_dict({k: v for k, v in state.items() if k != "mask_token"} | {"pos_embed": stretched(positions, 16)})
    known = net.forward_features(seen(224, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))[:, 0]
    torch.testing.assert_close(extractor(IMAGES), known.detach(), atol=1e-5, rtol=1e-4)
    assert (extractor.num_features, extractor.name) == (32, f"dinov2_{sha256(tmp_path / f'a.{ending}')[:8]}")
    assert known.std(0).max() > 1e-2
    assert extractor.logits(known) is None


def test_clips_features_are_projected_and_of_length_one_in_either_layout(tmp_path):
    net = transformers.timms("vit_large_patch14_clip_quickgelu_336", num_classes=768)
    state = drawn(net) | {"head.bias": torch.zeros(768)}
    net.load_state_dict(state)
    known = net(seen(336, (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711))).detach()
    known = known / known.norm(dim=1, keepdim=True)
    for name, layout in {"timm": state, "openai": as_openai(state)}.items():
        extractor = clip(weights_of("clip", saved(layout, tmp_path / f"{name}.safetensors")))
        torch.testing.assert_close(extractor(IMAGES), known, atol=1e-5, rtol=1e-4)
    assert type(net.blocks[0].mlp.act).__name__ == "QuickGELU", "OpenAI's network has no other"
    assert extractor.num_features == 768


def as_openai(state):
    """The names that OpenAI and open_clip give."""
    swaps = [("norm_pre", "ln_pre"), ("norm1", "ln_1"), ("norm2", "ln_2"), ("attn.qkv.", "attn.in_proj_")]
    swaps += [("attn.proj", "attn.out_proj"), ("mlp.fc1", "mlp.c_fc"), ("mlp.fc2", "mlp.c_proj")]
    swaps += [("blocks.", "transformer.resblocks."), ("patch_embed.proj", "conv1"), ("norm.", "ln_post.")]
    found = {}
    for name, value in state.items():
        for old, new in swaps:
            name = name.replace(old, new)
        found[f"visual.{name}"] = value
    found["visual.class_embedding"] = found.pop("visual.cls_token")[0, 0]
    found["visual.positional_embedding"] = found.pop("visual.pos_embed")[0]
    found["visual.proj"] = found.pop("visual.head.weight").T
    del found["visual.head.bias"]
    return found


def test_positions_are_stretched_as_in_dinov2s_own_code():
    """Bicubic with a = -0.75, no antialiasing, by the scale (16 + 0.1) / 37; by hand, along one side."""
    draw = torch.Generator().manual_seed(0)
    row = torch.randn(37, generator=draw, dtype=torch.float64)
    grid = row.repeat(37).reshape(1, -1, 1)  # the same in every row of patches
    found = stretched(torch.cat([torch.full((1, 1, 1), 9.0, dtype=torch.float64), grid], 1), 16)
    assert found.shape == (1, 257, 1)
    assert found[0, 0, 0] == 9
    known = [cubic(row, (i + 0.5) * 37 / 16.1 - 0.5) for i in range(16)]
    torch.testing.assert_close(found[0, 1:, 0].reshape(16, 16), torch.tensor(known, dtype=torch.float64).expand(16, 16))


def cubic(values, place, a=-0.75):
    def weight(d):
        d = abs(d)
        return (a + 2) * d**3 - (a + 3) * d**2 + 1 if d <= 1 else a * d**3 - 5 * a * d**2 + 8 * a * d - 4 * a

    low = math.floor(place)
    return sum(weight(place - i) * values[min(max(i, 0), len(values) - 1)].item() for i in range(low - 1, low + 3))


@pytest.mark.parametrize(("network", "size"), [("dinov2", 1_217_586_395), ("dinov2_base", 346_378_731)])
def test_the_networks_have_as_many_weights_as_the_published_files(network, size, monkeypatch):
    """In bytes; beside the headers of the file and one token of its training."""
    monkeypatch.undo()
    with torch.device("meta"):
        net = transformers.timms(transformers.ARCHITECTURES[network], img_size=518, num_classes=0)
    held = 4 * sum(value.numel() for value in net.state_dict().values())
    assert size - 200_000 < held < size


def test_a_file_of_another_layout_is_refused(tmp_path):
    stated = saved({"pos_embed": torch.zeros(1, 1370, 32)}, tmp_path / "other.safetensors")
    with pytest.raises(DataError, match=r"other.safetensors are no weights of dinov2: .*Missing key"):
        dinov2(weights_of("dinov2", stated))
