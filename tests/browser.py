"""A headless Chromium for tests of pages, driven by its own protocol over a pair of pipes: nothing to install for it.

with Browser(url) as page:
    page.run("document.querySelector('button').click()")
    page.until("document.querySelector('img').src")
    page.screenshot(path, width=390)
    assert not page.errors and not page.outside
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path
from urllib.parse import urlsplit

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
OPTIONS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-pipe"]
OPTIONS += ["--no-first-run", "--disable-extensions", "--disable-background-networking", "--mute-audio"]
PATIENCE = 60  # seconds for an answer; a machine may be busy


class Browser:
    """One page.

    Attributes:
        errors: what its console and its scripts complained of.
        requests: every address that it asked for, but for pictures inside; ``outside``: those of other hosts.
    """

    def __init__(self, url: str, width: int = 1280, height: int = 900, dark: bool = False) -> None:
        self.url, self.errors, self.requests = url, [], []
        self.number, self.answers, self.loaded = 0, {}, threading.Event()
        self.arrived = threading.Condition()
        self.folder = tempfile.mkdtemp(prefix="browser-")
        self.start()
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for name in ("Page", "Runtime", "Network", "Log", "DOM"):
            self.tell(f"{name}.enable")
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.tell("Emulation.setEmulatedMedia", features=[scheme])
        self.resize(width, height)
        self.go(url)

    # ---- the page ----------------------------------------------------------------------------------------------------

    def go(self, url: str) -> None:
        """Open an address, and wait until the page is loaded."""
        self.loaded.clear()
        self.tell("Page.navigate", url=url)
        assert self.loaded.wait(PATIENCE), f"{url} did not load"

    def run(self, script: str):  # noqa: ANN201
        """The value of a script, or of the promise that it gives."""
        asked = {"expression": script, "awaitPromise": True, "returnByValue": True, "userGesture": True}
        answer = self.tell("Runtime.evaluate", **asked)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def until(self, script: str, seconds: float = PATIENCE):  # noqa: ANN201
        """The value of an expression, once it is true."""
        wait = f"""new Promise((done, fail) => {{
            const end = performance.now() + {1000 * seconds};
            const look = () => {{
                let value;
                try {{ value = ({script}); }} catch {{}}
                if (value) return done(value);
                performance.now() > end ? fail(new Error("still false")) : setTimeout(look, 10);
            }};
            look();
        }})"""
        return self.run(wait)

    def choose(self, selector: str, *files: Path) -> None:
        """Choose files in an input."""
        root = self.tell("DOM.getDocument")["root"]["nodeId"]
        node = self.tell("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.tell("DOM.setFileInputFiles", nodeId=node, files=[str(file) for file in files])

    def resize(self, width: int, height: int = 900) -> None:
        """Change the size of the window, in CSS pixels."""
        self.tell("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def screenshot(self, path: Path, whole: bool = True) -> Path:
        """A PNG of the window, or of the whole page."""
        made = self.tell("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(made["data"]))
        return path

    @property
    def outside(self) -> list[str]:
        """The requests to other hosts than the page's own."""
        return [url for url in self.requests if urlsplit(url).netloc != urlsplit(self.url).netloc]

    # ---- the pipes ---------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the program, which reads commands from its file 3 and writes answers and events to 4."""
        assert PROGRAM is not None
        (theirs, self.commands), (self.events, writes) = os.pipe(), os.pipe()

        def pipes() -> None:
            first, second = os.dup(theirs), os.dup(writes)  # away from 3 and 4 before these are filled
            os.dup2(first, 3)
            os.dup2(second, 4)

        command = [PROGRAM, *OPTIONS, f"--user-data-dir={self.folder}"]
        silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "stdin": subprocess.DEVNULL}
        self.process = subprocess.Popen(command, preexec_fn=pipes, close_fds=False, **silent)
        os.close(theirs)
        os.close(writes)
        threading.Thread(target=self.listen, daemon=True).start()

    def tell(self, method: str, **parameters: object) -> dict:
        """A command to the page, and its answer."""
        return self.ask(method, self.session, **parameters)

    def ask(self, method: str, session: str | None = None, **parameters: object) -> dict:
        """A command, and its answer."""
        self.number += 1
        own = self.number
        message = {"id": own, "method": method, "params": parameters} | ({"sessionId": session} if session else {})
        left = memoryview(json.dumps(message).encode() + b"\0")
        while left:
            left = left[os.write(self.commands, left) :]
        with self.arrived:
            assert self.arrived.wait_for(lambda: own in self.answers, PATIENCE + 10), f"no answer to {method}"
            answer = self.answers.pop(own)
        assert "error" not in answer, (method, answer["error"])
        return answer["result"]

    def listen(self) -> None:
        """Take in answers and events until the program ends."""
        kept = b""
        while piece := os.read(self.events, 1 << 20):
            *whole, kept = (kept + piece).split(b"\0")
            for text in whole:
                self.heard(json.loads(text))

    def heard(self, message: dict) -> None:
        """One answer or event."""
        method, told = message.get("method"), message.get("params", {})
        if method is None:
            with self.arrived:
                self.answers[message["id"]] = message
                self.arrived.notify_all()
        elif method == "Page.loadEventFired":
            self.loaded.set()
        elif method == "Network.requestWillBeSent":
            url = told["request"]["url"]
            self.requests += [] if url.startswith(("data:", "blob:")) else [url]
        elif method == "Runtime.exceptionThrown":
            self.errors.append(told["exceptionDetails"].get("exception", {}).get("description", "exception"))
        elif method == "Log.entryAdded" and told["entry"]["level"] == "error":
            self.errors.append(told["entry"]["text"])
        elif method == "Runtime.consoleAPICalled" and told["type"] in ("error", "assert"):
            self.errors.append(" ".join(str(one.get("value")) for one in told["args"]))

    def close(self) -> None:
        """End the program."""
        self.process.kill()
        self.process.wait()
        os.close(self.commands)
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
