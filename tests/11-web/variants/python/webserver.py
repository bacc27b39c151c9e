"""webserver in Python: threads by socketserver, refusals as exceptions, bodies by sendfile()."""
import errno
import http
import os
import re
import socket
import socketserver
import sys
import time
import urllib.parse

SHORTAGE = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
HEAD_MAX = 8192
TYPES = {b".html": "text/html", b".css": "text/css", b".js": "text/javascript", b".png": "image/png",
         b".svg": "image/svg+xml", b".txt": "text/plain", b".json": "application/json"}
REQUEST = re.compile(rb"(\S+) (\S+) HTTP/([0-9])\.([0-9])")
FIELD = re.compile(rb"([^\s:]+):[ \t]*([^\0]*?)[ \t]*")


class Refusal(Exception):
    def __init__(self, status, *fields):
        self.status, self.fields = http.HTTPStatus(status), fields


def fail(call, reason):
    print(f"webserver: {call}: {reason}", file=sys.stderr)
    sys.exit(1)


# --- from a target to a file ---

def decode(path):
    if not path.startswith(b"/") or re.search(rb"%(?![0-9A-Fa-f]{2})", path):
        raise Refusal(400)
    name = urllib.parse.unquote_to_bytes(path)
    if b"\0" in name:
        raise Refusal(400)
    return name


def climbs_out(name):
    depth = 0
    for part in name.split(b"/"):
        depth += {b"": 0, b".": 0, b"..": -1}.get(part, 1)
        if depth < 0:
            return True
    return False


def place_of(name):
    place = os.path.realpath(root + name)
    if os.path.commonpath([root, place]) != root:
        raise Refusal(403)
    return place


def find(target):
    """The file that a target stands for, open, and its type."""
    path = target.partition(b"?")[0]
    name = decode(path)
    if climbs_out(name):
        raise Refusal(403)
    if os.path.isdir(place_of(name)):
        if not name.endswith(b"/"):
            raise Refusal(301, "Location: /" + path.strip(b"/").decode("latin-1") + "/")
        name += b"index.html"
    place = place_of(name)
    if name.endswith(b"/") or not os.path.isfile(place):
        raise Refusal(404)
    try:
        file = open(place, "rb")
    except OSError as problem:
        raise Refusal(503 if problem.errno in SHORTAGE else 403)
    return file, TYPES.get(os.path.splitext(name)[1], "application/octet-stream")


# --- a client ---

class Visit(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self):
        try:
            while self.answer():
                pass
            self.part()
        except OSError:
            pass  # this client's trouble

    def take_head(self):
        """The lines of the next head; none if the client has gone."""
        lines, room = [], HEAD_MAX
        while line := self.rfile.readline(room + 1):
            if len(line) > room:
                raise Refusal(431)
            if not line.endswith(b"\n"):
                break
            room -= len(line)
            line = line.rstrip(b"\r\n")
            if line:
                lines.append(line)
            elif lines:
                return lines
            else:
                room = HEAD_MAX  # it was an empty line too many, and belongs to no head
        return []

    def parse(self, first, *lines):
        """Takes note of what a head says about its answer, and returns the target."""
        self.wants_body = not first.startswith(b"HEAD ")
        request = REQUEST.fullmatch(first)
        fields = {}
        for line in lines:
            field = FIELD.fullmatch(line)
            if not field:
                raise Refusal(400)
            fields.setdefault(field[1].lower(), []).append(field[2].lower())
        if not request:
            raise Refusal(400)
        method, target, major, minor = request.groups()
        if major != b"1":
            raise Refusal(505)
        wishes = re.split(rb"[ \t,]+", b",".join(fields.get(b"connection", [])))
        has_body = b"transfer-encoding" in fields or set(fields.get(b"content-length", [])) - {b"0"}
        self.persistent = minor != b"0" and b"close" not in wishes and not has_body
        if method not in (b"GET", b"HEAD"):
            raise Refusal(405, "Allow: GET, HEAD")
        return target

    def head(self, status, kind, length, *fields):
        lines = [f"HTTP/1.1 {status:d} {status.phrase}", f"Content-Type: {kind}",
                 f"Content-Length: {length}", *fields]
        if not self.persistent:
            lines.append("Connection: close")
        return "".join(line + "\r\n" for line in [*lines, ""]).encode("latin-1")

    def answer(self):
        """True if another request may follow."""
        self.persistent, self.wants_body = False, True
        try:
            lines = self.take_head()
            if not lines:
                return False
            file, kind = find(self.parse(*lines))
        except Refusal as refusal:
            phrase = refusal.status.phrase.encode()
            head = self.head(refusal.status, "text/plain", len(phrase), *refusal.fields)
            self.connection.sendall(head + phrase if self.wants_body else head)
            return self.persistent
        with file:
            size = os.fstat(file.fileno()).st_size
            head = self.head(http.HTTPStatus.OK, kind, size)
            if size == 0 or not self.wants_body:
                self.connection.sendall(head)
                return self.persistent
            self.connection.sendall(head, socket.MSG_MORE)
            return self.connection.sendfile(file, count=size) == size and self.persistent

    def part(self):
        """To close with bytes unread would be a reset, which may destroy the last answer."""
        self.connection.shutdown(socket.SHUT_WR)
        self.connection.settimeout(1)
        while self.connection.recv(65536):
            pass


# --- the server ---

class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 512

    def __init__(self, family, address):
        self.address_family = family
        super().__init__(address, Visit)

    def get_request(self):
        try:
            return super().get_request()
        except OSError:
            time.sleep(0.05)  # the client stays in the queue
            raise


def open_server(host, port):
    last = None
    for family, _, _, _, address in socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE):
        try:
            return Server(family, address)
        except OSError as problem:
            last = problem
    raise last


if len(sys.argv) != 4 or not re.fullmatch("[0-9]{1,5}", sys.argv[3]) or int(sys.argv[3]) > 65535:
    print("usage: webserver DIR HOST PORT", file=sys.stderr)
    sys.exit(2)
try:
    os.chdir(sys.argv[1])
    root = os.getcwdb()
    server = open_server(os.fsencode(sys.argv[2]), int(sys.argv[3]))
    host, port = server.server_address[:2]
    os.write(1, (f"listening on [{host}]:{port}\n" if ":" in host
                 else f"listening on {host}:{port}\n").encode())
except OSError as problem:
    fail("cannot serve", problem.strerror)
server.serve_forever()
