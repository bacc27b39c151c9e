#!/usr/bin/env bats
# peers-queues.bats - queues made, filled and emptied by programs that nobody here wrote, against the
# reference programs of lab 08: Python's and Perl's calls, ipcs, ipcmk, ipcrm, and the kernel's view.

setup_file() {
    cd "$BATS_TEST_DIRNAME/.."
    . tests/common.bash
    DIR=solutions LAB=08 "$BUILD/bin/plumb" check >/dev/null
}

setup() {
    cd "$BATS_TEST_DIRNAME/.."
    . tests/common.bash
    pmq=$BUILD/solutions/08-queues/pmq
    svq=$BUILD/solutions/08-queues/svq
    cd "$BATS_TEST_TMPDIR"
    name=/plumbline-peers-$$-$BATS_TEST_NUMBER
    free_path
}

teardown() {
    "$pmq" rm "$name" 2>/dev/null || :
    "$svq" rm "$path" 2>/dev/null || :
}

# key_of PATH: what ftok(PATH, 'p') is made of, in decimal.
key_of() {
    perl -e '@s = stat shift; print ord("p") << 24 | ($s[0] & 0xff) << 16 | $s[1] & 0xffff' "$1"
}

# free_path: sets $path to a file whose key no queue has, and $key to that.
free_path() {
    local i
    for ((i = 0; i < 64; i++)); do
        path=$BATS_TEST_TMPDIR/file-$i
        : >"$path"
        key=$(key_of "$path")
        [ -n "$(row_of "$key")" ] || return 0
    done
    return 1
}

# row_of KEY: the queue in the kernel's table, or nothing: key, number, mode, bytes, messages.
row_of() { awk -v key="$1" '$1 == key {print $1, $2, $3, $4, $5}' /proc/sysvipc/msg; }

# The calls of mqueue.h, for Python, which has none of its own.
mqueue='
import ctypes, os, sys
try:
    lib = ctypes.CDLL(None, use_errno=True)
    lib.mq_open
except AttributeError:
    lib = ctypes.CDLL("librt.so.1", use_errno=True)

class Attributes(ctypes.Structure):
    _fields_ = [(n, ctypes.c_long) for n in ("flags", "maxmsg", "msgsize", "curmsgs")]
    _fields_ += [("rest", ctypes.c_long * 4)]

def check(result):
    if result == -1:
        sys.exit(os.strerror(ctypes.get_errno()))
    return result

def mq_open(name, flags, mode=0o600, attributes=None):
    return check(lib.mq_open(name.encode(), flags, mode, attributes and ctypes.byref(attributes)))

def attributes_of(queue):
    attributes = Attributes()
    check(lib.mq_getattr(queue, ctypes.byref(attributes)))
    return attributes

def mq_send(queue, text, priority):
    check(lib.mq_send(queue, text, ctypes.c_size_t(len(text)), priority))

def mq_receive(queue):
    size = attributes_of(queue).msgsize
    buffer, priority = ctypes.create_string_buffer(size), ctypes.c_uint()
    length = check(lib.mq_receive(queue, buffer, ctypes.c_size_t(size), ctypes.byref(priority)))
    return priority.value, buffer.raw[:length]
'

@test "Python takes what pmq has put, and finds the queue as it has to be" {
    printf 'low\nt\0wo\n\n' | "$pmq" put "$name" 1
    echo high | "$pmq" put "$name" 32767
    run python3 -c "$mqueue"'
queue = mq_open(sys.argv[1], os.O_RDONLY | os.O_NONBLOCK)
a = attributes_of(queue)
print(a.maxmsg, a.msgsize, a.curmsgs, oct(os.fstat(queue).st_mode & 0o7777))
for _ in range(4):
    print(*mq_receive(queue))
mq_receive(queue)' "$name"
    [ "$status" -eq 1 ]
    [ "$output" = "8 256 4 0o600
32767 b'high'
1 b'low'
1 b't\\x00wo'
1 b''
Resource temporarily unavailable" ]
}

@test "pmq takes what Python has put into a queue of another size" {
    python3 -c "$mqueue"'
queue = mq_open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600, Attributes(0, 3, 1000))
mq_send(queue, b"a\0b", 0)
mq_send(queue, b"x" * 1000, 9)
mq_send(queue, b"", 9)' "$name"
    "$pmq" get "$name" 0 >got
    { printf '9 ' && printf 'x%.0s' {1..1000} && printf '\n9 \n0 a\0b\n'; } >wanted
    cmp got wanted
    printf 'y%.0s' {1..1000} | "$pmq" put "$name" 4
    [ "$("$pmq" get "$name" 0)" = "4 $(printf 'y%.0s' {1..1000})" ]
    run bash -c 'printf "y%.0s" {1..1001} | "$1" put "$2" 4' - "$pmq" "$name"
    [ "$status" -eq 1 ]
    [[ $output == *"Message too long"* ]]
}

