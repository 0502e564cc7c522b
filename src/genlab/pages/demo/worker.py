"""One thread that uses the model, for however many users: what they ask for is done one after the other."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as Late
from contextlib import suppress
from http import HTTPStatus
from typing import Any, TypeVar

from genlab.pages.demo.refused import Refused

T = TypeVar("T")
BUSY = "Too many ask at once. Try again in a moment."


class Worker:
    """Does what any thread asks for, in its own: a network has one user, and torch one pool of threads.

    Args:
        waiting: questions that may wait; further ones are refused.
        patience: seconds after which a question that has not been answered is given up.
    """

    def __init__(self, waiting: int = 64, patience: float = 120.0) -> None:
        self.patience = patience
        self.questions: queue.Queue[tuple[Future[Any], Callable[[], Any]] | None] = queue.Queue(waiting)
        self.thread = threading.Thread(target=self.work, name="model", daemon=True)
        self.thread.start()

    def __call__(self, question: Callable[[], T]) -> T:
        """The answer, or what ``question`` raises.

        Raises:
            Refused: too many are waiting, or it took too long.
        """
        answer: Future[T] = Future()
        try:
            self.questions.put_nowait((answer, question))
            return answer.result(self.patience)
        except (queue.Full, Late, CancelledError) as error:
            answer.cancel()  # nobody waits for it any more
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, BUSY) from error

    def work(self) -> None:
        """Answer until the end."""
        while (asked := self.questions.get()) is not None:
            answer, question = asked
            if answer.set_running_or_notify_cancel():
                try:
                    answer.set_result(question())
                except BaseException as error:
                    answer.set_exception(error)
            del asked, answer, question  # or the newest picture would be kept until the next

    def end(self, patience: float) -> bool:
        """Give up what waits; whether the question in hand was answered within so many seconds.

        Python may not end before: it would take the thread away inside of torch, which aborts the process.
        """
        with suppress(queue.Empty):
            while (asked := self.questions.get_nowait()) is not None:
                asked[0].cancel()
        self.questions.put(None)
        self.thread.join(patience)
        return not self.thread.is_alive()
