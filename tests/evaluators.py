"""The evaluators of a configuration, attached to a model and its data."""

from genlab.apps.command.evaluators import build_evaluators

SMALL = ["metrics.extractor=random", "metrics.val_samples=60", "metrics.test_samples=60"]


def evaluators(cfg, model, prepared, folder, tested="test"):
    """The callback that runs them. ``tested``: the split that the test goes over."""
    (evaluate,) = build_evaluators(cfg)
    evaluate.attach(model, prepared, folder, {"val": "val", "test": tested})
    return evaluate
