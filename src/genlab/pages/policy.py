"""What browsers let a page load (Content-Security-Policy): nothing but what is named, code by what it is."""

from __future__ import annotations

import base64
import hashlib

UNFRAMED = (
    "frame-ancestors 'none'"  # no other page may hold this one; said by a header alone, a page's own <meta> cannot
)


def policy(script: str, style: str | None, *, asks: bool, plays: bool = False) -> str:
    """The policy of a page with its pictures, its style and its one script inside.

    Args:
        style: the one style; None of a page whose elements have styles of their own, which no digest can name.
        asks: whether its script asks the server that it comes from.
        plays: whether it has sounds inside.
    """
    styles = "'unsafe-inline'" if style is None else digest(style)
    parts = [
        "default-src 'none'",
        *(["connect-src 'self'"] if asks else []),
        "img-src data:",
        *(["media-src data:"] if plays else []),
        f"style-src {styles}",
        f"script-src {digest(script)}",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    return "; ".join(parts)


def digest(text: str) -> str:
    """How a policy names a script or style by its content."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
