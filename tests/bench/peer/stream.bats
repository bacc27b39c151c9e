#!/usr/bin/env bats
# stream.bats - behaviors of lab 05, of all its steps, as a plain bats and nc script checks them.
#
# Run by tests/bench/bats-and-nc, which builds the programs into $PROGRAMS. It is written as a careful
# person would: no sleeps, ports from the kernel, servers ended by their PID. What it cannot do is what
# the steps do besides: pieces, resets at a chosen moment, readers that stop.

setup() {
    cd "$BATS_TEST_TMPDIR"
    head -c "${SIZE:-100000}" /dev/urandom >sent
}

teardown() {
    [ -z "${server:-}" ] || kill "$server"
}

# start SERVER: sets $port once it listens.
start() {
    mkfifo line
    "$PROGRAMS/$1" 127.0.0.1 0 >line 3>&- &
    server=$!
    read -r said <line
    port=${said##*:}
}

@test "every byte comes back" {
    start echoserver
    nc -N 127.0.0.1 "$port" <sent >back
    cmp sent back
}

@test "every byte of 8 MiB comes back" {
    head -c 8M /dev/urandom >sent
    start echoserver
    nc -N 127.0.0.1 "$port" <sent >back
    cmp sent back
}

@test "a client that leaves ends nothing but its own connection" {
    start echoserver
    nc -N 127.0.0.1 "$port" <sent >/dev/full || :
    nc -N 127.0.0.1 "$port" <sent >back
    cmp sent back
}

@test "echoclient prints what comes back" {
    start echoserver
    "$PROGRAMS/echoclient" 127.0.0.1 "$port" <sent >back
    cmp sent back
}

@test "16 MiB pass through echoclient" {
    head -c 16M /dev/urandom >sent
    start echoserver
    "$PROGRAMS/echoclient" 127.0.0.1 "$port" <sent >back
    cmp sent back
}

@test "each frame is answered" {
    start msgserver
    printf '\0\0\0\3abc\0\0\0\0\0\0\0\5hello' | nc -N 127.0.0.1 "$port" >back
    printf '\0\0\0\3cba\0\0\0\0\0\0\0\5olleh' | cmp - back
}

@test "what is no frame closes that connection, and only that" {
    start msgserver
    printf '\1\1\1\1abc' | nc -N 127.0.0.1 "$port" >back || :
    [ ! -s back ]
    printf '\0\0\0\3abc' | nc -N 127.0.0.1 "$port" >back
    printf '\0\0\0\3cba' | cmp - back
}

@test "a wrong command line is a usage error" {
    "$PROGRAMS/echoserver" 127.0.0.1 nonsense && return 1 || [ $? -eq 2 ]
    "$PROGRAMS/echoclient" 127.0.0.1 && return 1 || [ $? -eq 2 ]
}

@test "a host that does not exist is an error" {
    "$PROGRAMS/echoserver" nowhere.invalid 0 && return 1 || [ $? -eq 1 ]
}

@test "a port on which nobody listens refuses echoclient" {
    start echoserver
    kill "$server"
    wait "$server" || :
    server=
    "$PROGRAMS/echoclient" 127.0.0.1 "$port" <sent >back && return 1 || [ $? -eq 1 ]
}

@test "one client after another is served" {
    start echoserver
    for word in one two three; do [ "$(echo "$word" | nc -N 127.0.0.1 "$port")" = "$word" ]; done
}

@test "the port can be used again at once" {
    start echoserver
    echo word | nc -N 127.0.0.1 "$port" >back
    kill "$server"
    wait "$server" || :
    mkfifo again
    "$PROGRAMS/echoserver" 127.0.0.1 "$port" >again 3>&- &
    server=$!
    read -r said <again
    [ "$said" = "listening on 127.0.0.1:$port" ]
}

@test "a frame of 64 KiB is answered" {
    start msgserver
    { printf '\0\1\0\0' && head -c 65536 /dev/zero; } >frame
    nc -N 127.0.0.1 "$port" <frame | cmp - frame
}
