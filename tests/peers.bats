#!/usr/bin/env bats
# peers.bats - real clients and servers that nobody here wrote, against the reference programs of
# labs 01 to 04, over IPv4 and IPv6.

load peers.bash

setup_file() { peers_setup_file 02 03 04; }

is_a_time() { [[ $1 =~ ^[A-Z][a-z]{2}\ [A-Z][a-z]{2}\ [\ 1-3][0-9]\ [0-9:]{8}\ [0-9]{4}$'\r'$ ]]; }

python_client='
import socket, sys
with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as s:
    data = b""
    while chunk := s.recv(100):
        data += chunk
sys.stdout.buffer.write(data)'

@test "nc, socat, bash and Python read the time over IPv4" {
    serve 04-accept/timeserver 127.0.0.1 0
    is_a_time "$(nc -N 127.0.0.1 "$port" </dev/null)"
    is_a_time "$(socat - "TCP4:127.0.0.1:$port" </dev/null)"
    exec 6<>"/dev/tcp/127.0.0.1/$port"
    is_a_time "$(cat <&6)"
    exec 6>&-
    is_a_time "$(python3 -c "$python_client" 127.0.0.1 "$port")"
}

@test "nc, socat, bash and Python read the time over IPv6" {
    serve 04-accept/timeserver ::1 0
    is_a_time "$(nc -N ::1 "$port" </dev/null)"
    is_a_time "$(socat - "TCP6:[::1]:$port" </dev/null)"
    exec 6<>"/dev/tcp/::1/$port"
    is_a_time "$(cat <&6)"
    exec 6>&-
    is_a_time "$(python3 -c "$python_client" ::1 "$port")"
}

@test "timeclient reads from a server made with socat" {
    printf 'one\0two\n' >wanted
    socat_server TCP4-LISTEN:0,bind=127.0.0.1 'OPEN:wanted,rdonly!!OPEN:/dev/null,wronly'
    "$BUILD/solutions/04-accept/timeclient" 127.0.0.1 "$port" >got
    cmp got wanted
}

@test "timeclient reads from a server in Python, over IPv6 too" {
    for host in 127.0.0.1 ::1; do
        python_server '
import socket, sys
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
server = socket.socket(family)
server.bind((sys.argv[1], 0))
server.listen()
print(server.getsockname()[1])
client, _ = server.accept()
for piece in b"a", b"\x00\xff", b"z" * 100000:
    client.sendall(piece)
client.close()' "$host"
        "$BUILD/solutions/04-accept/timeclient" "$host" "$port" >got
        python3 -c 'import sys; sys.stdout.buffer.write(b"a\x00\xff" + b"z" * 100000)' >wanted
        cmp got wanted
        wait "$PYTHON_PID" || :
    done
}

@test "ss agrees with what doorman prints: address, backlog, the client that waits" {
    serve 03-listen/doorman 127.0.0.1 0 5
    run ss -Hltn "sport = :$port"
    [[ $output =~ LISTEN\ +0\ +5\ +"$where" ]]
    exec 6<>"/dev/tcp/127.0.0.1/$port"
    read -r -t 20 line <&7
    [ "$line" = knock ]
    run ss -Hltn "sport = :$port"
    [[ $output =~ LISTEN\ +1\ +5\ +"$where" ]]
    exec 6>&-
}

@test "the kernel agrees with what bindto prints" {
    for host in 127.0.0.1 ::1; do
        serve 02-bind/bindto "$host" 0
        [[ $line == "bound to "* ]]
        # A bound socket that does not listen stands in no table that ss reads; binding the same
        # address again shows that it is taken.
        run python3 -c '
import errno, socket, sys
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET)
try:
    s.bind((sys.argv[1], int(sys.argv[2])))
except OSError as e:
    sys.exit(errno.errorcode[e.errno])' "$host" "$port"
        [ "$status" -eq 1 ]
        [ "$output" = EADDRINUSE ]
        exec 8>&-
        wait "$server"
    done
}
