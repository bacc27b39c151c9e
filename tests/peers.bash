# peers.bash - what the tests with real peers share: reference programs are started, spoken to, and
# ended by their PIDs. Sourced by tests/peers*.bats.
# shellcheck shell=bash

# peers_setup_file LAB...: builds the reference programs of these labs.
peers_setup_file() {
    cd "$BATS_TEST_DIRNAME/.." || return
    . tests/common.bash
    for lab in "$@"; do
        DIR=solutions LAB=$lab "$BUILD/bin/plumb" check >/dev/null
    done
}

setup() {
    cd "$BATS_TEST_DIRNAME/.." || return
    . tests/common.bash
    cd "$BATS_TEST_TMPDIR" || return
    started=()
}

teardown() {
    for pid in "${started[@]}"; do
        kill "$pid" 2>/dev/null || :
        wait "$pid" 2>/dev/null || :
    done
}

# serve NAME ARG...: starts a reference server and sets $server, and from its first line $line,
# $where and $port. Its output is descriptor 7; its standard input stays open until 8 is closed.
serve() {
    local fifo=$BATS_TEST_TMPDIR/${1##*/}.$RANDOM
    mkfifo "$fifo.in" "$fifo.out"
    exec 8<>"$fifo.in"
    "$BUILD/solutions/$1" "${@:2}" <"$fifo.in" >"$fifo.out" 2>/dev/null 3>&- 8>&- &
    server=$!
    started+=("$server")
    exec 7<"$fifo.out"
    read -r -t 20 line <&7
    where=${line##* }
    port=${where##*:}
}

# socat_server ADDRESS PEER: socat listens with ADDRESS, a TCP4-LISTEN:0 with its options, for one
# client and connects it to PEER; sets $port.
socat_server() {
    local notice
    coproc SOCAT { exec socat -d -d "$1" "$2" 2>&1 3>&-; }
    started+=("$SOCAT_PID")
    while read -r -t 20 -u "${SOCAT[0]}" notice; do
        [[ $notice != *"listening on"* ]] || break
    done
    port=${notice##*:}
}

# python_server SCRIPT [ARG...]: runs a server in Python whose first line is its port; sets $port.
python_server() {
    coproc PYTHON { exec python3 -u -c "$@" 3>&-; }
    started+=("$PYTHON_PID")
    read -r -t 20 -u "${PYTHON[0]}" port
}

# python3 -c "$python_says_all" HOST PORT FILE, a client of an echo server: it sends the file, half-closes, and
# must hear the same bytes and an end of file.
# shellcheck disable=SC2034 # used where this file is loaded
python_says_all='
import socket, sys, threading
sent = open(sys.argv[3], "rb").read()
with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as s:
    def say():
        s.sendall(sent)
        s.shutdown(socket.SHUT_WR)
    threading.Thread(target=say).start()
    came = b"".join(iter(lambda: s.recv(65536), b""))
assert came == sent'
