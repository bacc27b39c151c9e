"""threadserver in Python: the library's ThreadingTCPServer, and what it lacks when there is no room."""
import _thread
import errno
import os
import re
import socket
import socketserver
import sys
import time

SHORTAGE = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
NAP = 0.05


class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        buffer = memoryview(bytearray(65536))  # once: who has a place needs no more memory
        while count := self.request.recv_into(buffer):
            self.request.sendall(buffer[:count])


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, family, address):
        self.address_family = family
        super().__init__(address, Echo)

    def get_request(self):
        try:
            return super().get_request()
        except OSError as problem:
            if problem.errno in SHORTAGE:
                time.sleep(NAP)
            raise  # serve_forever() takes an OSError for a client that has gone
        except MemoryError as problem:
            time.sleep(NAP)
            raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM)) from problem

    def process_request(self, request, client_address):
        try:
            # threading's start() would wait for ever for a thread that lacks memory at its beginning
            _thread.start_new_thread(self.process_request_thread, (request, client_address))
        except (RuntimeError, MemoryError):
            self.shutdown_request(request)
            time.sleep(NAP)

    def handle_error(self, request, client_address):
        pass  # this client's trouble

    def __str__(self):
        host, port = self.server_address[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def open_server(host, port):
    last = None
    for family, *_, address in socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE):
        try:
            return Server(family, address)
        except OSError as problem:
            last = problem
    raise last


if len(sys.argv) != 3 or not re.fullmatch("0*[0-9]{1,5}", sys.argv[2]) or int(sys.argv[2]) > 65535:
    print("usage: threadserver HOST PORT", file=sys.stderr)
    sys.exit(2)
try:
    server = open_server(os.fsencode(sys.argv[1]), int(sys.argv[2]))
    os.write(1, f"listening on {server}\n".encode())
except OSError as problem:
    print(f"threadserver: cannot listen: {problem.strerror}", file=sys.stderr)
    sys.exit(1)
server.serve_forever(poll_interval=None)
