"""echoserver in Python: a thread for each client, all of the library's making."""
import errno
import os
import re
import socket
import sys
import threading
import time

SHORTAGE = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}


def fail(call, reason):
    print(f"echoserver: {call}: {reason}", file=sys.stderr)
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


def announce(door):
    host, port = door.getsockname()[:2]
    os.write(1, (f"listening on [{host}]:{port}\n" if ":" in host
                 else f"listening on {host}:{port}\n").encode())


def echo(client):
    with client:
        try:
            while data := client.recv(65536):
                client.sendall(data)
        except OSError:
            pass  # this client's trouble


if len(sys.argv) != 3 or not re.fullmatch("[0-9]{1,19}", sys.argv[2]) or int(sys.argv[2]) > 65535:
    print("usage: echoserver HOST PORT", file=sys.stderr)
    sys.exit(2)
try:
    door = open_door(os.fsencode(sys.argv[1]), int(sys.argv[2]))
    announce(door)
except OSError as problem:
    fail("cannot listen", problem.strerror)
while True:
    try:
        client, _ = door.accept()
    except OSError as problem:
        if problem.errno in SHORTAGE:
            time.sleep(0.05)
        elif problem.errno != errno.ECONNABORTED:
            fail("accept", problem.strerror)
        continue
    threading.Thread(target=echo, args=(client,), daemon=True).start()
    del client  # the thread's copy is the last: it closes
