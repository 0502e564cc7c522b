"""Every kind of mistake that the check can find has words, and no words are left over."""

import ast
from pathlib import Path

from genlab.config import words

ROOM = Path(words.__file__).parent


def kinds():
    """What the code makes: ``Mistake("unknown", …)``, also where it is one of two."""
    for path in ROOM.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Mistake":
                kind = node.args[0]
                yield from (kind.body, kind.orelse) if isinstance(kind, ast.IfExp) else (kind,)


def test_every_kind_of_mistake_has_a_sentence_and_every_sentence_a_mistake():
    assert {kind.value for kind in kinds()} == words.FIXED.keys() | words.WORKED_OUT.keys()
