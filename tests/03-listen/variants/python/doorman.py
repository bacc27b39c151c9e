"""doorman in Python: what poll() watches is a set, and the door is taken out of it after the first knock."""
import os
import re
import select
import socket
import sys

INT_MAX = 2**31 - 1
STDIN, STDOUT = 0, 1


def fail(call, reason):
    print(f"doorman: {call}: {reason}", file=sys.stderr)
    sys.exit(1)


def number(word, most):
    digits = re.fullmatch("0*([0-9]{1,10})", word)
    if not digits or int(digits[1]) > most:
        usage()
    return int(digits[1])


def usage():
    print("usage: doorman HOST PORT BACKLOG", file=sys.stderr)
    sys.exit(2)


def open_door(host, port, backlog):
    last = None
    for family, kind, protocol, _, address in socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE):
        door = socket.socket(family, kind, protocol)
        try:
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            door.bind(address)
            door.listen(backlog)
            return door
        except OSError as problem:
            last = problem
            door.close()
    raise last


def announce(door):
    host, port = door.getsockname()[:2]
    os.write(STDOUT, (f"listening on [{host}]:{port}\n" if ":" in host
                      else f"listening on {host}:{port}\n").encode())


def watch(door):
    watched = select.poll()
    watched.register(STDIN, select.POLLIN)
    watched.register(door, select.POLLIN)
    while True:
        for descriptor, _ in watched.poll():
            if descriptor != STDIN:
                os.write(STDOUT, b"knock\n")
                watched.unregister(door)  # nobody lets the client in: it would be told for ever
            elif not os.read(STDIN, 65536):
                return


if len(sys.argv) != 4:
    usage()
host, port, backlog = os.fsencode(sys.argv[1]), number(sys.argv[2], 65535), number(sys.argv[3], INT_MAX)
try:
    door = open_door(host, port, backlog)
    announce(door)
except OSError as problem:
    fail("cannot listen", problem.strerror)
try:
    watch(door)
except OSError as problem:
    fail("cannot watch", problem.strerror)
