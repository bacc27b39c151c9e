#!/usr/bin/env bats
# peers-concurrent.bats - real clients that nobody here wrote, several of them at the same time,
# against the reference programs of lab 09.

load peers.bash

servers='forkserver threadserver pollserver'

setup_file() {
    peers_setup_file 09
    head -c 1000000 /dev/urandom >"$BATS_FILE_TMPDIR/sent"
}

@test "nc, socat and Python get back every byte at the same time, over IPv4 and IPv6" {
    sent=$BATS_FILE_TMPDIR/sent
    for name in $servers; do
        for host in 127.0.0.1 ::1; do
            serve "09-concurrent/$name" "$host" 0
            timeout 60 nc -N "$host" "$port" <"$sent" >nc.came &
            nc=$!
            socat -t 60 - "TCP:$where" <"$sent" >socat.came &
            socat=$!
            timeout 60 python3 -c "$python_says_all" "$host" "$port" "$sent"
            wait "$nc"
            wait "$socat"
            cmp nc.came "$sent"
            cmp socat.came "$sent"
        done
    done
}

@test "while nc is silent and socat sends without reading, others are served" {
    sent=$BATS_FILE_TMPDIR/sent
    mkfifo words came
    for name in $servers; do
        serve "09-concurrent/$name" 127.0.0.1 0
        timeout 60 nc -N 127.0.0.1 "$port" <words >came 3>&- &
        started+=("$!")
        exec 5>words 6<came
        echo 'half a wo' >&5
        read -r -t 20 line <&6
        [ "$line" = 'half a wo' ]
        socat -u OPEN:/dev/zero "TCP:$where" 3>&- 5>&- 6<&- &
        started+=("$!")
        timeout 60 nc -N 127.0.0.1 "$port" <"$sent" | cmp - "$sent"
        timeout 60 python3 -c "$python_says_all" 127.0.0.1 "$port" "$sent"
        echo 'rd' >&5
        read -r -t 20 line <&6
        [ "$line" = 'rd' ]
        kill "${started[-1]}"
        exec 5>&-
        refute read -r -t 20 line <&6
        exec 6<&-
        echo 'and now' | timeout 60 nc -N 127.0.0.1 "$port" | grep -x 'and now'
    done
}

# Each says a word of its own when all are there, and hears it when all have said theirs.
python_crowd='
import socket, subprocess, sys
host, port, sockets, socats = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
tools = [subprocess.Popen(["socat", "-t", "60", "-", f"TCP:{host}:{port}"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, bufsize=0) for _ in range(socats)]
clients = [socket.create_connection((host, int(port)), timeout=60) for _ in range(sockets)]
pairs = [(tool.stdin, tool.stdout) for tool in tools]
pairs += [(client.makefile("wb", 0), client.makefile("rb", 0)) for client in clients]
for turn in range(2):
    for number, (way, _) in enumerate(pairs):
        way.write(b"client %d, word %d\n" % (number, turn))
    for number, (_, echo) in enumerate(pairs):
        line = echo.readline()
        assert line == b"client %d, word %d\n" % (number, turn), (number, line)
for client in clients:
    client.shutdown(socket.SHUT_WR)
    assert client.recv(1) == b""
for tool in tools:
    tool.stdin.close()
    assert tool.stdout.read() == b""
    assert tool.wait() == 0'

@test "a hundred clients at once, socat and Python, and each hears its own words" {
    for name in $servers; do
        serve "09-concurrent/$name" 127.0.0.1 0
        timeout 120 python3 -c "$python_crowd" 127.0.0.1 "$port" 80 20
        echo 'one more' | timeout 60 nc -N 127.0.0.1 "$port" | grep -x 'one more'
        [ "$(wc -w <"/proc/$server/task/$server/children")" -le 1 ]
    done
}

@test "ended by SIGTERM while nc and Python are there, a server leaves no process, and its port is free" {
    mkfifo words came
    for name in $servers; do
        serve "09-concurrent/$name" 127.0.0.1 0
        timeout 60 nc 127.0.0.1 "$port" <words >came 3>&- &
        started+=("$!")
        exec 5>words 6<came
        echo 'here' >&5
        read -r -t 20 line <&6
        coproc CLIENT { exec timeout 60 python3 -u -c '
import socket, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as s:
    s.sendall(b"x")
    print(s.recv(1))
    print(s.recv(1))' "$port" 3>&-; }
        client=$CLIENT_PID
        started+=("$client")
        exec 9<&"${CLIENT[0]}"
        read -r -t 20 line <&9
        [ "$line" = "b'x'" ]
        family=$(cat "/proc/$server/task/$server/children")
        [ "$name" != forkserver ] || [ "$(wc -w <<<"$family")" -eq 2 ]
        kill "$server"
        wait "$server" || [ "$?" -eq 143 ]
        for pid in $family; do
            refute test -e "/proc/$pid"
        done
        read -r -t 20 line <&9
        [ "$line" = "b''" ]
        wait "$client"
        exec 5>&- 6<&- 9<&-
        serve "09-concurrent/$name" 127.0.0.1 "$port"
        echo 'again' | timeout 60 nc -N 127.0.0.1 "$port" | grep -x again
    done
}
