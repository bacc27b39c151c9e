"""pmq in Python, which knows no message queues: ctypes calls the C library, errno becomes an exception."""
import ctypes
import errno
import os
import re
import sys
import time

MESSAGES, SIZE, MODE = 8, 256, 0o600
MOST = 2147483647


class Attributes(ctypes.Structure):
    _fields_ = [("flags", ctypes.c_long), ("maxmsg", ctypes.c_long), ("msgsize", ctypes.c_long),
                ("curmsgs", ctypes.c_long), ("reserved", ctypes.c_long * 4)]


class Moment(ctypes.Structure):
    _fields_ = [("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long)]


def load_library():
    try:
        return ctypes.CDLL("librt.so.1", use_errno=True)  # the queues' home before glibc 2.34
    except OSError:
        return ctypes.CDLL(None, use_errno=True)


library = load_library()
library.mq_open.argtypes = ctypes.c_char_p, ctypes.c_int  # and, with O_CREAT, two more
library.mq_send.argtypes = ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint
library.mq_getattr.argtypes = ctypes.c_int, ctypes.POINTER(Attributes)
library.mq_timedreceive.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t,
                                    ctypes.POINTER(ctypes.c_uint), ctypes.POINTER(Moment))
library.mq_timedreceive.restype = ctypes.c_ssize_t
library.mq_unlink.argtypes = ctypes.c_char_p,


def call(function, *arguments):
    """What the function returned. Python repeats its own calls after EINTR, but not those of ctypes."""
    while (result := function(*arguments)) == -1:
        error = ctypes.get_errno()
        if error != errno.EINTR:
            raise OSError(error, os.strerror(error), function.__name__)
    return result


def put(name, priority):
    room = Attributes(maxmsg=MESSAGES, msgsize=SIZE)
    queue = call(library.mq_open, name, os.O_WRONLY | os.O_CREAT, ctypes.c_uint(MODE), ctypes.byref(room))
    for line in sys.stdin.buffer:
        text = line.rstrip(b"\n")
        call(library.mq_send, queue, text, len(text), priority)


def messages(queue, timeout_ms):
    """The messages with their priorities, until none comes for so long."""
    room, priority = Attributes(), ctypes.c_uint()
    call(library.mq_getattr, queue, room)
    text = ctypes.create_string_buffer(room.msgsize)
    while True:
        end = Moment(*divmod(time.time_ns() + timeout_ms * 10**6, 10**9))
        try:
            length = call(library.mq_timedreceive, queue, text, len(text), priority, end)
        except TimeoutError:
            return
        yield priority.value, text.raw[:length]


def get(name, timeout_ms):
    for priority, text in messages(call(library.mq_open, name, os.O_RDONLY), timeout_ms):
        line = b"%d %b\n" % (priority, text)
        while line:
            line = line[os.write(1, line):]


def rm(name):
    call(library.mq_unlink, name)


def usage():
    print("usage: pmq put NAME PRIORITY | pmq get NAME TIMEOUT_MS | pmq rm NAME", file=sys.stderr)
    sys.exit(2)


def number(word):
    digits = re.fullmatch("0*([0-9]{1,10})", word)
    if not digits or int(digits[1]) > MOST:
        usage()
    return int(digits[1])


verb, *words = sys.argv[1:] or [""]
action = {("put", 2): put, ("get", 2): get, ("rm", 1): rm}.get((verb, len(words)))
if not action:
    usage()
name, numbers = os.fsencode(words[0]), [number(word) for word in words[1:]]
try:
    if not name.startswith(b"/"):  # musl would add the slash
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), words[0])
    action(name, *numbers)
except OSError as problem:
    print(f"pmq: {problem.filename or 'read or write'}: {problem.strerror}", file=sys.stderr)
    sys.exit(1)
