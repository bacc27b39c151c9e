"""fileget in Python: the answer is a buffered file, OUT a NamedTemporaryFile until os.replace()."""
import os
import re
import socket
import sys
import tempfile


def fail(call, reason):
    print(f"fileget: {call}: {reason}", file=sys.stderr)
    sys.exit(1)


def read_size(answer):
    line = answer.readline(512)
    ok = re.fullmatch(rb"OK ([0-9]+)\n", line)
    if not ok:
        fail("the server says", line.decode(errors="replace").rstrip("\n"))
    return int(ok[1])


def copy(answer, file, size):
    while size > 0:
        piece = answer.read(min(size, 65536))
        if not piece:
            fail("recv", f"{size} bytes are missing")
        file.write(piece)
        size -= len(piece)


def current_umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def save(answer, out, size):
    new = tempfile.NamedTemporaryFile(dir=os.path.dirname(out) or ".", prefix=".fileget", delete=False)
    try:
        with new:
            copy(answer, new, size)
            os.fchmod(new.fileno(), 0o666 & ~current_umask())
        os.replace(new.name, out)
    except BaseException:
        os.unlink(new.name)
        raise


if len(sys.argv) != 5 or not re.fullmatch("0*[0-9]{1,5}", sys.argv[2]) or int(sys.argv[2]) > 65535:
    print("usage: fileget HOST PORT NAME OUT", file=sys.stderr)
    sys.exit(2)
host, port, name, out = os.fsencode(sys.argv[1]), int(sys.argv[2]), os.fsencode(sys.argv[3]), sys.argv[4]
if not 1 <= len(name) <= 255 or b"\n" in name:
    fail("NAME", "must have 1 to 255 bytes and no newline")
try:
    with socket.create_connection((host, port)) as server, server.makefile("rb") as answer:
        server.sendall(name + b"\n")
        size = read_size(answer)
        if out == "-":
            with open(1, "wb", closefd=False) as stdout:
                copy(answer, stdout, size)
        else:
            save(answer, out, size)
except OSError as problem:
    fail("cannot fetch", problem.strerror)
