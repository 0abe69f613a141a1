"""What the simulated runtime reads off a command, with the machine's own sh as the judge where it can be."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kecs.runtimes.simulated.commands import course_of
from kecs.runtimes.simulated.course import Course, Loop, OutputLine

SH = shutil.which("sh") or "/bin/sh"
VARIABLES = {"A": "1", "B": "", "C": "two  words"}


def read(line: str) -> Course | None:
    return course_of(("sh", "-c", line), tuple(VARIABLES.items()))


def understood(line: str) -> Course:
    course = read(line)
    assert course is not None, f"not understood: {line}"
    return course


def printed(course: Course, stream: str = "stdout") -> list[str]:
    return [line.text for line in course.lines if line.stream == stream]


def agrees_with_sh(line: str) -> None:
    """The course prints what sh prints and exits as sh exits."""
    real = subprocess.run([SH, "-c", line], env=VARIABLES, capture_output=True, text=True, timeout=20, check=False)
    course = understood(line)
    assert (course.exit_code, printed(course)) == (real.returncode, real.stdout.splitlines()), line
    assert printed(course, "stderr") == real.stderr.splitlines(), line


@pytest.mark.parametrize(
    "line",
    [
        "",
        "exit 3",
        "exit",
        "false; exit",
        "exit 300",
        "true && echo yes || echo no",
        "false && echo yes || echo no",
        "false || false && echo never; echo $?",
        "! true; echo $?",
        "echo $A ${B:-default} ${B-kept} ${NONE-default} ${A:+set} ${NONE:+set}. '$A' \"$A\"",
        'echo $C "$C"',
        "echo a$C'b'",
        'for w in $C "$C" last; do echo "[$w]"; done',
        'echo "a \\$A \\"q\\"" a\\ \\ b \'it\'"\'"\'s\' $',
        "X=1; X=2 true; echo $X; Y=$X$X; echo ${Y}z",
        "(exit 3); echo $?; (X=in; echo $X); echo out $X",
        "{ echo a; false; } || echo b",
        'if [ "$A" = 1 ]; then echo one; elif [ -z "$B" ]; then echo none; else echo other; fi',
        'if test -n "$B"; then echo one; elif [ -z "$B" ]; then echo none; fi',
        "if false; then echo no; fi; echo $?",
        "for i in 1 2 3; do [ $i = 2 ] && continue; echo $i; done",
        "for i in 1 2 3; do if [ $i -ge 2 ]; then break; fi; echo $i; done; echo $i",
        'x=; while [ "$x" != aaa ]; do x=${x}a; echo $x; done',
        'x=; until [ "$x" = aa ]; do x=${x}a; echo $x; done',
        "[ 3 -gt 2 ] && [ 2 -le 2 ] && [ 1 -ne 2 ] && [ ! a = b ] && exit 7",
        "set -e; false; echo never",
        "set -e; false || true; ! true; if false; then :; fi; echo here; (exit 4); echo never",
        "set -e; set +e; false; echo here",
        "echo err >&2; echo out 2>&1; echo gone >/dev/null; echo gone >/dev/null 2>&1; echo both >/dev/stderr",
        "printf '%s-%s\\n' a b c; printf 'no end'; printf '100%%\\n'",
        "echo first; printf 'a\\nb\\n'",
        "echo one # comment\necho two\n\necho three",
        "echo a \\\n  b",
        "true &&\necho next",
        "sh -c 'echo $0 $1; exit 5' zero one; echo $?",
        "exec echo replaced; echo never",
        "printenv A; printenv NONE; echo $?",
        "env X=5 printenv X",
        "export X=6; printenv X; unset X; printenv X",
        "cat; echo $?",
        "echo background & wait; echo after",
        "kill $NONE 2>/dev/null & wait $!; :",
        "echo done if then",
        "trap '' TERM; trap - TERM; echo trapped",
        "cd /; echo $?",
    ],
)
def test_lines_that_sh_reads_the_same_way(line: str) -> None:
    agrees_with_sh(line)


word = st.sampled_from(
    ["a", "b c", "$A", "$B", "$C", "${A}x", "${NONE:-d}", "$?", "'$A'", '"$C"', '"${B:-x y}"', "x\\ y", '""', "'  '"]
)
plain = st.one_of(
    st.lists(word, max_size=3).map(lambda words: " ".join(["echo", *words])),
    st.sampled_from(["true", "false", ":", "exit 0", "exit 2", "exit", "(exit 3)", "set -e", "set +e", "A=9", "B=$C"]),
    st.tuples(word, st.sampled_from(["=", "!="]), word).map(
        lambda t: f'[ "x{t[0].strip(chr(34))}" {t[1]} x{t[2][:0]} ]'
    ),
    st.tuples(st.sampled_from("0123"), st.sampled_from(["-eq", "-lt", "-ge"])).map(lambda t: f"[ {t[0]} {t[1]} 2 ]"),
)


def compound(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    two = st.tuples(inner, inner)
    return st.one_of(
        two.map("; ".join),
        two.map(" && ".join),
        two.map(" || ".join),
        inner.map(lambda one: f"! {{ {one}; }}"),
        inner.map(lambda one: f"( {one} )"),
        inner.map(lambda one: f"{{ {one}; }}"),
        st.tuples(inner, inner, inner).map(lambda t: f"if {t[0]}; then {t[1]}; else {t[2]}; fi"),
        st.tuples(st.lists(word, max_size=3), inner).map(
            lambda t: f"for i in {' '.join(t[0])}; do {t[1]}; echo $i; done"
        ),
        inner.map(lambda one: f"while false; do {one}; done"),
        inner.map(lambda one: f"until true; do {one}; done"),
    )


@given(st.recursive(plain, compound, max_leaves=6))
@settings(max_examples=100)
def test_any_line_of_the_grammar_is_read_as_sh_reads_it(line: str) -> None:
    agrees_with_sh(line)


@pytest.mark.parametrize(
    ("argv", "seconds", "code"),
    [
        (("true",), 0, 0),
        (("/bin/false",), 0, 1),
        (("exit", "3"), 0, 3),
        (("exit 3",), 0, 3),
        (("sleep", "5"), 5, 0),
        (("sleep", "1m", "30"), 90, 0),
        (("sleep", "0.25"), 0.25, 0),
        (("/bin/sh", "-ec", "sleep 2; false; sleep 3"), 2, 1),
        (("sh", "-e", "-c", "sleep 2; exit 4"), 2, 4),
        (("bash", "-lc", "sleep 1 && sleep 2"), 3, 0),
        (("env", "A=b", "sh", "-c", "exit 9"), 0, 9),
        (("tini", "--", "sleep", "7"), 7, 0),
        (("sh", "-c", "sleep 5 & sleep 1; wait; exit 2"), 5, 2),
        (("sh", "-c", "sleep 5 & sleep 1"), 1, 0),
        (("sh", "-c", "for i in 1 2 3; do sleep $i; done"), 6, 0),
    ],
)
def test_how_long_a_command_takes_and_how_it_ends(argv: tuple[str, ...], seconds: float, code: int) -> None:
    course = course_of(argv, ())
    assert course is not None
    assert (course.ends, course.exit_code) == (seconds, code)


@pytest.mark.parametrize(
    "line",
    [
        "sleep infinity",
        "sleep 99999999999",
        "tail -f /dev/null",
        "while true; do sleep 1; done",
        "while :; do :; done",
        "until false; do sleep 5; done",
        "exec nginx -g 'daemon off;'",
        "httpd -f -p 8080",
        "sleep infinity & wait",
        "echo up; exec sleep infinity",
        "if true; then while true; do sleep 3600; done; fi; echo never",
    ],
)
def test_what_goes_on_until_it_is_stopped(line: str) -> None:
    assert understood(line).ends is None


def test_output_comes_at_its_time() -> None:
    course = understood("echo a; sleep 2; echo b >&2; sleep 1.5; echo c; exit 4")
    assert course.lines == (
        OutputLine(0.0, "stdout", "a"),
        OutputLine(2.0, "stderr", "b"),
        OutputLine(3.5, "stdout", "c"),
    )
    assert (course.ends, course.exit_code) == (3.5, 4)


def test_an_endless_loop_prints_each_round() -> None:
    course = understood("sleep 1; while true; do echo tick; sleep 2; echo tock; done")
    assert course.loop == Loop(1.0, 2.0, (OutputLine(0.0, "stdout", "tick"), OutputLine(2.0, "stdout", "tock")))
    times = [(line.at, line.text) for line in course.lines_between(-1.0, 5.0, 100)]
    assert times == [(1.0, "tick"), (3.0, "tock"), (3.0, "tick"), (5.0, "tock"), (5.0, "tick")]


@given(
    cuts=st.lists(st.floats(0, 40), max_size=6), period=st.floats(0.1, 5), offsets=st.lists(st.floats(0, 1), max_size=4)
)
def test_looking_often_shows_the_same_lines_as_looking_once(
    cuts: list[float], period: float, offsets: list[float]
) -> None:
    lines = tuple(OutputLine(at * period, "stdout", str(n)) for n, at in enumerate(sorted(offsets)))
    course = Course(lines=(OutputLine(0.5, "stdout", "first"),), loop=Loop(1.0, period, lines))
    whole = list(course.lines_between(-1.0, 40.0, 10_000))
    pieces: list[OutputLine] = []
    after = -1.0
    for until in [*sorted(cuts), 40.0]:
        pieces += course.lines_between(after, until, 10_000)
        after = max(after, until)
    assert sorted(pieces) == sorted(whole)


def test_the_next_line_is_the_first_one_that_follows() -> None:
    course = understood("echo a; sleep 3; while true; do sleep 2; echo b; done")
    assert course.next_line_after(-1.0) == 0.0
    assert course.next_line_after(0.0) == 5.0
    assert course.next_line_after(5.0) == 7.0
    assert understood("sleep infinity").next_line_after(0.0) is None


def test_a_loop_that_has_run_for_long_yields_its_last_lines_only() -> None:
    course = understood("while true; do echo x; sleep 0.001; done")
    lines = list(course.lines_between(-1.0, 1e6, 100))
    assert 100 <= len(lines) <= 102
    assert lines[-1].at == pytest.approx(1e6, abs=0.01)


def test_trap_says_what_sigterm_does() -> None:
    assert understood("sleep 9").on_sigterm is None
    ignored = understood("trap '' TERM; sleep 9").on_sigterm
    assert ignored is not None
    assert ignored.ends is None
    handled = understood("trap 'echo bye; sleep 2; exit 5' SIGTERM INT; sleep 9").on_sigterm
    assert handled is not None
    assert (handled.ends, handled.exit_code, printed(handled)) == (2.0, 5, ["bye"])
    survived = understood("trap 'echo no' 15; sleep 9").on_sigterm
    assert survived is not None
    assert (survived.ends, printed(survived)) == (None, ["no"])
    assert understood("trap 'echo no' 15; trap - TERM; sleep 9").on_sigterm is None


def test_set_x_prints_what_runs() -> None:
    assert printed(understood("set -x; echo hi there"), "stderr") == ["+ echo hi there"]


def test_memory_without_end() -> None:
    assert understood("tail /dev/zero").hoards


@pytest.mark.parametrize(
    "line",
    [
        "no-such-program",
        "echo a | cat",
        "echo $(date)",
        "echo `date`",
        "echo $((1 + 1))",
        "echo hi > /tmp/file",
        "cat < /etc/passwd",
        "cat /etc/passwd",
        "f() { echo; }; f",
        "case a in a) echo;; esac",
        "if true; then echo",
        "echo 'unfinished",
        "(echo",
        "echo ${A%x}",
        "echo ${A:-b c}",
        "echo $$",
        "echo $@",
        "[ -f /etc/passwd ]",
        "trap 'echo bye' EXIT",
        "sh -c 'trap : TERM'",
        "while true; do printf .; done",
        "x=aa; while true; do x=$x$x; done",
        "x=; while true; do x=${x}a; done",
        "while x=${x}a; do y=1; done",
        "sleep 1 &&",
        "&& true",
        "sh script.sh",
        "break",
        "echo {a;}; }",
        "(" * 500,
        "exit " + "9" * 5000,
    ],
)
def test_what_is_not_understood_is_not_guessed(line: str) -> None:
    assert read(line) is None


@given(st.text(alphabet="ab$ {}()'\"\\;&|<>#=!\n-:?1ECT", max_size=40))
@settings(max_examples=500)
def test_no_text_breaks_the_reader(line: str) -> None:
    course = read(line)
    assert course is None or course.ends is None or course.ends >= 0
