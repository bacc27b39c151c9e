"""pollserver in Python: each client is a generator, which yields what poll() has to wait for."""
import contextlib
import errno
import os
import re
import select
import socket
import sys
import time

SHORTAGE = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
GONE = {errno.ECONNABORTED, errno.EPROTO, errno.EAGAIN}
NAP_MS = 50


def fail(call, reason):
    print(f"pollserver: {call}: {reason}", file=sys.stderr)
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
            door.setblocking(False)
            return door
        except OSError as problem:
            last = problem
            door.close()
    raise last


def announce(door):
    host, port = door.getsockname()[:2]
    os.write(1, (f"listening on [{host}]:{port}\n" if ":" in host
                 else f"listening on {host}:{port}\n").encode())


def send(client, data):
    """How many bytes there was room for."""
    try:
        return client.send(data)
    except BlockingIOError:
        return 0


def echo(client, buffer):
    """All clients share the buffer; what could not be sent at once a client keeps for itself."""
    with client:
        while True:
            yield select.POLLIN
            try:
                count = client.recv_into(buffer)
            except BlockingIOError:
                continue
            if count == 0:
                return
            sent = send(client, buffer[:count])
            if sent < count:
                rest = bytes(buffer[sent:count])
                while rest:
                    yield select.POLLOUT
                    rest = rest[send(client, rest):]


class Loop:
    def __init__(self, door):
        self.door = door
        self.buffer = memoryview(bytearray(65536))
        self.clients = {}
        self.polled = select.poll()

    def let_in(self):
        """Whether there was room for the client."""
        try:
            client, _ = self.door.accept()
            client.setblocking(False)
            self.clients[client.fileno()] = echo(client, self.buffer)
        except OSError as problem:
            if problem.errno not in SHORTAGE | GONE:
                raise
            return problem.errno in GONE
        except MemoryError:
            return False
        self.turn(client.fileno())
        return True

    def turn(self, descriptor):
        try:
            wish = next(self.clients[descriptor])
            self.polled.register(descriptor, wish)
        except (StopIteration, OSError, MemoryError):  # it has left, or it's this client's trouble
            self.clients.pop(descriptor).close()
            with contextlib.suppress(KeyError):
                self.polled.unregister(descriptor)

    def run(self):
        has_room = True
        while True:
            try:
                self.polled.register(self.door, select.POLLIN if has_room else 0)
                ready = self.polled.poll(None if has_room else NAP_MS)
            except MemoryError:  # for the list itself: nobody can be watched just now
                time.sleep(NAP_MS / 1000)
                continue
            has_room = True
            for descriptor, _ in ready:
                if descriptor == self.door.fileno():
                    has_room = self.let_in()
                else:
                    self.turn(descriptor)


if len(sys.argv) != 3 or not re.fullmatch("0*[0-9]{1,5}", sys.argv[2]) or int(sys.argv[2]) > 65535:
    print("usage: pollserver HOST PORT", file=sys.stderr)
    sys.exit(2)
try:
    door = open_door(os.fsencode(sys.argv[1]), int(sys.argv[2]))
    announce(door)
except OSError as problem:
    fail("cannot listen", problem.strerror)
try:
    Loop(door).run()
except OSError as problem:
    fail("cannot serve", problem.strerror)
