"""filter in Python: a selector for the pipes of subprocess, in which SIGCHLD is a byte in one more pipe."""
import errno
import os
import selectors
import signal
import subprocess
import sys

PIECE = 65536


def fail(call, reason, code=1):
    print(f"filter: {call}: {reason}", file=sys.stderr)
    sys.exit(code)


def write_all(data):
    while data:
        data = data[os.write(1, data):]


class Filter:
    def __init__(self, words):
        self.alarm, wakeup = os.pipe()
        os.set_blocking(wakeup, False)
        signal.set_wakeup_fd(wakeup, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self.child = subprocess.Popen(words, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        os.set_blocking(self.child.stdin.fileno(), False)
        self.unfed, self.fed, self.copied = b"", 0, 0
        self.selector = selectors.PollSelector()  # epoll would refuse a regular file as input

    def when(self, file, action, event=selectors.EVENT_READ):
        self.selector.register(file, event, action)

    def take_input(self):
        self.selector.unregister(0)
        self.unfed = os.read(0, PIECE)
        if self.unfed:
            self.when(self.child.stdin, self.feed, selectors.EVENT_WRITE)
        else:
            self.child.stdin.close()

    def feed(self):
        try:
            count = self.child.stdin.write(self.unfed) or 0
        except BrokenPipeError:
            self.selector.unregister(self.child.stdin)
            self.child.stdin.close()
            return
        self.fed += count
        self.unfed = self.unfed[count:]
        if not self.unfed:
            self.selector.unregister(self.child.stdin)
            self.when(0, self.take_input)

    def copy(self):
        data = self.child.stdout.read(PIECE)
        write_all(data)
        self.copied += len(data)
        if not data:
            self.selector.unregister(self.child.stdout)
            self.child.stdout.close()

    def run(self):
        """Returns when the command and its output have ended."""
        self.when(self.alarm, lambda: os.read(self.alarm, PIECE))
        self.when(self.child.stdout, self.copy)
        self.when(0, self.take_input)
        while not self.child.stdout.closed or self.child.poll() is None:
            for key, _ in self.selector.select():
                key.data()
        return self.child.returncode


if len(sys.argv) < 2:
    print("usage: filter CMD [ARG]...", file=sys.stderr)
    sys.exit(2)
try:
    work = Filter(sys.argv[1:])
except OSError as problem:
    if problem.filename is None:
        fail("pipe or fork", problem.strerror)
    fail(problem.filename, problem.strerror, 127 if problem.errno == errno.ENOENT else 126)
try:
    status = work.run()
except OSError as problem:
    fail("copy", problem.strerror)
print(f"in={work.fed} out={work.copied}", file=sys.stderr)
sys.exit(status if status >= 0 else 128 - status)
