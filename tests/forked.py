"""Processes forked from one that has imported what they need: real signals, kills and exit codes, and nothing to wait for."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from contextlib import suppress
from importlib import import_module
from pathlib import Path

# what every command needs before torch; what a training needs
LIGHT = ("numpy", "PIL.Image", "hydra", "omegaconf", "pydantic", "genlab.config.compose", "genlab.apps.command.run")
HEAVY = (
    "torch",
    "lightning.pytorch",
    *LIGHT,
    "sklearn.datasets",
    "genlab.apps.train.training",
    "genlab.callbacks.evaluate",
)
REPO = Path(__file__).resolve().parent.parent


class Forks:
    """A process that has imported ``libraries`` of ``tree`` and forks on demand; it lives until ``close``."""

    def __init__(self, *libraries: str, tree: Path = REPO) -> None:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("GENLAB")}
        path = os.pathsep.join(map(str, (tree / "src", Path(__file__).parent)))
        environment |= {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
        # a module changed twice within a second must not be taken from a file of compiled code
        environment["PYTHONDONTWRITEBYTECODE"] = "1"
        command = [sys.executable, __file__, *libraries]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.process = subprocess.Popen(command, cwd=tree, env=environment, text=True, **pipes)

    def ask(self, question: dict) -> int | None:
        """One line there, one line back."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def start(self, call: str, *arguments: object, folder: Path, output: Path, **environment: str) -> "Fork":
        """``module:function`` in a fork, in ``folder``; what it prints is appended to ``output``."""
        asked = {"call": call, "arguments": arguments, "folder": str(folder), "output": str(output)}
        pid = self.ask(asked | {"environment": environment})
        assert pid is not None
        return Fork(self, pid, output)

    def command(self, name: str, *arguments: str, folder: Path, output: Path, **environment: str) -> "Fork":
        """``python src/NAME.py ARGUMENTS``, but for the start."""
        return self.start("forked:command", name, arguments, folder=folder, output=output, **environment)

    def answer(self, name: str, *arguments: str, folder: Path) -> tuple[int | None, str]:
        """A command's exit code and what it said; decoded files go to ``folder``/cache."""
        with tempfile.NamedTemporaryFile() as output:
            place = {"output": Path(output.name), "GENLAB_CACHE": str(folder / "cache")}
            process = self.command(name, *arguments, folder=folder, **place)
            return process.wait(60), process.said()

    def close(self) -> None:
        """End the process, and close what leads to it."""
        with self.process:
            self.process.kill()


class Fork:
    """A process that was forked, as ``subprocess`` would show it."""

    def __init__(self, forks: Forks, pid: int, output: Path) -> None:
        self.forks, self.pid, self.output = forks, pid, output
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Its exit code, negative for a signal; None while it runs."""
        if self.returncode is None:
            self.returncode = self.forks.ask({"ended": self.pid})
        return self.returncode

    def wait(self, timeout: float) -> int | None:
        """As ``poll``, after waiting for up to ``timeout`` seconds; None: it did not end in time."""
        until = time.monotonic() + timeout
        while self.poll() is None and time.monotonic() < until:
            time.sleep(0.01)
        return self.returncode

    def said(self) -> str:
        """What it has printed so far."""
        return self.output.read_text()

    def send_signal(self, number: int) -> None:
        """To this process alone."""
        os.kill(self.pid, number)

    def end(self) -> None:
        """Kill it, and what it has started."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.wait(60)


# ---- in the process behind it ---------------------------------------------------------------------------------------


def command(name: str, arguments: list[str]) -> None:
    """A command as its door starts it; says if torch has been imported."""
    from genlab.apps.command.main import main

    sys.argv = [str(REPO / "src" / f"{name}.py"), *arguments]
    try:
        main(name, arguments)
    finally:
        if "torch" in sys.modules:
            print("torch was imported", file=sys.stderr)


def serve(libraries: list[str]) -> None:
    """Import; then answer each line: with the process that was forked, or with the exit code of one."""
    if "torch" in libraries:
        from genlab.compat import ensure_torchvision

        ensure_torchvision()
    for name in libraries:
        import_module(name)
    if not any(name.startswith("genlab") for name in libraries):
        for name in [name for name in sys.modules if name.split(".")[0] == "genlab"]:
            del sys.modules[name]
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        asked = json.loads(line)
        answers.write(json.dumps(exit_code(asked["ended"]) if "ended" in asked else forked(asked)) + "\n")
        answers.flush()


def exit_code(pid: int) -> int | None:
    """Of a process that has ended."""
    done, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if done else None


def forked(asked: dict) -> int:
    """The number of a new process that does what is asked."""
    child = os.fork()
    if child:
        return child
    os.setsid()
    file = os.open(asked["output"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for standard in (1, 2):
        os.dup2(file, standard)
    os.chdir(asked["folder"])
    os.environ.update(asked["environment"])
    code = 1
    try:
        module, _, function = asked["call"].partition(":")
        code = getattr(import_module(module), function)(*asked["arguments"])
    except SystemExit as left:
        code = left.code
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(int(code or 0))


if __name__ == "__main__":
    serve(sys.argv[1:])
