"""What holds for every classifier that is trained once and kept."""

import torch


def assert_made_once(make, folder, least):
    """``make(folder)`` gives a network and its accuracy: at least ``least``, no trace in the random state, then kept."""
    state = torch.get_rng_state()
    net, accuracy = make(folder)
    assert torch.equal(state, torch.get_rng_state())
    assert accuracy > least
    (file,) = (folder / "features").glob("*.pt")
    written = file.stat().st_mtime_ns
    again, same = make(folder)
    assert (file.stat().st_mtime_ns, same) == (written, accuracy)
    assert not again.training
    for mine, other in zip(net.parameters(), again.parameters(), strict=True):
        assert torch.equal(mine, other)
