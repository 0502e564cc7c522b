"""pytest in forks of a process that has imported the libraries already, and nothing of ours: a second for a few tests."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

SECONDS = 240  # of one run; a test that hangs has noticed something
LIBRARIES = ("torch", "lightning.pytorch", "hydra", "omegaconf", "pydantic", "sklearn.datasets", "PIL.Image", "rich")
LIBRARIES += ("rich.progress", "filelock", "scipy.linalg", "torchmetrics.image.fid", "xdist", "pytest")


class Tests:
    """Runs tests of one tree. The process behind it lives until ``close``."""

    def __init__(self, tree: Path) -> None:
        self.tree = tree
        environment = {k: v for k, v in os.environ.items() if not k.startswith("GENLAB")}
        # a module changed twice within a second must not be taken from a file of compiled code
        environment |= {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(tree / "src"), "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            [sys.executable, __file__],
            cwd=tree,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, tests: list[str]) -> tuple[int | None, str]:
        """pytest's exit code (None: it did not end in time) and what was printed."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(tests) + "\n")
        self.process.stdin.flush()
        code, output = json.loads(self.process.stdout.readline())
        return code, output

    def close(self) -> None:
        """End the process."""
        self.process.communicate()


def serve() -> None:
    """Answer each line of tests with a line of their outcome."""
    from importlib import import_module

    sys.path.insert(0, str(Path.cwd() / "src"))
    from genlab.compat import ensure_torchvision

    ensure_torchvision()
    for name in [name for name in sys.modules if name.split(".")[0] == "genlab"]:
        del sys.modules[name]
    for name in LIBRARIES:
        import_module(name)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        answers.write(json.dumps(outcome(json.loads(line))) + "\n")
        answers.flush()


def outcome(tests: list[str]) -> tuple[int | None, str]:
    """Run the tests in a fork and wait for it, not for ever."""
    with tempfile.TemporaryFile("w+") as output:
        child = os.fork()
        if child == 0:
            os.setsid()
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
            import pytest

            os._exit(pytest.main(["-x", "-n", "0", "-p", "no:cacheprovider", "-m", "", *tests]))
        until, code = time.monotonic() + SECONDS, None
        while time.monotonic() < until:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                code = os.waitstatus_to_exitcode(status)
                break
            time.sleep(0.02)
        with suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)  # also what a failed test has left running
        if code is None:
            os.waitpid(child, 0)
        output.seek(0)
        return code, output.read()[-4000:]


if __name__ == "__main__":
    serve()
