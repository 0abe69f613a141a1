"""Environment files, read as the ECS agent reads them."""

from __future__ import annotations

from kecs.core.inputs.environment_files import merged, read


def test_each_line_is_a_variable_and_nothing_is_taken_from_its_value() -> None:
    content = b"A=1\nB= two words \nC=\"quoted\"\nD=$A\nE=x=y\nF='#'\n export G=1\n"
    assert read(content) == {
        "A": "1",
        "B": " two words ",
        "C": '"quoted"',
        "D": "$A",
        "E": "x=y",
        "F": "'#'",
        " export G": "1",
    }


def test_lines_that_say_nothing() -> None:
    assert read(b"# A=1\n\n  \nB\n=1\nC=\n") == {}


def test_line_ends_of_windows_and_a_last_line_without_one() -> None:
    assert read(b"A=1\r\nB=2") == {"A": "1", "B": "2"}


def test_bytes_that_are_no_text_do_no_harm() -> None:
    assert read(b"A=\xff\n") == {"A": "\N{REPLACEMENT CHARACTER}"}


def test_of_a_file_the_last_counts_and_of_several_the_first() -> None:
    assert read(b"A=1\nA=2\n") == {"A": "2"}
    assert merged([{"A": "1", "B": "1"}, {"B": "2", "C": "2"}]) == {"A": "1", "B": "1", "C": "2"}
