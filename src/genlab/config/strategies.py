"""Values of ``trainer.strategy`` that people know from elsewhere, and why they are not needed here."""

from __future__ import annotations

from typing import Any

# as check_only=true measures the conf files as they are: batch 1 at 256 pixels, 32-true
FITS = "our largest step (CycleGAN at 256 pixels) takes 2.5 GiB, our largest weights with their optimiser (pix2pix) 0.9"
REASONS = {
    "fsdp": f"would split weights that fit a card whole: {FITS}; and Lightning's cannot step two players in turn",
    "model_parallel": f"would split weights that fit a card whole: {FITS}; and would save them past our checkpoints",
    "deepspeed": f"would split weights that fit a card whole: {FITS}; and takes one optimiser, where a GAN has two",
}
SAME = {"fsdp2": "model_parallel", "fully_shard": "model_parallel", "zero": "deepspeed"}
REMEDY = "Type: trainer.strategy=ddp trainer.devices=N; check_only=true says what a step takes"


def refused_strategy(where: str, value: Any) -> tuple[str, str] | None:
    """What is wrong with a strategy that splits the model, and what to type; None for other keys and values."""
    if where != "trainer.strategy" or not isinstance(value, str):
        return None
    known = {**{name: name for name in REASONS}, **SAME}
    found = next((known[start] for start in sorted(known, key=len, reverse=True) if value.startswith(start)), None)
    return (REASONS[found], REMEDY) if found else None
