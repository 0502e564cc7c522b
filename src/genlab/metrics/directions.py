"""Which end of a metric is the good one, by its name."""

from __future__ import annotations

from collections.abc import Iterable

LOWER = (
    *("fid", "kid", "mind", "cmmd", "lpips", "mse", "l1", "nll", "bpd", "fpr95", "modes_kl", "class_kl"),
    *("mel_mcd", "mel_lsd"),
)
HIGHER = (
    *("psnr", "ssim", "precision", "recall", "density", "coverage", "clipped_density", "clipped_coverage"),
    *("inception_score", "modes", "high_quality", "target_rate", "speaker_rate", "mel_mcd_gain"),
    *("dnsmos_sig", "dnsmos_bak", "dnsmos_ovrl", "speaker_cosine"),
    *("mig_hist20", "mig_chen", "sap", "dci", "factor_vae_score", "beta_vae_score", "modularity", "explicitness"),
    *("infom", "infoe", "infoc", "auroc", "ap"),
)
NOT_COMPARED = (
    *("nll_ess", "target_rate_before", "kid_sd", "inception_score_sd"),
    *(f"{name}_{what}" for name in ("mel_mcd", "mel_lsd", "speaker_rate") for what in ("before", "scaled")),
    *(f"{name}_{side}" for name in ("dnsmos_sig", "dnsmos_bak", "dnsmos_ovrl", "speaker_cosine") for side in "ab"),
    "speaker_cosine_before",
)
OWN_LOWER = ("loss", "recon", "cross_entropy", "class_error", "cycle_l1", "identity_l1", "label_leak", "code_mmd")
OWN_HIGHER = ("elbo", "accuracy", "label_accuracy", "worst_group_accuracy", "mean_group_accuracy")


def direction(metric: str) -> int:
    """1: higher is better; -1: lower is; 0: neither is certain, as of losses, which differ from model to model."""
    name = last(metric)
    if begins(name, NOT_COMPARED):
        return 0
    found = [(len(one), sign) for sign, some in ((-1, LOWER), (1, HIGHER)) for one in some if begins(name, (one,))]
    return max(found)[1] if found else 0  # by the longest: modes_kl is not modes


def own_direction(metric: str) -> int:
    """The same within one run, or among runs of one model: there a lower loss and a higher bound are better, too."""
    name = last(metric)
    return direction(metric) or (1 if name in OWN_HIGHER else -1 if name in OWN_LOWER else 0)


def last(metric: str) -> str:
    """The name without its split: ``test/mse`` -> ``mse``."""
    return metric.rpartition("/")[2]


def begins(name: str, beginnings: Iterable[str]) -> bool:
    """Whether a name is one of these, or goes on after one: ``fid_classifier_2000``."""
    return any(name == beginning or name.startswith(f"{beginning}_") for beginning in beginnings)
