"""One connection of the server: who asks, what for, and the answer, with headers that allow the page no other address."""

from __future__ import annotations

import json
import socket
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qs, urlsplit

from genlab import console
from genlab.pages.demo.page import Page
from genlab.pages.demo.refused import Refused, unfit
from genlab.pages.demo.uploads import Kind, Limits, received
from genlab.pages.demo.worker import BUSY, Worker
from genlab.pages.listener import OTHER_NAME, Answering

if TYPE_CHECKING:
    from genlab.pages.demo.answers import Answer, Answers  # which need torch

T = TypeVar("T")
MOST_JSON = 1 << 20  # bytes of a question
GRACE = 3.0  # seconds for a refused upload to be thrown away, so that the answer reaches who is still sending
FAILED = "The model failed at this. The terminal that it was started in says more."


@dataclass(frozen=True)
class Site:
    """What the server shows: the page, the model's answers, who may ask it (one thread), which files come, and how large."""

    page: Page
    answers: Answers
    worker: Worker
    limits: Limits
    kind: Kind


class Handler(Answering):
    """Answers the page: itself, and what it asks the model."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body of an answer leave together

    # ---- what is asked -----------------------------------------------------------------------------------------------

    def do_GET(self) -> None:
        """The page."""
        self.answered(self.shown)

    def do_POST(self) -> None:
        """A question of the page."""
        self.answered(self.asked)

    def shown(self) -> None:
        """The page at ``/``; nothing else can be read.

        Raises:
            Refused: another address.
        """
        path = urlsplit(self.path).path
        if path == "/favicon.ico":
            self.reply(HTTPStatus.NO_CONTENT, "image/x-icon", b"")
            return
        if path != "/":
            raise Refused(HTTPStatus.NOT_FOUND, "There is nothing here but the page itself, at /")
        page: Page = self.site.page
        self.reply(HTTPStatus.OK, "text/html; charset=utf-8", page.content, {"Content-Security-Policy": page.policy})

    def asked(self) -> None:
        """An answer of the model, as JSON.

        Raises:
            Refused: it is asked from elsewhere, or for what there is not.
        """
        if not self.server.names.welcomes(self.headers.get("Origin"), self.headers.get("Host")):
            raise Refused(HTTPStatus.FORBIDDEN, "Only the page itself may ask.")
        answers, path = self.site.answers, urlsplit(self.path).path
        of_json = {"/decode": answers.decode, "/sample": answers.sample}
        if path in of_json:
            question = self.json_body()
            self.reply_json(HTTPStatus.OK, self.site.worker(lambda: of_json[path](question)))
        elif path == "/look":
            self.reply_json(HTTPStatus.OK, self.look(answers))
        elif path == "/translate":
            self.reply_json(HTTPStatus.OK, self.translate(answers))
        else:
            raise Refused(HTTPStatus.NOT_FOUND, "There is no such question.")

    def look(self, answers: Answers) -> Answer:
        """The model's view of an upload."""
        label, inverted = json_of(self.query("label", "null")), self.query("invert", "0") == "1"
        pixels = self.uploaded(answers.to_look_at)
        return self.site.worker(lambda: answers.look(pixels, label, inverted))

    def translate(self, answers: Answers) -> Answer:
        """The translation of an upload."""
        direction: Any = self.query("direction", "AtoB")
        given = self.uploaded(lambda path: answers.to_translate(path, direction))
        return self.site.worker(lambda: answers.translate(given, direction))

    def uploaded(self, read: Callable[[Path], T]) -> T:
        """The file in the body; a few come in at a time, each by way of a file of its own, which is gone when it is read.

        Raises:
            Refused: it is too large, is of another kind, or too many come at once.
        """
        size, limits = self.length(), self.site.limits
        limits.require_size(size)
        self.require_type("application/octet-stream")
        if not self.server.uploads.acquire(timeout=self.site.worker.patience):
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, BUSY)
        try:
            with received(self.rfile, size, limits, self.site.kind) as path:  # type: ignore[arg-type]
                return read(path)
        finally:
            self.server.uploads.release()

    @property
    def site(self) -> Site:
        """What the server shows."""
        found: Site = self.server.site
        return found

    def query(self, name: str, usual: str) -> str:
        """A value behind the question mark."""
        return parse_qs(urlsplit(self.path).query).get(name, [usual])[0]

    # ---- what comes in -----------------------------------------------------------------------------------------------

    def length(self) -> int:
        """Bytes of the body.

        Raises:
            Refused: it is not said.
        """
        said = self.headers.get("Content-Length", "")
        if not (said.isascii() and said.isdigit()) or "Transfer-Encoding" in self.headers:
            raise Refused(HTTPStatus.LENGTH_REQUIRED, "The header Content-Length is wanted.")
        return int(said)

    def require_type(self, wanted: str) -> None:
        """Refuse a body of another type: the two that are asked for cannot be sent from a page elsewhere.

        Raises:
            Refused: with the right one.
        """
        if self.headers.get_content_type() != wanted:
            raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"The header Content-Type: {wanted} is wanted.")

    def json_body(self) -> Answer:
        """The body, a mapping.

        Raises:
            Refused: it is something else, or too long.
        """
        size = self.length()
        if size > MOST_JSON:
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A question has {MOST_JSON:,} bytes at most.")
        self.require_type("application/json")
        found = json_of(self.rfile.read(size))
        if not isinstance(found, dict):
            raise unfit("A JSON mapping is wanted.")
        return found

    def handle_expect_100(self) -> bool:
        """Who asks before sending is told to go on by the first read; a refusal then comes before the body."""
        return super().handle_expect_100() if self.may_send() else True

    def may_send(self) -> bool:
        """Whether the body that is announced is not too large for any question."""
        said = self.headers.get("Content-Length", "")
        return said.isdigit() and int(said) <= max(self.site.limits.size, MOST_JSON)

    # ---- what goes out -----------------------------------------------------------------------------------------------

    def answered(self, answer: Callable[[], None]) -> None:
        """Answer, or say why not; the body of a refused question may not have been read, so the connection ends."""
        try:
            if not self.is_called_by_name():
                raise Refused(HTTPStatus.FORBIDDEN, OTHER_NAME)
            answer()
        except (ConnectionError, TimeoutError):
            self.close_connection = True
        except Refused as error:
            self.refuse(error.status, error.message)
        except Exception:
            console.say(traceback.format_exc().rstrip("\n"))
            self.refuse(HTTPStatus.INTERNAL_SERVER_ERROR, FAILED)

    def refuse(self, status: HTTPStatus, message: str) -> None:
        """Say why there is no answer, end the connection, and throw away what is still being sent."""
        self.close_connection = True
        try:
            self.reply_json(status, {"error": message})
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_WR)
            self.throw_away()
        except OSError:
            return

    def throw_away(self) -> None:
        """Read what still comes, for a while: closing at once would take the answer away from who is still sending."""
        until = time.monotonic() + GRACE
        self.connection.settimeout(GRACE)
        while time.monotonic() < until and self.connection.recv(1 << 16):
            pass

    def reply_json(self, status: HTTPStatus, content: Answer) -> None:
        """Send an answer as JSON."""
        self.reply(status, "application/json", json.dumps(content, allow_nan=False).encode())


def json_of(text: str | bytes) -> Any:
    """JSON.

    Raises:
        Refused: it is none.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise unfit("This is no JSON.") from error
