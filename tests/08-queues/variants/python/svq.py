"""svq in Python: ctypes calls the C library, and struct puts the type before the text."""
import ctypes
import errno
import os
import re
import struct
import sys

IPC_CREAT, IPC_NOWAIT, IPC_RMID = 0o1000, 0o4000, 0  # of every Linux
PROJECT, MODE, LONGEST = ord("p"), 0o600, 1024
MOST = 2147483647
TYPE = struct.Struct("@l")

library = ctypes.CDLL(None, use_errno=True)
library.ftok.argtypes = ctypes.c_char_p, ctypes.c_int
library.msgget.argtypes = ctypes.c_int, ctypes.c_int
library.msgsnd.argtypes = ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
library.msgrcv.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_long,
                           ctypes.c_int)
library.msgrcv.restype = ctypes.c_ssize_t
library.msgctl.argtypes = ctypes.c_int, ctypes.c_int, ctypes.c_void_p


def failure(error, what):
    return OSError(error, os.strerror(error), what)


def call(function, *arguments):
    """What the function returned. Python repeats its own calls after EINTR, but not those of ctypes."""
    while (result := function(*arguments)) == -1:
        error = ctypes.get_errno()
        if error != errno.EINTR:
            raise failure(error, function.__name__)
    return result


def find_queue(path, flags=0):
    return call(library.msgget, call(library.ftok, path, PROJECT), flags)


def put(path, kind):
    queue = find_queue(path, IPC_CREAT | MODE)
    for line in sys.stdin.buffer:
        text = line.rstrip(b"\n")
        if len(text) > LONGEST:
            raise failure(errno.EMSGSIZE, f"a line over {LONGEST} bytes")
        call(library.msgsnd, queue, TYPE.pack(kind) + text, len(text), 0)


def get(path, kind):
    message = ctypes.create_string_buffer(TYPE.size + LONGEST)
    length = call(library.msgrcv, find_queue(path), message, LONGEST, kind, IPC_NOWAIT)
    kind, = TYPE.unpack_from(message)
    line = b"%d %b\n" % (kind, message.raw[TYPE.size:TYPE.size + length])
    while line:
        line = line[os.write(1, line):]


def rm(path):
    call(library.msgctl, find_queue(path), IPC_RMID, None)


def usage():
    print("usage: svq put PATH TYPE | svq get PATH TYPE | svq rm PATH", file=sys.stderr)
    sys.exit(2)


def number(word):
    digits = re.fullmatch("(-?)0*([0-9]{1,10})", word)
    if not digits or int(digits[2]) > MOST:
        usage()
    return int(digits[1] + digits[2])


verb, *words = sys.argv[1:] or [""]
action = {("put", 2): put, ("get", 2): get, ("rm", 1): rm}.get((verb, len(words)))
if not action:
    usage()
path, numbers = os.fsencode(words[0]), [number(word) for word in words[1:]]
if action is put and numbers[0] < 1:
    usage()
try:
    action(path, *numbers)
except OSError as problem:
    print(f"svq: {problem.filename or 'read or write'}: {problem.strerror}", file=sys.stderr)
    sys.exit(1)
