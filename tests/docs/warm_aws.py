"""The AWS CLI without the time that it takes to be imported, for shell examples that call it again and again.

Importing it takes longer than what it then does. So one process has imported it, and forks for each call: the child has
the caller's arguments, environment, folder and open files, and runs what `aws` runs. `calls` is for tests; this file is
both the process and, by its other name, the `aws` that examples find.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

SOCKET = "TESTS_WARM_AWS"  # the variable with its path
LONGEST = 1 << 20  # bytes of a call


@contextlib.contextmanager
def calls(folder: Path) -> Iterator[dict[str, str]]:
    """Make an `aws` in the folder; the variables that calls of it need."""
    path = folder / "socket"
    aws = folder / "aws"
    aws.write_text(f"#!{sys.executable} -IS\n{Path(__file__).read_text()}")
    aws.chmod(0o755)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(64)
        command = [sys.executable, __file__, str(listener.fileno())]
        process = subprocess.Popen(command, pass_fds=[listener.fileno()], stdin=subprocess.DEVNULL)
    try:
        yield {SOCKET: str(path)}
    finally:
        process.kill()
        process.wait()


def call() -> int:
    """Have the process do it; the exit code."""
    told = {"arguments": sys.argv[1:], "environment": dict(os.environ), "folder": str(Path.cwd())}
    with socket.socket(socket.AF_UNIX) as there:
        there.connect(os.environ[SOCKET])
        data = json.dumps(told).encode()
        socket.send_fds(there, [len(data).to_bytes(4, "big")], [0, 1, 2])
        there.sendall(data)
        return int(there.recv(16))


def serve(number: int) -> None:
    """Fork for every call that comes."""
    import signal

    from awscli import clidriver

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the children
    with socket.socket(fileno=number) as listener:
        while True:
            there, _ = listener.accept()
            if os.fork() == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                listener.close()
                there.sendall(str(_done(there, clidriver.main)).encode())
                os._exit(0)
            there.close()


def _done(there: socket.socket, main: object) -> int:
    """Be the caller, and do what it wants; the exit code."""
    size, files, _, _ = socket.recv_fds(there, 4, 3)
    data = b""
    while len(data) < int.from_bytes(size, "big"):
        data += there.recv(LONGEST)
    told = json.loads(data)
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    data_path = os.environ["AWS_DATA_PATH"]  # which importing it has set
    os.environ.clear()
    os.environ.update({**told["environment"], "AWS_DATA_PATH": data_path})
    os.chdir(told["folder"])
    sys.argv[:] = ["aws", *told["arguments"]]
    assert callable(main)
    try:
        code = main()
    except SystemExit as ended:
        code = ended.code
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(BrokenPipeError):
                stream.flush()
    return int(code or 0)


if __name__ == "__main__":
    if SOCKET in os.environ:
        sys.exit(call())
    serve(int(sys.argv[1]))
