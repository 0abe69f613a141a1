"""Containers' output as lines, and going on from a mark."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kecs.ports.logs import Line
from kecs.runtimes.reading import LineReader

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
    return b"".join(frame(chunk) for chunk in chunks if stamp(chunk[0]) >= reader.since)


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
    first = LineReader("", framed=True)
    data = sent(chunks, first)
    lines = [line for at in range(0, len(data), piece) for line in first.feed(data[at : at + piece])]
    lines += first.end()
    assert "".join(sorted("".join(line.text for line in lines))) == "".join(
        sorted("".join(chunk[2].decode().strip() for chunk in chunks))
    )
    for read, line in enumerate(lines, 1):
        again = LineReader(line.mark, framed=True)
        rest = again.feed(sent(chunks, again)) + again.end()
        assert [(line.at, line.text) for line in rest] == [(line.at, line.text) for line in lines[read:]]


@given(files(), st.lists(st.integers(0, 400), max_size=6))
def test_however_often_the_connection_breaks_each_line_comes_once(chunks: list[Chunk], breaks: list[int]) -> None:
    straight = LineReader("", framed=True)
    whole = straight.feed(sent(chunks, straight)) + straight.end()
    mark, lines = "", []
    for came in breaks:
        reader = LineReader(mark, framed=True)
        lines += reader.feed(sent(chunks, reader)[:came])
        mark = reader.mark
    last = LineReader(mark, framed=True)
    lines += last.feed(sent(chunks, last)) + last.end()
    assert [(line.at, line.text) for line in lines] == [(line.at, line.text) for line in whole]


def test_lines_as_they_are() -> None:
    reader = LineReader("", framed=False)
    texts = [f"{stamp(START)} one\r\n", f"{stamp(START + 1)} two\r\n", f"{stamp(START + 2)} no end"]
    lines = reader.feed("".join(texts).encode()[:-3])
    lines += reader.feed(b"end") + reader.end()
    assert [line.text for line in lines] == ["one", "two", "no end"]


@pytest.mark.parametrize(
    "other", ["2023-11-15T00:13:20.5+02:00", "2023-11-14T22:13:20.500000000Z", "2023-11-14T22:13:20.5Z"]
)
def test_podmans_times_are_dockers(other: str) -> None:
    reader = LineReader("", framed=False)
    (line,) = reader.feed(f"{other} text\n".encode())
    assert line == Line(START // 1_000_000 + 500, "text", f",{stamp(START + 500_000_000)} 1")


def plain(chunks: list[Chunk], reader: LineReader) -> bytes:
    """What Kubernetes sends: lines of both streams as one, from a whole second on."""
    since = reader.since[:19]
    return b"".join(f"{stamp(at)} ".encode() + text for at, _, text in chunks if stamp(at) >= since)


@st.composite
def logs(draw: st.DrawFn) -> list[Chunk]:
    """A file of whole lines."""
    return [(at, stream, text.rstrip() + b"\n") for at, stream, text in draw(files())]


@given(logs(), st.integers(1, 50))
def test_an_engine_may_send_what_is_older(chunks: list[Chunk], piece: int) -> None:
    first = LineReader("", framed=False)
    data = plain(chunks, first)
    lines = [line for at in range(0, len(data), piece) for line in first.feed(data[at : at + piece])]
    assert len(lines) == len(chunks)
    for read, line in enumerate(lines, 1):
        again = LineReader(line.mark, framed=False)
        rest = again.feed(plain(chunks, again))
        assert [(line.at, line.text) for line in rest] == [(line.at, line.text) for line in lines[read:]]


@given(st.integers(1, 20), st.integers(1, 20), st.integers(0, 40), st.integers(0, 40))
def test_a_log_that_loses_its_beginning(read: int, more: int, lost: int, lost_later: int) -> None:
    chunks = [(START + number * 300_000_000, 1, f"{number}\n".encode()) for number in range(read + 2 * more)]
    first = LineReader("", framed=False)
    mark = first.feed(plain(chunks[:read], first))[-1].mark
    for begins, known, end in ((lost, read, read + more), (lost + lost_later, read + more, read + 2 * more)):
        reader = LineReader(mark, framed=False)
        lines = reader.feed(plain(chunks[begins:end], reader))
        assert [line.text for line in lines] == [str(number) for number in range(max(begins, known), end)]
        mark = reader.mark


def test_times_before_the_parts_of_a_long_line_are_none_of_its_text() -> None:
    reader = LineReader("", framed=False)
    parts = [b"x" * 16384, b"y" * 16384, b"z 2023-11-14T22:13:20Z\n"]
    (line,) = reader.feed(b"".join(f"{stamp(START + at)} ".encode() + part for at, part in enumerate(parts)))
    assert line.text == b"".join(parts).decode().strip()


def test_the_end_of_a_line_that_has_begun_before_is_let_go_of() -> None:
    reader = LineReader(f"{stamp(START)},{stamp(START)} 1", framed=False)
    text = f"rest of a line\n2023 was a year\n{stamp(START)} old\n{stamp(START + 1)} new\n"
    assert [line.text for line in reader.feed(text.encode())] == ["new"]


def test_marks_of_earlier_versions() -> None:
    chunks = [(START + number, 1, f"{number}\n".encode()) for number in range(5)]
    reader = LineReader(f"{stamp(START + 1)} 2", framed=True)
    assert [line.text for line in reader.feed(sent(chunks, reader))] == ["3", "4"]


@pytest.mark.parametrize("text", [b"\xff\xfe\n", "ü\n".encode()])
def test_times_are_milliseconds_and_bytes_that_are_no_text_are_replaced(text: bytes) -> None:
    reader = LineReader("", framed=True)
    assert reader.feed(frame((START + 123_456_789, 2, text))) == [
        Line(START // 1_000_000 + 123, text.decode(errors="replace").rstrip(), f",{stamp(START + 123_456_789)} 1")
    ]
