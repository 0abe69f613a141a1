"""Docker's output as lines, and going on from a mark."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kecs.ports.logs import Line
from kecs.runtimes.docker.reading import LineReader

START = 1_700_000_000_000_000_000  # nanoseconds
SHUFFLED = 900_000_000  # nanoseconds by which Docker may store a chunk too late, at the most

Chunk = tuple[int, int, bytes]  # nanoseconds, stream, content


def stamp(nanoseconds: int) -> str:
    whole, rest = divmod(nanoseconds, 1_000_000_000)
    return f"{datetime.fromtimestamp(whole, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09}Z"


def frame(chunk: Chunk) -> bytes:
    at, stream, text = chunk
    content = f"{stamp(at)} ".encode() + text
    return bytes([stream, 0, 0, 0]) + len(content).to_bytes(4, "big") + content


def sent(chunks: list[Chunk], reader: LineReader) -> bytes:
    """What Docker sends of its file to a reader."""
    whole, _, rest = (reader.since or "0.0").partition(".")
    since = int(whole) * 1_000_000_000 + int(rest)
    return b"".join(frame(chunk) for chunk in chunks if chunk[0] >= since)


@st.composite
def files(draw: st.DrawFn) -> list[Chunk]:
    """Docker's file of a container: chunks of both streams, some of the same time, some stored late, some lines cut."""
    chunks: list[Chunk] = []
    at = START
    for number in range(draw(st.integers(1, 20))):
        at += draw(st.sampled_from([0, 1, 1_000, 400_000_000, 1_500_000_000]))
        late = draw(st.sampled_from([0, 0, 0, 1, 2_000, SHUFFLED]))
        end = draw(st.sampled_from([b"\n", b"\n", b"\n", b"\r\n", b""]))
        chunks.append((at - late, draw(st.sampled_from([1, 2])), f"{number}".encode() + end))
    return chunks


@given(files(), st.integers(1, 50))
def test_going_on_from_any_line_gives_exactly_the_others(chunks: list[Chunk], piece: int) -> None:
    first = LineReader("", terminal=False)
    data = sent(chunks, first)
    lines = [line for at in range(0, len(data), piece) for line in first.feed(data[at : at + piece])]
    lines += first.end()
    assert "".join(sorted("".join(line.text for line in lines))) == "".join(
        sorted("".join(chunk[2].decode().strip() for chunk in chunks))
    )
    for read, line in enumerate(lines, 1):
        again = LineReader(line.mark, terminal=False)
        rest = again.feed(sent(chunks, again)) + again.end()
        assert [(line.at, line.text) for line in rest] == [(line.at, line.text) for line in lines[read:]]


@given(files(), st.lists(st.integers(0, 400), max_size=6))
def test_however_often_the_connection_breaks_each_line_comes_once(chunks: list[Chunk], breaks: list[int]) -> None:
    straight = LineReader("", terminal=False)
    whole = straight.feed(sent(chunks, straight)) + straight.end()
    mark, lines = "", []
    for came in breaks:
        reader = LineReader(mark, terminal=False)
        lines += reader.feed(sent(chunks, reader)[:came])
        mark = reader.mark
    last = LineReader(mark, terminal=False)
    lines += last.feed(sent(chunks, last)) + last.end()
    assert [(line.at, line.text) for line in lines] == [(line.at, line.text) for line in whole]


def test_a_terminal_has_lines_as_they_are() -> None:
    reader = LineReader("", terminal=True)
    texts = [f"{stamp(START)} one\r\n", f"{stamp(START + 1)} two\r\n", f"{stamp(START + 2)} no end"]
    lines = reader.feed("".join(texts).encode()[:-3])
    lines += reader.feed(b"end") + reader.end()
    assert [line.text for line in lines] == ["one", "two", "no end"]


@pytest.mark.parametrize(
    "other", ["2023-11-15T00:13:20.5+02:00", "2023-11-14T22:13:20.500000000Z", "2023-11-14T22:13:20.5Z"]
)
def test_podmans_times_are_dockers(other: str) -> None:
    reader = LineReader("", terminal=True)
    (line,) = reader.feed(f"{other} text\n".encode())
    assert line == Line(START // 1_000_000 + 500, "text", " 1")


@pytest.mark.parametrize("text", [b"\xff\xfe\n", "ü\n".encode()])
def test_times_are_milliseconds_and_bytes_that_are_no_text_are_replaced(text: bytes) -> None:
    reader = LineReader("", terminal=False)
    assert reader.feed(frame((START + 123_456_789, 2, text))) == [
        Line(START // 1_000_000 + 123, text.decode(errors="replace").rstrip(), " 1")
    ]
