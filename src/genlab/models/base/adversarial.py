"""The base of models with two players who take turns: a generator side and a discriminator side."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch import distributed as dist
from torch.optim import Optimizer

from genlab.contracts import DataSpec
from genlab.models.base.distributed import gathered
from genlab.models.base.model import Model, OptimizerFactory, Terms
from genlab.models.base.noise import Noise
from genlab.models.base.pool import ImagePool, states
from genlab.models.base.schedules import Schedule

Player = Literal["generator", "discriminator"]
Fakes = dict[str, Tensor]
LOSS: dict[Player, str] = {"generator": "loss_g", "discriminator": "loss_d"}


class AdversarialModel(Model):
    """Manual optimisation, written once.

    On each batch the fakes are made, then the players move in the order that ``turns`` gives. While one moves the
    other is frozen, and the discriminator sees the fakes detached: neither step leaves a gradient in the other.

    An update on n accumulated batches is the update on one batch n times as large (but for batch norm): first one
    player moves on all of them, then the other.
    """

    def __init__(self, spec: DataSpec, optimizer: OptimizerFactory, schedule: Schedule, seed: int) -> None:
        super().__init__(spec, optimizer, schedule, seed)
        self.updates = 0  # how often the players have been called to move
        self.waiting: list[tuple[Any, Noise]] = []  # batches of an update that is not complete yet

    # ---- what a leaf says ------------------------------------------------------------------------------------------

    @abstractmethod
    def players(self) -> dict[Player, list[nn.Module]]:
        """The networks on each side."""

    @abstractmethod
    def turns(self, update: int) -> Sequence[Player]:
        """Who moves in update number ``update``, in order."""

    @abstractmethod
    def fakes(self, batch: Any, noise: Noise) -> Fakes:
        """What the generator side makes for this batch, by name."""

    @abstractmethod
    def generator_terms(self, batch: Any, fakes: Fakes, noise: Noise) -> Terms:
        """The generator side's terms, [B] each; ``loss_g`` is minimised."""

    @abstractmethod
    def discriminator_terms(self, batch: Any, fakes: Fakes, noise: Noise) -> Terms:
        """The discriminator side's terms, [B] each; ``loss_d`` is minimised. The fakes come detached."""

    def pools(self) -> dict[str, ImagePool]:
        """By the names of fakes: through which pool the discriminator side sees them in training."""
        return {}

    def moved(self, player: Player) -> None:
        """A player has moved: the leaf may keep averages of the weights."""

    # ---- one step --------------------------------------------------------------------------------------------------

    def training_step(self, batch: Any, batch_idx: int) -> None:
        """Let the players move, once enough batches have come together for an update."""
        self.waiting.append((batch, self.noise("train", self.batches_seen)))
        self.count(batch)
        last = self._trainer is not None and self.trainer.is_last_batch
        complete = len(self.waiting) >= self.accumulate_grad_batches or last
        self.in_hand = len(self.waiting) if complete else 0
        if complete:
            terms = self.play(self.waiting)
            self.waiting = []
            self.report_training(terms)

    def play(self, batches: list[tuple[Any, Noise]]) -> Terms:
        """One update: every player whose turn it is moves once, on all of ``batches``. Gives the last batch's terms."""
        turns = self.turns(self.updates)
        shared: list[Fakes] = []
        if len(batches) == 1:  # the fakes, and the graph behind them, serve both players
            with torch.set_grad_enabled("generator" in turns):
                shared = [self.fakes(*batches[0])]
        terms: Terms = {}
        for player in turns:
            terms |= self.move(player, batches, shared)
        self.updates += 1
        return terms

    def move(self, player: Player, batches: list[tuple[Any, Noise]], shared: list[Fakes]) -> Terms:
        """One player's step. ``shared``: the fakes of each batch, where they have been made already.

        Fakes that the generator makes for its own step are left there for who moves after it.
        """
        optimizer, made = self.optimizer(player), []
        with self.only(player):
            optimizer.zero_grad()
            for i, (batch, noise) in enumerate(batches):
                fakes = shared[i] if shared else self.fakes_for(player, batch, noise)
                made.append({name: fake.detach() for name, fake in fakes.items()})
                if player == "discriminator":
                    fakes = self.remembered(fakes, noise)
                terms = self.player_terms(player, batch, fakes, noise)
                loss = terms[LOSS[player]].mean()
                self.guard(terms, loss)
                self.manual_backward(loss / len(batches))
            self.share_gradients(player)
            self.update(optimizer)
        self.moved(player)
        if player == "generator" and not shared:
            shared += made
        return terms

    def player_terms(self, player: Player, batch: Any, fakes: Fakes, noise: Noise) -> Terms:
        """The terms of the one who moves."""
        if player == "generator":
            return self.generator_terms(batch, fakes, noise)
        return self.discriminator_terms(batch, {name: fake.detach() for name, fake in fakes.items()}, noise)

    def remembered(self, fakes: Fakes, noise: Noise) -> Fakes:
        """The fakes as the discriminator side is shown them: some exchanged for earlier ones, where there are pools."""
        pools = self.pools()
        return {n: pools[n].exchanged(fake, noise, f"pool_{n}") if n in pools else fake for n, fake in fakes.items()}

    def fakes_for(self, player: Player, batch: Any, noise: Noise) -> Fakes:
        """The fakes with a graph behind them only where it is needed."""
        with torch.set_grad_enabled(player == "generator"):
            return self.fakes(batch, noise)

    @contextmanager
    def only(self, player: Player) -> Iterator[None]:
        """The other player frozen."""
        others = [net for side, nets in self.players().items() if side != player for net in nets]
        frozen = [p for net in others for p in net.parameters() if p.requires_grad]
        for parameter in frozen:
            parameter.requires_grad_(False)
        try:
            yield
        finally:
            for parameter in frozen:
                parameter.requires_grad_(True)

    def share_gradients(self, player: Player) -> None:
        """Average the player's gradients over the ranks: one flat all-reduce."""
        if not (dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1):
            return
        gradients = [p.grad for net in self.players()[player] for p in net.parameters() if p.grad is not None]
        flat = torch.cat([g.flatten() for g in gradients])
        dist.all_reduce(flat)
        flat /= dist.get_world_size()
        for gradient, part in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
            gradient.copy_(part.view_as(gradient))

    def inside_update(self, batch_idx: int) -> bool:
        """Whether batches wait for the rest of their update."""
        return bool(self.waiting)

    # ---- optimisers, evaluation, checkpoints -----------------------------------------------------------------------

    def configure_optimizers(self) -> list[Optimizer]:
        """One optimiser a player, in the order of ``players``."""
        return [self.optimizer_for(nets) for nets in self.players().values()]

    def optimizer(self, player: Player) -> Any:
        """The player's optimiser, wrapped by Lightning for precision."""
        optimizers: Any = self.optimizers()
        return optimizers[list(self.players()).index(player)]

    def evaluation_terms(self, batch: Any, noise: Noise) -> Terms:
        """Both players' terms on held-out images."""
        fakes = self.fakes(batch, noise)
        return self.discriminator_terms(batch, fakes, noise) | self.generator_terms(batch, fakes, noise)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """The counters travel with the weights, and every rank's pools."""
        super().on_save_checkpoint(checkpoint)
        checkpoint["counters"]["updates"] = self.updates
        if self.pools():
            checkpoint["pools"] = gathered(states(self.pools()))

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """And come back with them."""
        super().on_load_checkpoint(checkpoint)
        self.updates = checkpoint["counters"]["updates"]
        rank = self.global_rank if self._trainer else 0
        for name, images in checkpoint.get("pools", {}).get(str(rank), {}).items():
            self.pools()[name].restore(images)
