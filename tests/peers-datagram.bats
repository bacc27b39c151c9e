#!/usr/bin/env bats
# peers-datagram.bats - real clients and servers that nobody here wrote, against the reference
# programs of lab 06: datagrams over IPv4 and IPv6.

load peers.bash

setup_file() {
    peers_setup_file 06
}

# A client: sends every query before it reads the first answer. A pair is a query and its answer;
# None is no answer.
python_client='
import socket, sys
pairs = [(b"1 echo a\0\xff\r\n", b"1 a\0\xff\r\n"), (b"", b"error: bad query"),
         (b"error: bad query", None), (b"2 echo " + 505 * b"x", b"2 " + 505 * b"x"),
         (b"3 echo " + 506 * b"x", b"error: too long"), (60000 * b"\0", b"error: too long"),
         (b"007 echo", b"007 error: bad query"), (b"error:" + 1000 * b"x", None),
         (b"8 echo ", b"8 "), (b"9 dance", b"9 error: unknown query")]
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
with socket.socket(family, socket.SOCK_DGRAM) as s:
    s.settimeout(60)
    for query, _ in pairs:
        s.sendto(query, (sys.argv[1], int(sys.argv[2])))
    for query, answer in pairs:
        if answer is not None:
            came, whom = s.recvfrom(65536)
            assert came == answer, (query[:60], came[:60])
            assert whom[:2] == (sys.argv[1], int(sys.argv[2])), whom
    s.setblocking(False)
    try:
        sys.exit("one answer too many: %r" % s.recv(65536))
    except BlockingIOError:
        pass'

# A server: an expression in Python makes the list of answers to a query, from its number (0, 1,
# ...), its ID, verb and text.
python_answers='
import socket, sys
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
server = socket.socket(family, socket.SOCK_DGRAM)
server.bind((sys.argv[1], 0))
print(server.getsockname()[1])
number = 0
while True:
    query, client = server.recvfrom(65536)
    ID, verb, text = (query.split(b" ", 2) + [None])[:3]
    for answer in eval("(" + sys.argv[2] + ")"):
        server.sendto(answer, client)
    number += 1'

ask() { "$BUILD/solutions/06-datagram/ask" "$@"; }

is_a_time() { [[ $1 =~ ^[A-Z][a-z]{2}\ [A-Z][a-z]{2}\ [\ 1-3][0-9]\ [0-9:]{8}\ [0-9]{4}$ ]]; }

@test "nc and socat ask askserver, over IPv4 and IPv6" {
    serve 06-datagram/askserver 127.0.0.1 0
    [ "$(printf '42 echo hello' | nc -u -W 1 127.0.0.1 "$port")" = "42 hello" ]
    [ "$(printf 'hello' | nc -u -W 1 127.0.0.1 "$port")" = "error: bad query" ]
    [ "$(printf '7 echo  a' | socat -t 60 - "UDP4:127.0.0.1:$port,readbytes=4")" = "7  a" ]
    serve 06-datagram/askserver ::1 0
    [ "$(printf '42 dance' | nc -u -W 1 ::1 "$port")" = "42 error: unknown query" ]
    [ "$(printf '7 echo b' | socat -t 60 - "UDP6:[::1]:$port,readbytes=3")" = "7 b" ]
}

@test "bash asks askserver the time" {
    serve 06-datagram/askserver 127.0.0.1 0
    exec 6<>"/dev/udp/127.0.0.1/$port"
    printf '0815 time' >&6
    answer=$(dd bs=512 count=1 status=none <&6)
    exec 6>&-
    is_a_time "${answer#0815 }"
}

@test "Python asks askserver: NUL bytes, empty datagrams, 512 and 513 bytes, errors" {
    for host in 127.0.0.1 ::1; do
        serve 06-datagram/askserver "$host" 0
        python3 -c "$python_client" "$host" "$port"
    done
}

@test "ss shows askserver's socket where it says, without a connection" {
    serve 06-datagram/askserver 127.0.0.1 0
    run ss -Huln "sport = :$port"
    [[ $output =~ UNCONN\ +0\ +0\ +"$where" ]]
}

@test "ask gets its answer from a server in Python, over IPv4 and IPv6" {
    for host in 127.0.0.1 ::1; do
        python_server "$python_answers" "$host" '[ID + b" " + verb + b"\0" + (text or b"-")]'
        [ "$(ask "$host" "$port" 1 60000 echo 'two  words' | tr '\0' :)" = "echo:two  words" ]
        [ "$(ask "$host" "$port" 1 60000 time | tr '\0' :)" = "time:-" ]
    done
}

@test "ask asks again, and takes nothing but its answer, from a server in Python" {
    python_server "$python_answers" 127.0.0.1 '[] if number < 2 else
        [b"", b"error: bad query", ID + b"0 longer", b"0" + ID + b" digits", ID[1:] + b" shorter",
         ID + b" right"]'
    [ "$(ask 127.0.0.1 "$port" 100 100 time)" = right ]
    python_server "$python_answers" 127.0.0.1 '[ID + b" error: not today"]'
    run ask 127.0.0.1 "$port" 1 60000 time
    [ "$status" -eq 1 ] && [ "$output" = "error: not today" ]
}

@test "ask gets its answer from nc, typed by hand" {
    mkfifo typed
    exec 6<>typed
    coproc NC { exec nc -v -u -l 127.0.0.1 0 <typed 2>&1 3>&- 6>&-; }
    started+=("$NC_PID")
    while read -r -t 20 -u "${NC[0]}" notice; do
        [[ $notice != "Bound on "* ]] || break
    done
    ask 127.0.0.1 "${notice##* }" 1 60000 echo hello >got 3>&- 6>&- &
    started+=("$!")
    query=
    while [[ $query != *" echo hello" ]]; do # it ends without a newline
        IFS= read -r -t 20 -n 1 -u "${NC[0]}" byte
        query+=${byte:-$'\n'}
    done
    query=${query##*$'\n'}
    printf '%s from nc' "${query%% *}" >&6
    wait "$!"
    exec 6>&-
    [ "$(cat got)" = "from nc" ]
}

@test "ask gets its answer from socat and sed" {
    printf '#!/bin/sh\nexec sed "s/ .*/ sed/"\n' >answer
    chmod +x answer
    coproc SOCAT { exec socat -t 60 UDP4-RECVFROM:0,bind=127.0.0.1 EXEC:./answer 3>&-; }
    started+=("$SOCAT_PID")
    port=
    until [[ $port =~ ^[0-9]+$ ]]; do # socat does not tell it
        port=$(ss -Hulnp | sed -n "s/.* 127.0.0.1:\([0-9]*\) .*pid=$SOCAT_PID,.*/\1/p")
    done
    [ "$(ask 127.0.0.1 "$port" 1 60000 time)" = sed ]
}
