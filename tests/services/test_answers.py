"""An answer is written at once, whatever it is made of; what has to go at once does."""

from __future__ import annotations

import pytest

from modelyard.services.protocols.answers import OnePiece


class Transport:
    """Keeps what is written, each piece for itself."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.is_closed = False

    def write(self, data: bytes) -> None:
        assert not self.is_closed
        self.pieces.append(data)

    def close(self) -> None:
        self.is_closed = True

    def is_closing(self) -> bool:
        return self.is_closed


HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n"


@pytest.fixture
def transport():
    return Transport()


def test_a_head_and_its_body_are_one_piece(transport):
    answers = OnePiece(transport)
    for _ in range(2):
        answers.write(HEAD)
        assert transport.pieces == []
        answers.write(b"{}")
        answers.end()
        assert transport.pieces == [HEAD + b"{}"]
        transport.pieces.clear()


def test_further_chunks_are_not_held_back(transport):
    answers = OnePiece(transport)
    for data in (HEAD, b"2\r\n{}\r\n", b"0\r\n\r\n"):
        answers.write(data)
    assert transport.pieces == [HEAD + b"2\r\n{}\r\n", b"0\r\n\r\n"]


def test_a_head_alone_leaves_at_the_end_of_its_answer(transport):
    answers = OnePiece(transport)
    answers.write(HEAD)
    answers.end()
    answers.end()
    assert transport.pieces == [HEAD]


def test_hanging_up_sends_what_is_there_first(transport):
    answers = OnePiece(transport)
    answers.write(HEAD)
    answers.close()
    assert transport.pieces == [HEAD]
    assert answers.is_closing()


def test_leave_to_go_on_is_given_at_once(transport):
    answers = OnePiece(transport)
    answers.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert transport.pieces == [b"HTTP/1.1 100 Continue\r\n\r\n"]


def test_a_large_body_is_not_copied_to_its_head(transport):
    answers, body = OnePiece(transport), bytes(10**6)
    answers.write(HEAD)
    answers.write(body)
    assert transport.pieces[0] == HEAD
    assert transport.pieces[1] is body
