#!/usr/bin/env bats
# peers-pipes.bats - lab 07's reference programs beside what every system has: the shell's own
# pipelines, and other programs as writers into a FIFO.

load peers.bash

setup_file() { peers_setup_file 07; }

setup() {
    cd "$BATS_TEST_DIRNAME/.."
    . tests/common.bash
    PATH=$BUILD/solutions/07-pipes:$PATH
    cd "$BATS_TEST_TMPDIR"
    started=()
    printf '#!/nonexistent/interpreter\n' >odd
    chmod +x odd
    echo text >unexecutable
}

# same_as_bash WORD...: pipeline and bash print the same and end with the same code.
same_as_bash() {
    local code=0 wanted=0 line=
    for word in "$@"; do
        if [ "$word" = : ]; then line+=' |'; else line+=" $(printf %q "$word")"; fi
    done
    printf 'c\na\nb\n' | pipeline "$@" >came 2>/dev/null || code=$?
    printf 'c\na\nb\n' | bash -c "$line" >wanted 2>/dev/null || wanted=$?
    if [ "$code" -ne "$wanted" ] || ! cmp came wanted; then
        echo "$line: exit code $code, bash's $wanted"
        return 1
    fi
}

@test "pipeline prints and ends as bash's own pipelines do" {
    same_as_bash cat
    same_as_bash sort : head -n 1
    same_as_bash seq 100000 : tail -n 3 : tac
    same_as_bash yes : head -n 2
    same_as_bash false : true
    same_as_bash true : false
    same_as_bash sh -c 'exit 7'
    same_as_bash cat : sh -c 'kill -TERM $$'
    same_as_bash sh -c 'kill -KILL $$' : cat
    same_as_bash no-such-program
    same_as_bash ./unexecutable
    same_as_bash cat : no-such-program : cat
    same_as_bash echo 'a  b' '*' "it's" ''
    same_as_bash yes : cat : cat : cat : cat : cat : head -c 300000
}

@test "an interpreter that is missing makes 127, as the system call says (bash says 126)" {
    code=0
    pipeline ./odd || code=$?
    [ "$code" -eq 127 ]
}

@test "filter copies what gzip, tr and sort make of megabytes, as a pipe between them does" {
    head -c 4000000 /dev/urandom | base64 >sent
    for command in 'gzip -n' 'tr a-z A-Z' sort 'head -n 3' 'wc -c'; do
        # shellcheck disable=SC2086 # words on purpose
        filter $command <sent >came 2>counts
        cat sent | $command | cmp - came
        [[ $(cat counts) == "in="*" out=$(stat -c %s came)" ]]
    done
}

@test "bash, dd, socat and Python write lines into fifolog's FIFO" {
    mkfifo out
    fifolog log >out 3>&- &
    started+=("$!")
    exec 7<out
    read -r -t 20 line <&7
    [ "$line" = ready ]
    echo 'from bash' >log
    printf 'from dd\n' | dd of=log 2>/dev/null
    echo 'from socat' | socat -u - OPEN:log,wronly
    python3 -c '
with open("log", "wb", buffering=0) as fifo:
    fifo.write(b"from ")
    fifo.write(b"Python\nand again\n")'
    printf 'half a ' >log
    echo line >log
    echo quit >log
    for wanted in 'from bash' 'from dd' 'from socat' 'from Python' 'and again' 'half a line'; do
        IFS= read -r -t 20 line <&7
        [ "$line" = "$wanted" ]
    done
    wait "${started[0]}"
    started=()
    [ ! -e log ]
}
