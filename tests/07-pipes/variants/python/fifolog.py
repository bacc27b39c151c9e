"""fifolog in Python: a file object's lines, and a FIFO opened for both ways, which never ends."""
import os
import stat
import sys


def write_all(data):
    while data:
        data = data[os.write(1, data):]


def open_fifo(path):
    try:
        os.mkfifo(path, 0o600)
    except FileExistsError:
        if not stat.S_ISFIFO(os.stat(path).st_mode):
            raise
    return open(os.open(path, os.O_RDWR), "rb")


def log(path):
    with open_fifo(path) as fifo:
        write_all(b"ready\n")
        for line in fifo:
            if line == b"quit\n":
                break
            write_all(line)
    os.unlink(path)


if len(sys.argv) != 2:
    print("usage: fifolog PATH", file=sys.stderr)
    sys.exit(2)
try:
    log(os.fsencode(sys.argv[1]))
except OSError as problem:
    print(f"fifolog: {problem.strerror}", file=sys.stderr)
    sys.exit(1)
