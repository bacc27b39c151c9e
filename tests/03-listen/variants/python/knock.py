"""knock in Python: connect_ex() tells by its value how it went, and a dict holds whom poll() waits for."""
import errno
import os
import re
import select
import socket
import sys
import time
from collections import Counter

MOST = 500
INT_MAX = 2**31 - 1
OUTCOMES = {0: "connected", errno.ECONNRESET: "connected", errno.EPIPE: "connected",  # it stood, and broke
            errno.ECONNREFUSED: "refused", errno.EINPROGRESS: "waiting"}


def fail(call, reason):
    print(f"knock: {call}: {reason}", file=sys.stderr)
    sys.exit(1)


def number(word, least, most):
    digits = re.fullmatch("0*([0-9]{1,10})", word)
    if not digits or not least <= int(digits[1]) <= most:
        usage()
    return int(digits[1])


def usage():
    print("usage: knock HOST PORT COUNT TIMEOUT_MS", file=sys.stderr)
    sys.exit(2)


def now_ms():
    return time.monotonic() * 1000


def outcome(error):
    if error not in OUTCOMES:
        raise OSError(error, os.strerror(error))
    return OUTCOMES[error]


def knock(host, port, count, timeout_ms):
    """How many connections came to which outcome."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    tally, pending, polled = Counter(), {}, select.poll()
    connections = [socket.socket(family, kind, protocol) for _ in range(count)]
    deadline = now_ms() + timeout_ms
    for connection in connections:
        connection.setblocking(False)
        how = outcome(connection.connect_ex(address))
        if how == "waiting":
            pending[connection.fileno()] = connection
            polled.register(connection, select.POLLOUT)
        else:
            tally[how] += 1
    while pending and (settled := polled.poll(max(0, deadline - now_ms()))):
        for descriptor, _ in settled:
            polled.unregister(descriptor)
            error = pending.pop(descriptor).getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            tally[outcome(error)] += 1
    tally["waiting"] = len(pending)
    return tally


words = sys.argv[1:]
if len(words) != 4:
    usage()
port, count, timeout_ms = number(words[1], 0, 65535), number(words[2], 1, MOST), number(words[3], 0, INT_MAX)
try:
    tally = knock(os.fsencode(words[0]), port, count, timeout_ms)
except OSError as problem:
    fail("connect", problem.strerror)
line = ", ".join(f"{how} {tally[how]}" for how in ("connected", "refused", "waiting"))
try:
    os.write(1, line.encode() + b"\n")
except OSError as problem:
    fail("write", problem.strerror)
