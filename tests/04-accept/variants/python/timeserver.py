"""timeserver in Python: exceptions for what goes wrong, and ctime() of the library."""
import errno
import os
import re
import socket
import sys
import time

SHORTAGE = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}


def fail(call, reason):
    print(f"timeserver: {call}: {reason}", file=sys.stderr)
    sys.exit(1)


def open_door(host, port):
    last = None
    for family, kind, protocol, _, address in socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE):
        door = socket.socket(family, kind, protocol)
        try:
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            door.bind(address)
            door.listen()
            return door
        except OSError as problem:
            last = problem
            door.close()
    raise last


def words(address):
    return f"[{address[0]}]:{address[1]}" if ":" in address[0] else f"{address[0]}:{address[1]}"


def say(line):
    os.write(1, line.encode() + b"\n")


if len(sys.argv) != 3 or not re.fullmatch("[0-9]{1,19}", sys.argv[2]) or int(sys.argv[2]) > 65535:
    print("usage: timeserver HOST PORT", file=sys.stderr)
    sys.exit(2)
try:
    door = open_door(os.fsencode(sys.argv[1]), int(sys.argv[2]))
    say("listening on " + words(door.getsockname()))
except OSError as problem:
    fail("cannot listen", problem.strerror)
while True:
    try:
        client, address = door.accept()
    except OSError as problem:
        if problem.errno in SHORTAGE:
            time.sleep(0.05)
        elif problem.errno != errno.ECONNABORTED:
            fail("accept", problem.strerror)
        continue
    with client:
        try:
            say(words(address) + " -> " + words(client.getsockname()))
            client.sendall(time.ctime().encode() + b"\r\n")
        except OSError:
            pass  # this client's trouble
