#!/usr/bin/env bats
# peers-stream.bats - real clients and servers that nobody here wrote, against the reference programs
# of lab 05: streams of bytes, half-close, frames.

load peers.bash

setup_file() {
    peers_setup_file 05
    head -c 3000000 /dev/urandom >"$BATS_FILE_TMPDIR/sent"
}

python_echo='
import socket, sys, threading
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
server = socket.socket(family)
server.bind((sys.argv[1], 0))
server.listen()
print(server.getsockname()[1])
client, _ = server.accept()
while data := client.recv(int(sys.argv[2])):
    client.sendall(data)
client.close()'

# It speaks frames: the first argument is the port, the others are lengths of frames to send, all
# of them before the first answer is read.
python_frames='
import os, socket, struct, sys
def whole(s, length):
    data = b""
    while len(data) < length:
        piece = s.recv(length - len(data))
        assert piece, "an end of file inside a frame"
        data += piece
    return data
with socket.create_connection(("localhost", int(sys.argv[1]))) as s:
    frames = [os.urandom(int(length)) for length in sys.argv[2:]]
    s.sendall(b"".join(struct.pack("!I", len(frame)) + frame for frame in frames))
    for frame in frames:
        length, = struct.unpack("!I", whole(s, 4))
        assert whole(s, length) == frame[::-1], "another answer"
    s.shutdown(socket.SHUT_WR)
    assert s.recv(1) == b"", "more than the answers"'

@test "nc, socat and Python get back every byte from echoserver, over IPv4 and IPv6" {
    sent=$BATS_FILE_TMPDIR/sent
    for host in 127.0.0.1 ::1; do
        serve 05-stream/echoserver "$host" 0
        nc -N "$host" "$port" <"$sent" | cmp - "$sent"
        socat -t 60 - "TCP:$([ "$host" = ::1 ] && echo '[::1]' || echo "$host"):$port" <"$sent" |
            cmp - "$sent"
        timeout 60 python3 -c "$python_says_all" "$host" "$port" "$sent"
    done
}

@test "bash talks to echoserver line by line, and the answer comes before the next line" {
    serve 05-stream/echoserver 127.0.0.1 0
    exec 6<>"/dev/tcp/127.0.0.1/$port"
    for word in one 'two words' ''; do
        echo "$word" >&6
        IFS= read -r -t 20 came <&6
        [ "$came" = "$word" ]
    done
    exec 6>&-
}

@test "echoclient gets its bytes back from socat and from Python, however small its pieces" {
    sent=$BATS_FILE_TMPDIR/sent
    socat_server TCP4-LISTEN:0,bind=127.0.0.1 EXEC:cat
    "$BUILD/solutions/05-stream/echoclient" 127.0.0.1 "$port" <"$sent" | cmp - "$sent"
    for host in 127.0.0.1 ::1; do
        python_server "$python_echo" "$host" 999
        "$BUILD/solutions/05-stream/echoclient" "$host" "$port" <"$sent" | cmp - "$sent"
        wait "$PYTHON_PID" || :
    done
}

@test "echoclient fails when a server in Python hangs up without an echo" {
    python_server '
import socket
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1])
client, _ = server.accept()
client.recv(1)
client.close()'
    run "$BUILD/solutions/05-stream/echoclient" 127.0.0.1 "$port" <"$BATS_FILE_TMPDIR/sent"
    [ "$status" -eq 1 ]
}

@test "a client in Python gets its frames back in reverse, all sizes, many at once" {
    serve 05-stream/msgserver localhost 0
    python3 -c "$python_frames" "$port" 5 0 1 65536 0 4095 4096 4097
    python3 -c "$python_frames" "$port"
    # Larger than allowed: that connection ends, the next client is served.
    printf '\0\1\0\1' | nc -N localhost "$port" | cmp - /dev/null
    python3 -c "$python_frames" "$port" 65535
}

@test "socat carries a frame in pieces of one byte" {
    serve 05-stream/msgserver 127.0.0.1 0
    came=$(printf '\0\0\0\5hello' | socat -b 1 -t 60 - "TCP:127.0.0.1:$port,nodelay" | od -An -c |
        tr -s ' ')
    [ "$came" = ' \0 \0 \0 005 o l l e h' ]
}
