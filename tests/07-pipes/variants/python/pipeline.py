"""pipeline in Python: subprocess starts the commands, and one that can't be started is an exception."""
import errno
import os
import subprocess
import sys


def complain(call, reason):
    print(f"pipeline: {call}: {reason}", file=sys.stderr)


def close(*ends):
    for end in ends:
        if end is not None:
            os.close(end)


def split(words):
    commands = [[]]
    for word in words:
        if word == ":":
            commands.append([])
        else:
            commands[-1].append(word)
    return commands


def start(words, source, sink):
    """The running command, or the exit code that stands for one that could not become a program."""
    try:
        return subprocess.Popen(words, stdin=source, stdout=sink)
    except OSError as problem:
        if problem.filename is None:  # it was not exec that failed
            raise
        complain(problem.filename, problem.strerror)
        return 127 if problem.errno == errno.ENOENT else 126


def start_all(commands, started):
    """Adds the commands to the list as they start: if one can't, the list tells which ones run."""
    source = sink = product = None
    try:
        for words in commands:
            if words is not commands[-1]:
                product, sink = os.pipe()
            started.append(start(words, source, sink))
            close(source, sink)
            source, sink, product = product, None, None
    finally:
        close(source, sink, product)


def code_of(command):
    if isinstance(command, int):
        return command
    status = command.wait()
    return status if status >= 0 else 128 - status


commands, started, is_whole = split(sys.argv[1:]), [], True
if not all(commands):
    print("usage: pipeline CMD [ARG]... [: CMD [ARG]...]...", file=sys.stderr)
    sys.exit(2)
try:
    start_all(commands, started)
except OSError as problem:
    complain("pipe or fork", problem.strerror)
    is_whole = False
codes = [code_of(command) for command in started]
sys.exit(codes[-1] if is_whole else 1)
