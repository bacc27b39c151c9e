"""forkserver in Python: signals come as bytes through a pipe, which poll() watches together with the door."""
import contextlib
import errno
import os
import re
import select
import signal
import socket
import sys
import time

SHORTAGE = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EAGAIN}
GONE = {errno.ECONNABORTED, errno.EPROTO}
SIGNALS = {signal.SIGCHLD, signal.SIGTERM}


def fail(call, reason):
    print(f"forkserver: {call}: {reason}", file=sys.stderr)
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
            door.setblocking(False)  # a client can leave between poll() and accept()
            return door
        except OSError as problem:
            last = problem
            door.close()
    raise last


def announce(door):
    host, port = door.getsockname()[:2]
    os.write(1, (f"listening on [{host}]:{port}\n" if ":" in host
                 else f"listening on {host}:{port}\n").encode())


def note_signals():
    """The end of a pipe from which the numbers of the signals that came can be read."""
    notes, pen = os.pipe()
    os.set_blocking(pen, False)
    signal.set_wakeup_fd(pen)
    for number in SIGNALS:
        signal.signal(number, lambda number, frame: None)
    return notes


def live_as_child(door, client):
    status = 1
    try:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        os.close(signal.set_wakeup_fd(-1))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        door.close()
        client.setblocking(True)
        while data := client.recv(65536):
            client.sendall(data)
        status = 0
    finally:
        os._exit(status)


def start_child(door, client):
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # a child with its parent's handler would miss its end
    try:
        return os.fork() or live_as_child(door, client)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


def collect(children, options):
    with contextlib.suppress(ChildProcessError):
        while child := os.waitpid(-1, options)[0]:
            children.discard(child)


def serve(door, notes, children):
    watched = select.poll()
    watched.register(door, select.POLLIN)
    watched.register(notes, select.POLLIN)
    while True:
        ready = [descriptor for descriptor, _ in watched.poll()]
        if notes in ready:
            if signal.SIGTERM in os.read(notes, 256):
                return
            collect(children, os.WNOHANG)
        if door.fileno() in ready:
            try:
                with door.accept()[0] as client:
                    children.add(start_child(door, client))
            except OSError as problem:
                if problem.errno in SHORTAGE:
                    time.sleep(0.05)
                elif problem.errno not in GONE:
                    raise
            except MemoryError:
                time.sleep(0.05)


if len(sys.argv) != 3 or not re.fullmatch("0*[0-9]{1,5}", sys.argv[2]) or int(sys.argv[2]) > 65535:
    print("usage: forkserver HOST PORT", file=sys.stderr)
    sys.exit(2)
children = set()
try:
    door = open_door(os.fsencode(sys.argv[1]), int(sys.argv[2]))
    notes = note_signals()
    announce(door)
except OSError as problem:
    fail("cannot listen", problem.strerror)
try:
    serve(door, notes, children)
except OSError as problem:
    fail("cannot serve", problem.strerror)
finally:
    door.close()
    for child in children:
        os.kill(child, signal.SIGTERM)
    collect(children, 0)
