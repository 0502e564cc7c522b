"""Which Python genlab runs on; looked at before anything else is imported, in words that an older one can read too."""

import sys

OLDEST, NEWEST = (3, 11, 4), (3, 13)  # as requires-python in pyproject.toml


def require_python() -> None:
    """Exit with 2 and one line on a Python that is too old, or so new that Hydra and genlab fail on it."""
    now = tuple(sys.version_info[:3])
    if now < OLDEST or now[:2] > NEWEST:
        told = ".".join(map(str, now)), ".".join(map(str, OLDEST)), ".".join(map(str, NEWEST))
        message = "error: this is Python %s, and genlab runs on %s to %s. " % told  # noqa: UP031
        sys.stderr.write(message + "Make an environment of one of those: python%s -m venv .venv\n" % told[2])  # noqa: UP031
        sys.exit(2)