@test "pmq put waits until Python makes room" {
    seq 20 >lines # a queue has room for 8
    head -n 1 lines | "$pmq" put "$name" 0 # makes it
    tail -n +2 lines | "$pmq" put "$name" 0 3>&- &
    putter=$!
    python3 -c "$mqueue"'
queue = mq_open(sys.argv[1], os.O_RDONLY)
for _ in range(20):
    print(mq_receive(queue)[1].decode())' "$name" >got
    wait "$putter"
    cmp got lines
}

@test "Perl takes what svq has put, by the key of stat, and the other way round" {
    printf 'one\nt\0wo\n\n' | "$svq" put "$path" 5
    run perl -e '
        $queue = msgget($ARGV[0], 0);
        defined $queue or die $!;
        while (msgrcv($queue, $message, 1024, 0, 04000)) { # IPC_NOWAIT
            ($type, $text) = unpack "l! a*", $message;
            print "$type $text;";
        }
        print "$!\n"' "$key"
    [ "$output" = "$(printf '5 one;5 t\0wo;5 ;No message of desired type' | tr -d '\0')" ]
    perl -e '
        $queue = msgget($ARGV[0], 0);
        msgsnd($queue, pack("l! a*", $_, "type $_"), 0) or die $! for 9, 2147483647, 3' "$key"
    [ "$("$svq" get "$path" -100)" = "3 type 3" ]
    [ "$("$svq" get "$path" 2147483647)" = "2147483647 type 2147483647" ]
    [ "$("$svq" get "$path" 0)" = "9 type 9" ]
}

@test "ipcs and the kernel's table agree with svq, and svq with ipcrm" {
    printf 'hello\nyou\n' | (umask 0 && "$svq" put "$path" 1)
    read -r _ number mode bytes messages <<<"$(row_of "$key")"
    [ "$mode $bytes $messages" = "600 8 2" ]
    run ipcs -q -i "$number"
    [ "$status" -eq 0 ]
    [[ $output == *"mode=0600"* ]]
    [[ $output =~ qnum=2 ]]
    ipcrm -q "$number"
    run "$svq" get "$path" 0
    [ "$status" -eq 1 ]
    [[ $output == *"No such file or directory"* ]]
}

@test "svq rm removes its own queue, and not the one that ipcmk made" {
    other=$(ipcmk -Q -p 600)
    other=${other##* }
    echo mine | "$svq" put "$path" 1
    "$svq" rm "$path"
    [ -z "$(row_of "$key")" ]
    ipcs -q -i "$other"
    ipcrm -q "$other"
    [ -z "$(awk -v number="$other" '$2 == number' /proc/sysvipc/msg)" ]
}

@test "ls shows the queue of pmq as a file of its owner's, and rm removes it" {
    cat >look <<'END'
set -e
mount -t mqueue none "$1"
umask 0
printf 'hello\nyou\n' | "$2" put /seen 0
[ "$(stat -c %A "$1/seen")" = -rw------- ]
[[ $(cat "$1/seen") == QSIZE:8* ]]
rm "$1/seen"
"$2" get /seen 0
END
    mkdir mqueue
    if unshare -Urim true 2>/dev/null; then
        run unshare -Urim bash look "$PWD/mqueue" "$pmq"
        [ "$status" -eq 1 ]
        [[ $output == *"No such file or directory" ]]
    fi
}
