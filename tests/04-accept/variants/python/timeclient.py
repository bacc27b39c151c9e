"""timeclient in Python: a generator of pieces, and create_connection() for the name's addresses."""
import os
import re
import socket
import sys


def fail(call, reason):
    print(f"timeclient: {call}: {reason}", file=sys.stderr)
    sys.exit(1)


def pieces(server):
    while piece := server.recv(65536):
        yield piece


def write_all(data):
    while data:
        data = data[os.write(1, data):]


if len(sys.argv) != 3 or not re.fullmatch("[0-9]{1,19}", sys.argv[2]) or int(sys.argv[2]) > 65535:
    print("usage: timeclient HOST PORT", file=sys.stderr)
    sys.exit(2)
try:
    server = socket.create_connection((os.fsencode(sys.argv[1]), int(sys.argv[2])))
except OSError as problem:
    fail("connect", problem.strerror)
total = 0
try:
    for piece in pieces(server):
        total += len(piece)
        write_all(piece)
except OSError as problem:
    fail("copy", problem.strerror)
if total == 0:
    fail("recv", "not a single byte came")
