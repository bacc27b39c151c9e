#!/usr/bin/env bats
# peers-web.bats - real clients and servers that nobody here wrote, against the reference programs
# of lab 11: curl, wrk and Chromium ask webserver; webget asks nginx and Python's http.server.

load peers.bash

setup_file() {
    peers_setup_file 11
    site=$BATS_FILE_TMPDIR/site
    mkdir -p "$site/sub" "$site/empty" "$BATS_FILE_TMPDIR/more"
    head -c 3000000 /dev/urandom >"$site/large"
    head -c 1024 /dev/urandom >"$site/1k"
    echo 'a blank' >"$site/a b.txt"
    echo '<p>below</p>' >"$site/sub/index.html"
    chmod 755 "$BATS_FILE_TMPDIR" "$site"
}

# start_web: the reference webserver on the site; sets $url.
start_web() {
    site=$BATS_FILE_TMPDIR/site
    serve 11-web/webserver "$site" "${1:-127.0.0.1}" 0
    url=http://$where
}

# status_of TARGET [OPTION...]: the status that curl gets for it.
status_of() {
    local target=$1
    shift
    curl -s -o /dev/null --path-as-is -w '%{http_code}' "$@" "$url$target"
}

@test "curl fetches files, a directory and a name with a blank, over IPv4 and IPv6" {
    for host in 127.0.0.1 ::1; do
        start_web "$host"
        curl -sS "$url/large" | cmp - "$site/large"
        curl -sS "$url/a%20b.txt?x" | cmp - "$site/a b.txt"
        curl -sSL "$url/sub" | cmp - "$site/sub/index.html"
        [ "$(curl -sSI "$url/1k" | tr -d '\r' | sed -n 's/^Content-Length: //p')" -eq 1024 ]
    done
}

@test "curl keeps one connection for many files, and closes it where it must" {
    start_web
    connects=$(curl -sS -o /dev/null -o /dev/null -o /dev/null -w '%{num_connects} ' \
        "$url/large" "$url/1k" "$url/sub/")
    [ "$connects" = '1 0 0 ' ]
    connects=$(curl -sS --http1.0 -o /dev/null -o /dev/null -w '%{num_connects} ' "$url/1k" "$url/1k")
    [ "$connects" = '1 1 ' ]
    connects=$(curl -sS -H 'Connection: close' -o /dev/null -o /dev/null -w '%{num_connects} ' \
        "$url/1k" "$url/1k")
    [ "$connects" = '1 1 ' ]
}

@test "curl sees the statuses of refusals" {
    start_web
    [ "$(status_of /missing)" = 404 ]
    [[ $(status_of /../secret) == 40[034] ]]
    [[ $(status_of /%2e%2e/secret) == 40[034] ]]
    [[ $(status_of /empty/) == 40[34] ]]
    [ "$(status_of / -X BREW)" = 405 ]
    [ "$(status_of / -d 'GET /1k HTTP/1.1')" = 405 ]
    [ "$(status_of / -T "$site/large")" = 405 ]
    [ "$(status_of / -H "X-Pad: $(printf %09000d 0)")" = 431 ]
}

@test "wrk's 50 connections meet no error" {
    start_web
    wrk -t1 -c50 -d1 "$url/1k" >report
    cat report
    refute grep -E 'Socket errors|Non-2xx' report
    [ "$(sed -n 's/^ *\([0-9]*\) requests in .*/\1/p' report)" -gt 50 ]
}

