"""The steps of the reference implementation of pix2pix and CycleGAN, restated in plain PyTorch from its description."""

import copy
import itertools

import torch
import torch.nn.functional as F

from parity import BETAS, LR, gradients

ONE, ZERO = torch.ones((), dtype=torch.float64), torch.zeros((), dtype=torch.float64)


class Pool:
    """The reference's pool; ``decisions`` stand in for Python's ``random``."""

    def __init__(self, size):
        self.size, self.images, self.swaps = size, [], 0

    def query(self, made, decisions):
        if self.size == 0:
            return made
        shown = []
        coins = torch.rand(len(made), generator=decisions, dtype=torch.float64).tolist()
        places = torch.randint(self.size, (len(made),), generator=decisions).tolist()
        for image, p, place in zip(made, coins, places, strict=True):
            image = image.detach().unsqueeze(0)
            if len(self.images) < self.size:
                self.images.append(image)
                shown.append(image)
            elif p > 0.5:
                shown.append(self.images[place].clone())
                self.images[place] = image
                self.swaps += 1
            else:
                shown.append(image)
        return torch.cat(shown)


class ReferenceCycleGAN:
    """G_A = A to B, D_A judges domain B. The generators first, then the discriminators on the fakes made before."""

    def __init__(self, model, identity, pool, lambda_a=10.0, lambda_b=10.0, optimizer=torch.optim.Adam, watched=True):
        self.watched = watched  # gradients are given back, to be compared
        self.G_A, self.G_B = copy.deepcopy(model.generator_AtoB), copy.deepcopy(model.generator_BtoA)
        self.D_A, self.D_B = copy.deepcopy(model.discriminator_B), copy.deepcopy(model.discriminator_A)
        self.identity, self.lambda_a, self.lambda_b = identity, lambda_a, lambda_b
        self.pool_a, self.pool_b = Pool(pool), Pool(pool)
        self.opt_g = optimizer(itertools.chain(self.G_A.parameters(), self.G_B.parameters()), LR, BETAS)
        self.opt_d = optimizer(itertools.chain(self.D_A.parameters(), self.D_B.parameters()), LR, BETAS)

    @staticmethod
    def gan(scores, real):
        return F.mse_loss(scores, (ONE if real else ZERO).to(scores).expand_as(scores))

    def freeze(self, frozen):
        for net in (self.D_A, self.D_B):
            net.requires_grad_(not frozen)

    def step(self, real_a, real_b, noise):
        fake_b = self.G_A(real_a)
        rec_a = self.G_B(fake_b)
        fake_a = self.G_B(real_b)
        rec_b = self.G_A(fake_a)
        self.freeze(True)
        self.opt_g.zero_grad()
        loss_g = self.gan(self.D_A(fake_b), True) + self.gan(self.D_B(fake_a), True)
        loss_g = loss_g + F.l1_loss(rec_a, real_a) * self.lambda_a + F.l1_loss(rec_b, real_b) * self.lambda_b
        if self.identity > 0:
            loss_g = loss_g + F.l1_loss(self.G_A(real_b), real_b) * self.lambda_b * self.identity
            loss_g = loss_g + F.l1_loss(self.G_B(real_a), real_a) * self.lambda_a * self.identity
        loss_g.backward()
        g_gradients = [gradients(net) for net in (self.G_A, self.G_B) if self.watched]
        self.opt_g.step()
        self.freeze(False)
        self.opt_d.zero_grad()
        losses = []
        for net, real, pool, fake, name in (
            (self.D_A, real_b, self.pool_b, fake_b, "b"),
            (self.D_B, real_a, self.pool_a, fake_a, "a"),
        ):
            shown = pool.query(fake, noise.decisions(f"pool_{name}"))
            loss = (self.gan(net(real), True) + self.gan(net(shown.detach()), False)) * 0.5
            loss.backward()
            losses.append(loss)
        d_gradients = [gradients(net) for net in (self.D_A, self.D_B) if self.watched]
        self.opt_d.step()
        return loss_g, sum(losses), g_gradients, d_gradients


class ReferencePix2Pix:
    """One forward of G, then D on [A, fake] and [A, B] with half the loss, then G with D frozen."""

    def __init__(self, model, optimizer=torch.optim.Adam, watched=True):
        self.watched = watched
        self.G, self.D = copy.deepcopy(model.generator), copy.deepcopy(model.discriminator)
        self.opt_g = optimizer(self.G.parameters(), LR, BETAS)
        self.opt_d = optimizer(self.D.parameters(), LR, BETAS)

    @staticmethod
    def gan(scores, real):
        return F.binary_cross_entropy_with_logits(scores, torch.full_like(scores, 1.0 if real else 0.0))

    def step(self, a, b, seed):
        torch.manual_seed(seed)  # the masks of the dropout
        fake = self.G(a)
        self.opt_d.zero_grad()
        loss_d_fake = self.gan(self.D(torch.cat([a, fake], 1).detach()), False)
        loss_d_real = self.gan(self.D(torch.cat([a, b], 1)), True)
        loss_d = (loss_d_fake + loss_d_real) * 0.5
        loss_d.backward()
        d_gradients = gradients(self.D) if self.watched else {}
        self.opt_d.step()
        self.D.requires_grad_(False)
        self.opt_g.zero_grad()
        loss_g = self.gan(self.D(torch.cat([a, fake], 1)), True) + F.l1_loss(fake, b) * 100.0
        loss_g.backward()
        self.opt_g.step()
        self.D.requires_grad_(True)
        return loss_g, loss_d, gradients(self.G) if self.watched else {}, d_gradients
