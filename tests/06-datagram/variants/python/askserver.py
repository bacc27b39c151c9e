"""askserver in Python: one regular expression takes a query apart."""
import os
import re
import socket
import sys
import time

LONGEST = 512
QUERY = re.compile(rb"([0-9]{1,10}) ([^ ]+)(?: (.*))?", re.S)


def fail(call, reason):
    print(f"askserver: {call}: {reason}", file=sys.stderr)
    sys.exit(1)


def open_mailbox(host, port):
    last = None
    for family, kind, protocol, _, address in socket.getaddrinfo(
            host, port, type=socket.SOCK_DGRAM, flags=socket.AI_PASSIVE):
        mailbox = socket.socket(family, kind, protocol)
        try:
            mailbox.bind(address)
            return mailbox
        except OSError as problem:
            last = problem
            mailbox.close()
    raise last


def announce(mailbox):
    host, port = mailbox.getsockname()[:2]
    os.write(1, (f"listening on [{host}]:{port}\n" if ":" in host
                 else f"listening on {host}:{port}\n").encode())


def answer(datagram):
    if datagram.startswith(b"error:"):
        return None
    if len(datagram) > LONGEST:
        return b"error: too long"
    query = QUERY.fullmatch(datagram)
    if not query:
        return b"error: bad query"
    number, verb, words = query.groups()
    if verb == b"time":
        words = time.ctime().encode()
    elif verb != b"echo":
        words = b"error: unknown query"
    elif words is None:
        words = b"error: bad query"
    return number + b" " + words


if len(sys.argv) != 3 or not re.fullmatch("[0-9]{1,19}", sys.argv[2]) or int(sys.argv[2]) > 65535:
    print("usage: askserver HOST PORT", file=sys.stderr)
    sys.exit(2)
try:
    mailbox = open_mailbox(os.fsencode(sys.argv[1]), int(sys.argv[2]))
    announce(mailbox)
except OSError as problem:
    fail("cannot listen", problem.strerror)
while True:
    datagram, sender = mailbox.recvfrom(LONGEST + 1)
    said = answer(datagram)
    if said is not None:
        try:
            mailbox.sendto(said, sender)
        except OSError:
            pass  # this client's trouble
