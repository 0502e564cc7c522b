"""Asymmetric numeral systems: a stack of symbols, last in first out, in as many bits as their probabilities say.

Duda, 2013, "Asymmetric numeral systems: entropy coding combining speed of Huffman coding with compression rate of arithmetic
coding" (arXiv:1311.2540), the range variant (rANS) with words of 32 bits. Integers alone: what is pushed comes back exactly.
"""

from __future__ import annotations

from collections.abc import Sequence

WORD = 32  # bits that leave and enter the head at once
LOW = 1 << WORD  # the head lies in LOW … LOW^2 - 1
MASK = LOW - 1


class Stack:
    """A message: ``head``, an integer that symbols move, above ``tail``, words that wait.

    A symbol has a probability of freq / 2^precision, and the numbers start … start + freq - 1 of 0 … 2^precision - 1.

    Args:
        words: of 32 bits, to start from: what bits-back coding borrows. At least two.
    """

    def __init__(self, words: Sequence[int]) -> None:
        *self.tail, low, high = (int(word) & MASK for word in words)
        self.head = max(high, 1) << WORD | low

    def push(self, start: int, freq: int, precision: int) -> None:
        """Add a symbol: log2(2^precision / freq) bits, to within 2^-(WORD - precision) of that."""
        if self.head >= freq << (2 * WORD - precision):
            self.tail.append(self.head & MASK)
            self.head >>= WORD
        self.head = (self.head // freq << precision) + self.head % freq + start

    def peek(self, precision: int) -> int:
        """A number of the topmost symbol, in 0 … 2^precision - 1; of a random message a uniform one."""
        return self.head & ((1 << precision) - 1)

    def drop(self, start: int, freq: int, precision: int) -> None:
        """Take the topmost symbol away, to which ``peek`` belongs: the exact inverse of ``push``.

        Raises:
            IndexError: the message has ended.
        """
        self.head = freq * (self.head >> precision) + self.peek(precision) - start
        if self.head < LOW:
            self.head = self.head << WORD | self.tail.pop()

    @property
    def bits(self) -> int:
        """Length of the message."""
        return WORD * len(self.tail) + self.head.bit_length()

    @property
    def words(self) -> list[int]:
        """What ``Stack(words)`` makes again."""
        return [*self.tail, self.head & MASK, self.head >> WORD]
