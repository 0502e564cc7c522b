"""What the page is told instead of an answer."""

from __future__ import annotations

from http import HTTPStatus


class Refused(Exception):
    """A request that is not answered, with its HTTP status and a sentence for whoever looks at the page."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


def unfit(message: str) -> Refused:
    """The error for a question that makes no sense."""
    return Refused(HTTPStatus.BAD_REQUEST, message)
