"""fileserver in Python: socketserver's threads and streams, DIR as working folder, socket.sendfile()."""
import errno
import os
import re
import socket
import socketserver
import stat
import sys
import time

LONGEST = 255
SHORTAGE = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}


def fail(call, reason):
    print(f"fileserver: {call}: {reason}", file=sys.stderr)
    sys.exit(1)


def error(number):
    return OSError(number, os.strerror(number))


def without_waiting(path, flags):
    return os.open(path, flags | os.O_NONBLOCK | os.O_NOFOLLOW)


def open_below(root, name):
    """The regular file of this name, and its size."""
    if name.startswith(b"/") or b".." in name.split(b"/"):
        raise error(errno.EACCES)
    path = os.path.realpath(os.path.join(root, name))
    if os.path.commonpath([root, path]) != root:
        raise error(errno.EACCES)
    file = open(path, "rb", buffering=0, opener=without_waiting)
    status = os.fstat(file.fileno())
    if stat.S_ISREG(status.st_mode):
        return file, status.st_size
    file.close()
    raise error(errno.EACCES)


class Visit(socketserver.StreamRequestHandler):
    def handle(self):
        try:
            file, size = open_below(self.server.root, self.read_name())
        except OSError as problem:
            self.wfile.write(f"ERR {problem.strerror}\n".encode())
            return
        with file:
            self.wfile.write(b"OK %d\n" % size)
            if size:
                self.request.sendfile(file, count=size)

    def read_name(self):
        line = self.rfile.readline(LONGEST + 1)
        if len(line) > LONGEST and not line.endswith(b"\n"):
            raise error(errno.ENAMETOOLONG)
        if not re.fullmatch(rb"[^\n\0]+\n", line):
            raise error(errno.EINVAL)
        return line[:-1]


class FileServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, root, family, address):
        self.root = root
        self.address_family = family
        super().__init__(address, Visit)

    def get_request(self):
        try:
            return super().get_request()
        except OSError as problem:
            if problem.errno in SHORTAGE:
                time.sleep(0.05)
            elif problem.errno != errno.ECONNABORTED:
                fail("accept", problem.strerror)
            raise  # serve_forever() goes on

    def handle_error(self, request, client_address):
        print(f"fileserver: {client_address[0]}: {sys.exc_info()[1]}", file=sys.stderr)


def open_server(root, host, port):
    last = None
    for family, _, _, _, address in socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE):
        try:
            return FileServer(root, family, address)
        except OSError as problem:
            last = problem
    raise last


def announce(server):
    host, port = server.server_address[:2]
    os.write(1, (f"listening on [{host}]:{port}\n" if ":" in host
                 else f"listening on {host}:{port}\n").encode())


if len(sys.argv) != 4 or not re.fullmatch("0*[0-9]{1,5}", sys.argv[3]) or int(sys.argv[3]) > 65535:
    print("usage: fileserver DIR HOST PORT", file=sys.stderr)
    sys.exit(2)
try:
    os.chdir(sys.argv[1])
except OSError as problem:
    fail(sys.argv[1], problem.strerror)
try:
    server = open_server(os.getcwdb(), os.fsencode(sys.argv[2]), int(sys.argv[3]))
    announce(server)
except OSError as problem:
    fail("cannot listen", problem.strerror)
server.serve_forever()
