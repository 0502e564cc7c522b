"""How a conditional model is chosen: a leaf of the tests in the place of the VAE, on a small set."""

SETS = {
    "classes": ["data=digits"],
    "attributes": [
        "data=shapes",
        "data.shapes=[square,heart]",
        "data.scales=3",
        "data.orientations=5",
        "data.x_positions=5",
        "data.y_positions=5",
        "data.image_size=16",
        "data.count=300",
    ],
}


def chosen(leaf="CVAE"):
    """Overrides for a leaf."""
    return ["model=vae", f"model._target_=leaves.{leaf}", "~model.net", "model.latent_dim=3", "trust=[leaves]"]
