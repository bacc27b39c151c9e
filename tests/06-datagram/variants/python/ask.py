"""ask in Python: a connected socket whose time-out is what is left until the deadline."""
import errno
import os
import re
import socket
import sys
import time

LONGEST = 512


def fail(call, reason):
    print(f"ask: {call}: {reason}", file=sys.stderr)
    sys.exit(1)


def number(word, least, most):
    value = int(word) if re.fullmatch("[0-9]{1,19}", word) else -1
    if not least <= value <= most:
        usage()
    return value


def usage():
    print("usage: ask HOST PORT TRIES TIMEOUT_MS VERB [TEXT]", file=sys.stderr)
    sys.exit(2)


def send(server, query):
    for _ in range(2):
        try:
            server.send(query)
            return
        except ConnectionRefusedError:  # of an earlier query: this one was not sent
            pass


def wait(server, name, deadline):
    """The text of the answer, or None."""
    while (left := deadline - time.monotonic()) > 0:
        server.settimeout(left)
        try:
            datagram = server.recv(65536)
        except (TimeoutError, ConnectionRefusedError):
            continue
        if datagram.startswith(name + b" "):
            return datagram[len(name) + 1:]
    return None


def main():
    words = sys.argv[1:]
    if len(words) not in (5, 6):
        usage()
    port, tries = number(words[1], 0, 65535), number(words[2], 1, 100)
    seconds = number(words[3], 1, 60000) / 1000
    name = str(int.from_bytes(os.urandom(4), "big")).encode()
    query = b" ".join([name] + [os.fsencode(word) for word in words[4:]])
    if len(query) > LONGEST:
        fail("send", os.strerror(errno.EMSGSIZE))
    family, kind, protocol, _, address = socket.getaddrinfo(
        os.fsencode(words[0]), port, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind, protocol) as server:
        server.connect(address)
        for _ in range(tries):
            deadline = time.monotonic() + seconds
            server.settimeout(None)
            send(server, query)
            text = wait(server, name, deadline)
            if text is not None:
                return text
    fail("recv", "no answer")


try:
    text = main()
    if text.startswith(b"error:"):
        os.write(2, text + b"\n")
        sys.exit(1)
    os.write(1, text + b"\n")
except OSError as problem:
    fail("ask", problem.strerror)
