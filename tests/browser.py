"""A real browser over the DevTools protocol: pages are opened, worked, looked at, and what they ask for is recorded."""

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import time
from urllib.parse import urlsplit

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-pipe")
OPTIONS += ("--no-first-run", "--disable-extensions", "--disable-background-networking", "--force-color-profile=srgb")
PATIENCE = 60  # seconds for an answer, on a machine that others use
HIGH = 20  # the first number of a file that is none of the two that Chromium reads and writes


class Browser:
    """Chromium without a window; a context manager."""

    def __init__(self, folder):
        reading, self.to = os.pipe()
        self.come, writing = os.pipe()
        reading, writing = (moved(number) for number in (reading, writing))

        def connected():
            os.dup2(reading, 3)
            os.dup2(writing, 4)

        command = [CHROMIUM, *OPTIONS, f"--user-data-dir={folder}", "about:blank"]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen(command, preexec_fn=connected, pass_fds=(3, 4), **quiet)
        os.close(reading)
        os.close(writing)
        self.number, self.rest, self.events = 0, b"", []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)
        os.close(self.to)
        os.close(self.come)

    def ask(self, method, session=None, **parameters):
        """A command of the protocol, and its answer."""
        self.number += 1
        question = {"id": self.number, "method": method, "params": parameters} | (
            {"sessionId": session} if session else {}
        )
        left = json.dumps(question).encode() + b"\0"
        while left:
            left = left[os.write(self.to, left) :]
        for answer in self.messages(PATIENCE):
            if answer.get("id") == self.number:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]
            self.events.append(answer)
        raise AssertionError(f"no answer to {method}")

    def messages(self, seconds):
        """What comes until then."""
        until = time.monotonic() + seconds
        while True:
            whole, end, rest = self.rest.partition(b"\0")
            if end:
                self.rest = rest
                yield json.loads(whole)
                continue
            if not select.select([self.come], [], [], max(0, until - time.monotonic()))[0]:
                return
            self.rest += os.read(self.come, 1 << 20)

    def open(self, address, width=1280, height=900, dark=False):
        """A page at an address, loaded."""
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        return Tab(self, session, width, height, dark).go(address)


class Tab:
    """One page."""

    def __init__(self, browser, session, width, height, dark):
        self.browser, self.session = browser, session
        for domain in ("Page", "Runtime", "Log", "Network", "DOM"):
            self.ask(f"{domain}.enable")
        self.size(width, height)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", features=[scheme])

    def ask(self, method, **parameters):
        """A command of the protocol to this page."""
        return self.browser.ask(method, self.session, **parameters)

    def size(self, width, height):
        """Its window."""
        self.ask(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )

    def go(self, address):
        """Load an address."""
        self.address = address
        self.ask("Page.navigate", url=address)
        self.until("document.readyState === 'complete' && location.href !== 'about:blank'")
        return self

    def run(self, script):
        """The value of an expression in the page."""
        answer = self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def until(self, script, seconds=PATIENCE):
        """The value of an expression, once it is true."""
        end = time.monotonic() + seconds
        while not (value := self.run(script)):
            assert time.monotonic() < end, f"never: {script}"
            time.sleep(0.02)
        return value

    def choose(self, selector, *files):
        """Choose files in an input."""
        root = self.ask("DOM.getDocument")["root"]["nodeId"]
        node = self.ask("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.ask("DOM.setFileInputFiles", nodeId=node, files=[str(file) for file in files])

    def press(self, key, text=None):
        """A key, as from a keyboard."""
        code = {"ArrowRight": 39, "ArrowLeft": 37, "Enter": 13, "Home": 36, "End": 35, "Tab": 9, " ": 32}.get(key, 0)
        typed = {"text": "\r"} if key == "Enter" else {"text": text} if text else {}
        own = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        self.ask("Input.dispatchKeyEvent", type="keyDown", **own, **typed)
        self.ask("Input.dispatchKeyEvent", type="keyUp", **own)

    def picture(self, path, whole=False):
        """What is seen, or the whole page, as a PNG."""
        box = self.run("({w: document.documentElement.clientWidth, h: document.documentElement.scrollHeight})")
        clip = {"clip": {"x": 0, "y": 0, "width": box["w"], "height": box["h"], "scale": 1}} if whole else {}
        answer = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=whole, **clip)
        path.write_bytes(base64.b64decode(answer["data"]))

    def said(self):
        """Errors and warnings of the console."""
        self.run("1")
        found = []
        for event in self.of("Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled"):
            entry = event["params"].get("entry", event["params"])
            if entry.get("level", entry.get("type", "error")) in ("error", "warning", "assert"):
                found.append(entry)
        return found

    def asked(self):
        """The addresses that the page has requested, but for what is inside it."""
        self.run("1")
        found = [event["params"]["request"]["url"] for event in self.of("Network.requestWillBeSent")]
        return [address for address in found if not address.startswith(("data:", "about:", "blob:"))]

    def outside(self):
        """Those of them at other hosts than the page's own."""
        return [address for address in self.asked() if urlsplit(address).netloc != urlsplit(self.address).netloc]

    def of(self, *methods):
        """The events of these kinds."""
        return [e for e in self.browser.events if e.get("sessionId") == self.session and e["method"] in methods]


def moved(number):
    """A file of this process under a number that is out of the way."""
    high = fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, HIGH)
    os.close(number)
    return high
