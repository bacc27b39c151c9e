"""versus in Python: the same three words by a stream and by datagrams."""
import os
import socket
import sys

WORDS = (b"one", b"two", b"three")

if len(sys.argv) != 1:
    print("usage: versus", file=sys.stderr)
    sys.exit(2)
try:
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    for word in WORDS:
        here.sendall(word)
    here.close()
    total = sum(len(piece) for piece in iter(lambda: there.recv(4), b""))
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    for word in WORDS:
        here.send(word)
    lengths = [str(len(there.recv(100))) for _ in WORDS]
    os.write(1, f"stream: {total} bytes\ndatagram: {' + '.join(lengths)} bytes\n".encode())
except OSError as problem:
    print(f"versus: {problem.strerror}", file=sys.stderr)
    sys.exit(1)
