"""echoclient in Python: one thread sends, the other prints; whoever sees that it failed ends both."""
import os
import re
import socket
import sys
import threading


def fail(call, reason):
    os.write(2, f"echoclient: {call}: {reason}\n".encode())
    os._exit(1)  # the other thread may be waiting


def send(server, sent):
    try:
        while data := os.read(0, 65536):
            server.sendall(data)
            sent.append(len(data))
        sent.append(None)  # that was all
        server.shutdown(socket.SHUT_WR)
    except OSError as problem:
        fail("send", problem.strerror)


if len(sys.argv) != 3 or not re.fullmatch("[0-9]{1,19}", sys.argv[2]) or int(sys.argv[2]) > 65535:
    print("usage: echoclient HOST PORT", file=sys.stderr)
    sys.exit(2)
try:
    server = socket.create_connection((os.fsencode(sys.argv[1]), int(sys.argv[2])))
except OSError as problem:
    fail("connect", problem.strerror)
sent, received = [], 0
threading.Thread(target=send, args=(server, sent), daemon=True).start()
try:
    while data := server.recv(65536):
        received += len(data)
        while data:
            data = data[os.write(1, data):]
except OSError as problem:
    fail("copy", problem.strerror)
if not sent or sent[-1] is not None:
    fail("recv", "the server hung up before all was sent")
if received != sum(sent[:-1]):
    fail("recv", f"{received} bytes came back, {sum(sent[:-1])} were sent")
os._exit(0)