@test "Chromium shows a page with its style sheet, script and image" {
    browser=$(command -v chromium || command -v chromium-browser) ||
        skip 'no Chromium here (Ubuntu has it as a snap only)'
    start_web
    cat >"$site/page.html" <<'END'
<!DOCTYPE html>
<html><head><meta charset="utf-8"><title>page</title>
<link rel="stylesheet" href="look/style.css"></head>
<body><img id="image" src="look/pixel.png"><p id="text">waits</p>
<script src="look/script.js"></script></body></html>
END
    mkdir -p "$site/look"
    echo '#text { color: rgb(1, 2, 3); }' >"$site/look/style.css"
    cat >"$site/look/script.js" <<'END'
addEventListener("load", () => {
  const text = document.getElementById("text");
  const image = document.getElementById("image");
  text.textContent = getComputedStyle(text).color + " image " + image.naturalWidth;
});
END
    python3 -c '
import struct, sys, zlib
def chunk(kind, data):
    return struct.pack("!I", len(data)) + kind + data + struct.pack("!I", zlib.crc32(kind + data))
sys.stdout.buffer.write(b"\x89PNG\r\n\x1a\n" +
    chunk(b"IHDR", struct.pack("!IIBBBBB", 7, 1, 8, 0, 0, 0, 0)) +
    chunk(b"IDAT", zlib.compress(bytes(8))) + chunk(b"IEND", b""))' >"$site/look/pixel.png"
    HOME=$BATS_TEST_TMPDIR timeout 120 "$browser" --headless --no-sandbox --disable-gpu --disable-quic \
        --no-first-run --disable-background-networking --disable-component-update --disable-sync \
        --user-data-dir="$BATS_TEST_TMPDIR/profile" --enable-logging=stderr --v=0 \
        --dump-dom "$url/page.html" >dom 2>errors 3>&-
    cat dom
    grep -F 'rgb(1, 2, 3) image 7' dom
    refute grep -F CONSOLE errors
}

@test "webget fetches from nginx: by length, in chunks, refusals" {
    site=$BATS_FILE_TMPDIR/site
    port=$(free_port)
    folder=$BATS_TEST_TMPDIR
    { [ "$(id -u)" -ne 0 ] || echo 'user root;'; } >nginx.conf
    cat >>nginx.conf <<END
worker_processes 1;
pid $folder/nginx.pid;
error_log $folder/error.log;
events { worker_connections 64; }
http {
    access_log off;
    client_body_temp_path $folder/t1; proxy_temp_path $folder/t2; fastcgi_temp_path $folder/t3;
    uwsgi_temp_path $folder/t4; scgi_temp_path $folder/t5;
    server {
        listen 127.0.0.1:$port;
        root $site;
        location /chunked/ { alias $site/; gzip on; ssi on; ssi_types *; }
    }
}
END
    "$(PATH=$PATH:/usr/sbin:/sbin command -v nginx)" -p "$folder" -c "$folder/nginx.conf" 3>&-
    read -r pid <nginx.pid # it goes into the background when its port is open
    started+=("$pid")
    get=$BUILD/solutions/11-web/webget
    "$get" "http://localhost:$port/large" | cmp - "$site/large"
    "$get" "http://127.0.0.1:$port/a%20b.txt?x=1" | cmp - "$site/a b.txt"
    curl -sSI -X GET "http://127.0.0.1:$port/chunked/large" | grep -i 'Transfer-Encoding: chunked'
    "$get" "http://127.0.0.1:$port/chunked/large" | cmp - "$site/large"
    run "$get" "http://127.0.0.1:$port/missing"
    [ "$status" -eq 1 ]
    [[ $output == *"404 Not Found"* ]]
    run "$get" "http://127.0.0.1:$port/sub"
    [ "$status" -eq 1 ]
    [[ $output == *"301 Moved"* ]]
}

python_web='
import functools, http.server, sys
class Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = sys.argv[2]
    def log_message(self, *args):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0),
                                         functools.partial(Handler, directory=sys.argv[1]))
print(server.server_port)
server.serve_forever()'

@test "webget fetches from Python's http.server, in HTTP/1.0 and 1.1" {
    site=$BATS_FILE_TMPDIR/site
    get=$BUILD/solutions/11-web/webget
    for version in HTTP/1.0 HTTP/1.1; do
        python_server "$python_web" "$site" "$version"
        "$get" "http://127.0.0.1:$port/large" | cmp - "$site/large"
        "$get" "http://localhost:$port/a%20b.txt" | cmp - "$site/a b.txt"
        "$get" "http://127.0.0.1:$port/sub/" | cmp - "$site/sub/index.html"
        run "$get" "http://127.0.0.1:$port/missing"
        [ "$status" -eq 1 ]
        [[ $output == *" 404 "* ]]
        kill "$PYTHON_PID"
        wait "$PYTHON_PID" || :
    done
}
