#!/usr/bin/env bats
# peers-files.bats - real clients and servers that nobody here wrote, against the reference programs
# of lab 10: a name and a newline go over, a file comes back.

load peers.bash

setup_file() {
    peers_setup_file 10
    cd "$BATS_FILE_TMPDIR" || return
    mkdir -p pub/sub
    head -c 3000000 /dev/urandom >pub/large
    head -c 65537 /dev/urandom >"pub/sub/na me ü"
    : >pub/empty
    ln -s sub pub/below
    ln -s / pub/away
    ln -s ../secret pub/out
    echo secret >secret
    mkfifo pub/fifo
}

# What a server answers with when it sends the file NAME.
answer_for() {
    printf 'OK %d\n' "$(stat -Lc %s "$BATS_FILE_TMPDIR/pub/$1")"
    cat "$BATS_FILE_TMPDIR/pub/$1"
}

# It checks the answer to each name by the size that it announces.
python_client='
import socket, sys
host, port, folder = sys.argv[1], int(sys.argv[2]), sys.argv[3]
for name in sys.argv[4:]:
    with socket.create_connection((host, port)) as s:
        for byte in name.encode() + b"\n":
            s.sendall(bytes([byte]))
        with s.makefile("rb") as answer:
            word, size = answer.readline().split()
            assert word == b"OK", name
            content = answer.read()
    assert len(content) == int(size), (name, size, len(content))
    assert content == open(folder + "/" + name, "rb").read(), name'

# Serves one client after another from the folder, in pieces of the size given, until it is ended.
python_server_of='
import os, socket, sys
host, folder, size = sys.argv[1], sys.argv[2], int(sys.argv[3])
server = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
server.bind((host, 0))
server.listen()
print(server.getsockname()[1])
while True:
    client, _ = server.accept()
    with client:
        name = client.makefile("rb").readline().decode().rstrip("\n")
        try:
            content = open(folder + "/" + name, "rb").read()
        except OSError as e:
            client.sendall(b"ERR " + e.strerror.encode() + b"\n")
            continue
        answer = b"OK %d\n" % len(content) + content
        for i in range(0, len(answer), size):
            client.sendall(answer[i:i + size])'

@test "nc, socat and bash fetch files from fileserver, over IPv4 and IPv6" {
    for host in 127.0.0.1 ::1; do
        serve 10-files/fileserver "$BATS_FILE_TMPDIR/pub" "$host" 0
        for name in large empty 'sub/na me ü' 'below/na me ü'; do
            answer_for "$name" >wanted
            echo "$name" | nc "$host" "$port" | cmp - wanted
            echo "$name" | nc -N "$host" "$port" | cmp - wanted
            echo "$name" |
                socat -t 60 - "TCP:$([ "$host" = ::1 ] && echo '[::1]' || echo "$host"):$port" |
                cmp - wanted
        done
        exec 6<>"/dev/tcp/$host/$port"
        echo empty >&6
        [ "$(cat <&6)" = 'OK 0' ]
        exec 6>&-
    done
}

@test "a client in Python fetches files byte by byte, and many clients at once" {
    serve 10-files/fileserver "$BATS_FILE_TMPDIR/pub/" localhost 0
    python3 -c "$python_client" localhost "$port" "$BATS_FILE_TMPDIR/pub" large empty 'sub/na me ü'
    clients=()
    for _ in 1 2 3 4 5 6; do
        python3 -c "$python_client" localhost "$port" "$BATS_FILE_TMPDIR/pub" large 3>&- &
        clients+=($!)
    done
    for client in "${clients[@]}"; do
        wait "$client"
    done
}

@test "nc gets an ERR for what is not there, is no file or lies outside" {
    serve 10-files/fileserver "$BATS_FILE_TMPDIR/pub" 127.0.0.1 0
    for name in nothing ../secret sub/../empty /etc/passwd out away/etc/passwd fifo sub . ''; do
        run nc 127.0.0.1 "$port" <<<"$name"
        [[ $output == 'ERR '?* ]]
    done
    run nc -N 127.0.0.1 "$port" < <(printf 'x%.0s' {1..256})
    [[ $output == 'ERR '?* ]]
    run nc -N 127.0.0.1 "$port" <<<$'empty\nmore'
    [ "$output" = 'OK 0' ]
}

@test "socat carries a name in pieces of one byte" {
    serve 10-files/fileserver "$BATS_FILE_TMPDIR/pub" 127.0.0.1 0
    echo 'sub/na me ü' | socat -b 1 -t 60 - "TCP:127.0.0.1:$port,nodelay" >came
    answer_for 'sub/na me ü' | cmp - came
}

@test "fileget fetches from a server in Python, whatever the pieces, over IPv6 too" {
    for host in 127.0.0.1 ::1; do
        for size in 1 1000000; do
            python_server "$python_server_of" "$host" "$BATS_FILE_TMPDIR/pub" "$size"
            for name in empty 'sub/na me ü'; do
                "$BUILD/solutions/10-files/fileget" "$host" "$port" "$name" out
                cmp out "$BATS_FILE_TMPDIR/pub/$name"
                "$BUILD/solutions/10-files/fileget" "$host" "$port" "$name" - | cmp - out
            done
            run "$BUILD/solutions/10-files/fileget" "$host" "$port" nothing out
            [ "$status" -eq 1 ]
            cmp out "$BATS_FILE_TMPDIR/pub/sub/na me ü"
        done
        "$BUILD/solutions/10-files/fileget" "$host" "$port" large out
        cmp out "$BATS_FILE_TMPDIR/pub/large"
    done
}

@test "fileget fetches from socat, and leaves OUT alone when the file is cut short" {
    answer_for large >answer
    head -c 1000000 answer >short
    echo old >out
    socat_server TCP4-LISTEN:0,bind=127.0.0.1 'SYSTEM:read name; cat short'
    run "$BUILD/solutions/10-files/fileget" 127.0.0.1 "$port" large out
    [ "$status" -eq 1 ]
    [ "$(cat out)" = old ]
    socat_server TCP4-LISTEN:0,bind=127.0.0.1 'SYSTEM:read name; echo "$name" >asked; cat answer'
    "$BUILD/solutions/10-files/fileget" 127.0.0.1 "$port" 'a name' out
    cmp out "$BATS_FILE_TMPDIR/pub/large"
    [ "$(cat asked)" = 'a name' ]
    [ -z "$(find . -name '.fileget*')" ]
}

@test "fileget fetches from nc" {
    answer_for 'sub/na me ü' >answer
    # nc names its port only in words; ss tells it by the process.
    nc -N -l 127.0.0.1 0 <answer >asked 3>&- &
    started+=($!)
    until port=$(ss -Hltnp | sed -n "s/.*127\.0\.0\.1:\([0-9]*\) .*pid=$!,.*/\1/p") && [ "$port" ]; do
        kill -0 "$!"
    done
    "$BUILD/solutions/10-files/fileget" 127.0.0.1 "$port" any out
    cmp out "$BATS_FILE_TMPDIR/pub/sub/na me ü"
    [ "$(cat asked)" = any ]
}

@test "a full disk is noticed: OUT stays as it was" {
    serve 10-files/fileserver "$BATS_FILE_TMPDIR/pub" 127.0.0.1 0
    echo old >out
    run bash -c "trap '' XFSZ; ulimit -f 100; '$BUILD/solutions/10-files/fileget' 127.0.0.1 $port \
        large out"
    [ "$status" -eq 1 ]
    [[ $output == *'File too large'* ]]
    [ "$(cat out)" = old ]
    [ -z "$(find . -name '.fileget*')" ]
}
