"""A sweep file of four cells; and rows of sweeps that have known results, for the tests of tables and pictures."""

import itertools
import math
import random

from genlab.sweeps.rows import Row

GRID = """
program: src/train.py
method: grid
metric: {name: val/elbo, goal: maximize}
command: ["${env}", "${interpreter}", "${program}", "${args_no_hyphens}"]
parameters:
  model: {value: beta_vae}
  model.beta: {values: [1, 4]}
  model.latent_dim: {values: [2, 8]}
"""
HIGH, LOW = ("val/elbo", "maximize"), ("val/elbo", "minimize")
BETA, LATENT = "model.beta", "model.latent_dim"


def run(number=0, result=None, state="finished", replicate=0, seconds=2.0, metrics=None, ended=None, **values):
    """A row; ``result`` is its val/elbo, underscores in the names of values stand for points: ``model__beta=4``."""
    found = {} if result is None else {"val/elbo": result}
    keys = {key.replace("__", "."): value for key, value in values.items()}
    path = f"{number}_{replicate}"
    return Row(number, keys, replicate, 10 + replicate, state, found | (metrics or {}), path, seconds, ended)


def grid(betas=(1, 2, 4), latents=(2, 8), seeds=1):
    """A grid whose cell (beta, latent) has val/elbo -(10 beta + latent + seed), kl 12 / beta and recon from both."""
    rows = []
    for number, (beta, latent) in enumerate(itertools.product(betas, latents)):
        for seed in range(seeds):
            elbo, kl = -(10 * beta + latent + seed), 12 / beta
            metrics = {"val/elbo": elbo, "val/kl": kl, "val/recon": -elbo - kl}
            rows.append(run(number, None, replicate=seed, metrics=metrics, model__beta=beta, model__latent_dim=latent))
    return rows


def scattered(count=40, keys=3):
    """A random search over a rate, a net, and so many parameters more; every 7th failed, every 5th pruned."""
    draw, rows = random.Random(0), []
    for number in range(count):
        values = {f"model__x{i}": draw.uniform(0, 1) for i in range(keys - 2)}
        values |= {"model__optimizer__lr": 10 ** draw.uniform(-5, -2), "model__net": draw.choice(["conv", "mlp"])}
        state = "failed" if number % 7 == 6 else "pruned" if number % 5 == 4 else "finished"
        result = None if state == "failed" else -abs(math.log10(values["model__optimizer__lr"]) + 3) - draw.random()
        rows.append(run(number, result, state, **values))
    return rows
