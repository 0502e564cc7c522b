"""Conditional GAN: Mirza and Osindero, 2014, "Conditional Generative Adversarial Nets" (arXiv:1411.1784)."""

from __future__ import annotations

from typing import ClassVar

from genlab.contracts import LabelKind
from genlab.models.gan import GAN


class CGAN(GAN):
    """min over G, max over D of E[log D(x|y)] + E[log(1 - D(G(z|y)|y))] (eq. 2): both players are given the label y.

    A fake is judged beside the label it was made for, which is that of the real image beside it in the batch. How the networks
    take the label belongs to them: ``model.net.condition``.
    """

    needs: ClassVar[tuple[LabelKind, ...]] = ("classes", "attributes")
