#!/usr/bin/env bats
# causes.bats - each row of the table of causes is shown to speak on a planted mistake.

setup_file() {
    cd "$BATS_TEST_DIRNAME/.."
    . tests/common.bash
    shared=$BATS_FILE_TMPDIR
    export shared
    cc -std=c11 -D_GNU_SOURCE -O1 -g -Iharness/judge -o "$shared/transcript" \
        tests/probe/transcript.c "$BUILD/judge/judge.a" -lcriterion -lrt
    mkdir "$shared/bin"
    cc -w -g -O1 -pthread -o "$shared/bin/mistakes" tests/probe/mistakes.c -lrt
}

setup() {
    cd "$BATS_TEST_DIRNAME/.."
    . tests/common.bash
    home=$BATS_TEST_TMPDIR/home
}

# cause MISTAKE: what the table says of it.
cause() {
    rm -rf "$home" "$home".probe.*
    mkdir -p "$home/files"
    local symptom=()
    case $1 in # some rows ask what was expected, and what came
    errno_overwritten)
        symptom=('EXPECTED="No such file or directory" on standard error'
            'CAME="open: Bad file descriptor\n"')
        ;;
    reason_on_stdout)
        symptom=('EXPECTED="No such file or directory" on standard error' CAME=nothing)
        ;;
    failure_unheeded) symptom=('EXPECTED=exit code 1' 'CAME=exit code 0') ;;
    failure_told) symptom=('EXPECTED=exit code 1' 'CAME=exit code 0, saying "no such file"') ;;
    esac
    (cd "$home/files" && PLUMBLINE_PROGRAMS=$shared/bin PLUMBLINE_SCRATCH=$home/files \
        PLUMBLINE_PROBE=$BUILD/probe/libprobe.so \
        env "${symptom[@]}" "$shared/transcript" mistakes "$@" 3>"$home/calls" >/dev/null 2>&1) || true
    sed -n 's/^cause: //p' "$home/calls"
}

@test "every row of the table of causes names the mistake that it stands for" {
    while read -r mistake says; do
        said=$(cause "$mistake" 10989)
        grep -qE -- "$says" <<<"$said" || {
            echo "$mistake: $said"
            missed=1
        }
    done <<'END'
port_swapped 60714, which is 10989 with its two bytes swapped
loopback_swapped INADDR_LOOPBACK needs htonl
address_is_pointer size of a pointer
family_unset family 0
never_listened call listen\(\) first
length_unset room for 0 bytes of address
talks_to_door on the listening socket
accept_was_fatal failed accept\(\) \(EMFILE\) ended the program
first_address_only no other was tried
reuse_after_bind set after bind
no_reuse TIME_WAIT
bound_then_closed it has its address only as long as it is open
failure_as_count length of -1
asks_for_nothing asked for 0 bytes
end_of_file_unseen returned 0, which is the end of file
spins_for_descriptors \(EMFILE\): wait a moment
spins_on_eagain EAGAIN again and again
spins_without_waiting time-out of 0 does not wait
spins_on_pollout ready and not used
killed_by_sigpipe raises SIGPIPE
rest_not_sent the other [0-9]+ were never sent
sent_from_the_start all of them were sent again
interrupt_was_fatal \(EINTR\), which is no failure
closed_before was closed before, at mistakes.c:[0-9]+
failed_before given descriptor -1
no_socket standard input is no socket
not_flushed fflush
child_goes_on second parent
child_accepts goes on to accept
write_end_open cat reads from a pipe whose write end is still open, as descriptor 4 in mistakes
waits_before_reading cat is waited for while it waits for room
fifo_waits O_NONBLOCK \(to read\)
end_never_told SHUT_WR
client_kept_open connection is still open as descriptor
dup2_swapped copies from the left to the right
writes_while_it_writes reads nothing meanwhile
not_all_waited_for started 2 processes and waited for 1
no_child_left collect only while it returns more than 0
buffer_too_small mq_msgsize
message_too_long more than a message of this queue
datagram_too_long more than a datagram can hold
priority_too_high priority 32768
name_without_slash begins with a slash: /name
queue_too_long room for 1000000 messages
type_not_positive must be positive
text_too_long 9000 bytes
room_too_small room for 10 bytes
queue_removed the queue was removed
errno_overwritten open\(\) failed with ENOENT, and then close\(\) with EBADF
reason_on_stdout is told on standard error
failure_unheeded open\(\) failed with ENOENT at mistakes.c:[0-9]+, and the exit code is 0
failure_told The failure was told
END
    [ -z "${missed:-}" ]
}

@test "a program without a mistake is accused of none" {
    for right in none reads_until_eagain child_takes_clients; do
        [ "$(cause "$right")" = none ] || { echo "$right: $(cause "$right")" && false; }
    done
}

@test "what is missing from a transcript that lost records is no evidence" {
    for mistake in never_listened first_address_only no_reuse bound_then_closed child_accepts \
        write_end_open waits_before_reading end_never_told client_kept_open not_all_waited_for; do
        grep -qvxE 'none|If it was printed: .*' <<<"$(cause "$mistake" 0 1)" || echo "$mistake: untold"
        said=$(cause "$mistake" 0 9000)
        grep -qxE 'none|If it was printed: .*' <<<"$said" || echo "$mistake: $said"
        grep -qE ', 0 lost$' "$home/calls" && echo "$mistake: nothing was lost"
    done >"$BATS_TEST_TMPDIR/wrong"
    [ ! -s "$BATS_TEST_TMPDIR/wrong" ] || { cat "$BATS_TEST_TMPDIR/wrong" && false; }
}

@test "no row stands in the table without a mistake that proves it" {
    for row in $(sed -n 's/^    {\([a-z_0-9]*\), ".*/\1/p' harness/judge/causes.c); do
        case $row in
        spins) row=spins_on_eagain ;;
        bad_descriptor) row=closed_before ;;
        esac
        grep -q "MISTAKE($row)" tests/probe/mistakes.c || echo "$row"
    done >"$BATS_TEST_TMPDIR/unproven"
    [ ! -s "$BATS_TEST_TMPDIR/unproven" ] || { cat "$BATS_TEST_TMPDIR/unproven" && false; }
}
