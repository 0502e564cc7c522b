"""Real small runs of several kinds of model, made once."""

import pytest

from genlab.apps.command import main as door

SMALL = [
    "data.batch_size=20",
    "trainer.max_epochs=3",
    "logger=csv",
    "metrics.extractor=random",
    "metrics.val_samples=20",
]
SMALL += [
    "metrics.test_samples=20",
    "trainer.accelerator=cpu",
    "trainer.log_every_n_steps=1",
    "performance.allocator=false",
]
DIGITS = ["data=digits", "data.limit=60", "model.latent_dim=3"]
RUNS = {
    "vae/a": ["model=vae", *DIGITS],
    "vae/b": ["model=vae", *DIGITS, "seed=1"],
    "vae/strong": ["model=beta_vae", *DIGITS, "model.beta=4"],
    "ae/a": ["model=ae", *DIGITS],
    "gan/a": ["model=gan", "data=toy2d", "data.limit=60", "metrics=none"],
}


@pytest.fixture(scope="session")
def trained(tmp_path_factory, cache):
    """A folder of real runs, one of them broken; nobody writes into it."""
    root = tmp_path_factory.mktemp("trained")
    for place, typed in RUNS.items():
        name, run_id = place.split("/")
        assert (
            door.run(
                "train",
                [*typed, *SMALL, f"name={name}", f"run_id={run_id}", f"paths.runs={root}", f"paths.cache={cache}"],
            )
            == 0
        )
    path = root / "ae" / "a" / "summary.json"
    path.write_text(path.read_text()[:200])
    return root
