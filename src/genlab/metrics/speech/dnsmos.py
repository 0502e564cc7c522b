"""DNSMOS: what listeners would say of a sound, told by a network.

Reddy, Gopal and Cutler, 2022, "DNSMOS P.835: A non-intrusive perceptual objective speech quality metric to evaluate noise
suppressors" (arXiv:2110.01763). The network and the polynomials that map what it says to the scale of listeners are those
of the package ``speechmos``.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from genlab.metrics.speech.packaged import Packaged

DIGEST = "269fbebdb513aa23cddfbb593542ecc540284a91849ac50516870e1ac78f6edd"
PACKAGED = Packaged("speechmos", "speechmos", "dnsmos_models/sig_bak_ovr.onnx", DIGEST, ("onnxruntime",))
RATE = 16_000  # Hz
SECONDS = 9.01  # that the network hears at once
STEP = RATE  # samples from one piece to the next
SCORES = ("sig", "bak", "ovrl")  # speech, background, all of it: 1 to 5
POLYNOMIALS = (  # of each score, the highest power first
    (-0.08397278, 1.22083953, 0.0052439),
    (-0.13166888, 1.60915514, -0.39604546),
    (-0.06766283, 1.11546468, 0.04602535),
)


class DNSMOS:
    """The network of P.835. ``file``: of its weights."""

    def __init__(self, file: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # the numbers do not hang on the machine's cores
        self.session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])

    def scores(self, sound: np.ndarray) -> np.ndarray:
        """Scores of speech, background and all of it, each 1 to 5, their mean over the pieces. [N] at 16 kHz -> float64 [3].

        A short sound is repeated. One that is silent has scores, too, which say nothing.
        """
        rows = pieces(sound / max(1.0, float(np.abs(sound).max(initial=0.0))))
        told = np.concatenate([self.session.run(None, {"input_1": row[None]})[0] for row in rows]).astype(np.float64)
        scaled = [np.polyval(powers, told[:, place]) for place, powers in enumerate(POLYNOMIALS)]
        return np.array([one.mean() for one in scaled])


def pieces(sound: np.ndarray) -> np.ndarray:
    """What the network hears, one second after the other, as the package cuts it: [N], N > 0 -> float32 [n, 144160]."""
    length = int(SECONDS * RATE)
    while len(sound) < length:
        sound = np.concatenate([sound, sound])
    count = int(len(sound) // RATE - SECONDS) + 1
    return np.lib.stride_tricks.sliding_window_view(sound.astype(np.float32), length)[::STEP][:count]
