"""webget in Python: a body is a generator of pieces, in whichever way its end is told."""
import os
import re
import socket
import sys

URL = re.compile(rb"http://((?:\[([^][/?]+)\]|([^][:/?]+))(?::([0-9]{1,5}))?)([/?].*)?")
STATUS = re.compile(rb"HTTP/1\.[0-9] ([0-9]{3})(?: .*)?")


def fail(call, reason):
    print(f"webget: {call}: {reason}", file=sys.stderr)
    sys.exit(1)


def parse(url):
    """Host, port, authority and target, or None."""
    parts = URL.fullmatch(url)
    if not parts or re.search(rb"[\0- \x7f#]", url):
        return None
    authority, address, name, port, target = parts.groups()
    if int(port or 80) > 65535:
        return None
    target = target or b""
    return address or name, int(port or 80), authority, target if target[:1] == b"/" else b"/" + target


def line_of(stream):
    line = stream.readline()
    if not line.endswith(b"\n"):
        raise ValueError("it is cut short")
    return line.rstrip(b"\r\n")


def number(word, digits, base):
    if not re.fullmatch(digits, word):
        raise ValueError("there is no length where one is due")
    return int(word, base)


def read_head(stream):
    line = line_of(stream)
    status = STATUS.fullmatch(line)
    if not status:
        raise ValueError("it is no HTTP")
    fields = {}
    while field := line_of(stream):
        name, _, value = field.partition(b":")
        fields[name.lower()] = value.strip()
    return line, int(status[1]), fields


def pieces(stream, length):
    while length > 0:
        piece = stream.read1(min(length, 65536))
        if not piece:
            raise ValueError("it is cut short")
        length -= len(piece)
        yield piece


def chunks(stream):
    while size := number(line_of(stream).partition(b";")[0].strip(), b"[0-9A-Fa-f]+", 16):
        yield from pieces(stream, size)
        if line_of(stream):
            raise ValueError("a chunk does not end where it should")
    while line_of(stream):
        pass


def body_of(stream, fields):
    if fields.get(b"transfer-encoding", b"").lower() == b"chunked":
        return chunks(stream)
    if b"content-length" in fields:
        return pieces(stream, number(fields[b"content-length"], b"[0-9]+", 10))
    return iter(lambda: stream.read1(65536), b"")


def write_all(data):
    while data:
        data = data[os.write(1, data):]


url = parse(os.fsencode(sys.argv[1])) if len(sys.argv) == 2 else None
if not url:
    print("usage: webget http://HOST[:PORT][/PATH][?QUERY]", file=sys.stderr)
    sys.exit(2)
host, port, authority, target = url
try:
    server = socket.create_connection((host, port))
except OSError as problem:
    fail("connect", problem.strerror)
try:
    server.sendall(b"GET %b HTTP/1.1\r\nHost: %b\r\nConnection: close\r\n\r\n" % (target, authority))
    stream = server.makefile("rb")
    status = 100
    while status < 200:  # the answer proper is still to come
        line, status, fields = read_head(stream)
    if not 200 <= status <= 299:
        os.write(2, b"webget: " + line + b"\n")
        sys.exit(1)
    for piece in body_of(stream, fields):
        write_all(piece)
except OSError as problem:
    fail("copy", problem.strerror)
except ValueError as problem:
    fail("the answer", problem)
