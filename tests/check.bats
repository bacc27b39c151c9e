#!/usr/bin/env bats
# check.bats - `make check` on trial: what it says and how it ends, whatever it is given.
#
# Lab 01 stands for all labs; each test grades a tree of its own, made from the solution.

setup() {
    cd "$BATS_TEST_DIRNAME/.."
    . tests/common.bash
    tree=$BATS_TEST_TMPDIR/tree
    result=$BATS_TEST_TMPDIR/result.json
    solved_tree "$tree" 01-socket
}

# status_of PROGRAM...: how the steps ended, "pass fail ..."
statuses() { jq -r '[.labs[0].steps[].status] | join(" ")' "$result"; }
messages() { jq -r '.labs[0].steps[].message' "$result"; }
check_tree() { run make --no-print-directory check DIR="$tree" LAB=01 RESULT="$result" "$@"; }

@test "a tree of right programs passes: exit 0, full points, the tier named" {
    check_tree
    [ "$status" -eq 0 ]
    [[ $output == *"tier"* ]]
    [ "$(jq '.labs[0].score' "$result")" -eq 100 ]
    [ "$(jq -r '.tier' "$result")" = sealed ] || [ "$(jq -r '.tier' "$result")" = cooperative ]
}

@test "the cooperative tier can be forced, and is named" {
    check_tree TIER=cooperative
    [ "$status" -eq 0 ]
    [ "$(jq -r '.tier' "$result")" = cooperative ]
    [[ $output == *"cooperative tier"* ]]
}

@test "an unknown tier is refused with exit 2" {
    check_tree TIER=velvet
    [ "$status" -eq 2 ]
}

@test "a failed step ends the check with exit 1 and is told in full" {
    echo 'int main(void) { return 0; }' >"$tree/01-socket/sockinfo.c"
    check_tree
    [ "$status" -eq 1 ]
    [[ $output == *"expected"* && $output == *"came"* && $output == *"hint"* ]]
    [[ $(statuses) == fail* ]]
}

@test "a program that does not compile costs only its own steps and shows the first error" {
    echo 'int main(void) { return oops; }' >"$tree/01-socket/sockcount.c"
    check_tree
    [ "$status" -eq 1 ]
    [[ $(statuses) == *pass* && $(statuses) == *fail* ]]
    [[ $(messages) == *"sockcount.c:1:"*"oops"* ]]
}

@test "a missing file, an empty one and a folder in its place are named" {
    rm "$tree/01-socket/sockinfo.c"
    check_tree
    [ "$status" -eq 1 ]
    [[ $(messages) == *"sockinfo.c is missing"* ]]
    : >"$tree/01-socket/sockinfo.c"
    check_tree
    [ "$status" -eq 1 ]
    [[ $(messages) == *"sockinfo.c is empty"* ]]
    rm "$tree/01-socket/sockinfo.c"
    mkdir "$tree/01-socket/sockinfo.c"
    check_tree
    [ "$status" -eq 1 ]
    [[ $(messages) == *"sockinfo.c is a folder"* ]]
}

@test "a header that is missing is named" {
    sed -i '1i #include "none_such.h"' "$tree/01-socket/sockinfo.c"
    check_tree
    [ "$status" -eq 1 ]
    [[ $(messages) == *"none_such.h"* ]]
}

@test "a header beside the program is found, and a change in it rebuilds the program" {
    sed -i '1i #include "mine.h"' "$tree/01-socket/sockinfo.c"
    echo '#define MINE 1' >"$tree/01-socket/mine.h"
    check_tree
    [ "$status" -eq 0 ]
    echo '#error changed' >"$tree/01-socket/mine.h"
    check_tree
    [ "$status" -eq 1 ]
    [[ $(messages) == *"changed"* ]]
}

@test "warnings are shown and cost nothing" {
    echo 'static int never_used;' >>"$tree/01-socket/sockinfo.c"
    check_tree
    [ "$status" -eq 0 ]
    [[ $output == *"never_used"* ]]
}

@test "only what changed is built again" {
    check_tree
    before=$(find "$BUILD/trees" "$BUILD/solutions" -type f -perm -u+x -printf '%p %T@\n' | sort)
    check_tree
    after=$(find "$BUILD/trees" "$BUILD/solutions" -type f -perm -u+x -printf '%p %T@\n' | sort)
    [ "$before" = "$after" ]
    echo '/* changed */' >>"$tree/01-socket/sockinfo.c"
    check_tree
    after=$(find "$BUILD/trees" "$BUILD/solutions" -type f -perm -u+x -printf '%p %T@\n' | sort)
    [ "$(diff <(echo "$before") <(echo "$after") | grep -c '^>')" -eq 1 ]
}

@test "steps start while programs are being built, and wait for what is new" {
    check_tree
    echo 'int main(void) { return 0; }' >"$tree/01-socket/sockinfo.c"
    # A compiler that builds the changed program only when a step has started.
    export CHANGED=$tree/01-socket/sockinfo.c
    cat >"$BATS_TEST_TMPDIR/slow-cc" <<'END'
#!/bin/bash
case $* in
*"$CHANGED"*)
    for ((i = 0; i < 4000; i++)); do
        [ -z "$(ls -A "$BUILD"/scratch/*/01-socket-1/log 2>/dev/null)" ] || exec cc "$@"
        read -rt 0.005 <> <(:) || :
    done
    exit 1
    ;;
esac
exec cc "$@"
END
    chmod +x "$BATS_TEST_TMPDIR/slow-cc"
    check_tree CC="$BATS_TEST_TMPDIR/slow-cc"
    [ "$status" -eq 1 ]
    [[ $(messages) != *"compile"* ]]
    [[ $(statuses) == fail* ]]
    [ -z "$(find "$BUILD/trees" "$BUILD/solutions" -name '*.building' -newer "$BATS_TEST_TMPDIR/slow-cc")" ]
}

@test "a source that is the reference's, to the last byte, is not compiled again; another one is" {
    run make check DIR=solutions LAB=04
    local copy=$BATS_TEST_TMPDIR/copy
    mkdir "$copy"
    cp -r solutions/04-accept "$copy/"
    echo '/* changed */' >>"$copy/04-accept/timeclient.c"
    printf '#!/bin/sh\necho "$@" >>"%s/compiled"\nexec cc "$@"\n' "$BATS_TEST_TMPDIR" >"$BATS_TEST_TMPDIR/noting-cc"
    chmod +x "$BATS_TEST_TMPDIR/noting-cc"
    run make check DIR=solutions LAB=04 CC="$BATS_TEST_TMPDIR/noting-cc"
    : >"$BATS_TEST_TMPDIR/compiled"
    run make check DIR="$copy" LAB=04 CC="$BATS_TEST_TMPDIR/noting-cc"
    [ "$status" -eq 0 ]
    cat "$BATS_TEST_TMPDIR/compiled"
    [ "$(grep -o "$copy/[^ ]*" "$BATS_TEST_TMPDIR/compiled")" = "$copy/04-accept/timeclient.c" ]
    run make check DIR=solutions LAB=04 # with the usual compiler, as it was
}

@test "a builder that is killed makes exit 2, never a verdict on what was built before" {
    check_tree
    echo 'int main(void) { return 0; }' >"$tree/01-socket/sockinfo.c"
    cat >"$BATS_TEST_TMPDIR/deadly-cc" <<'END'
#!/bin/bash
case $* in */sockinfo.c*) kill -9 "$PPID" ;; *) exec cc "$@" ;; esac
END
    chmod +x "$BATS_TEST_TMPDIR/deadly-cc"
    check_tree CC="$BATS_TEST_TMPDIR/deadly-cc"
    [ "$status" -eq 2 ]
    [[ $output == *"ended by force"* ]]
    [[ $output != *"100/100"* ]]
}

kept_steps() { jq -r '[.labs[0].steps[] | select(.kept) | .step] | join(" ")' "$result"; }

@test "after an edit, what passed and ran nothing that changed is kept, and said to be" {
    check_tree
    [ -z "$(kept_steps)" ]
    echo '/* an edit */' >>"$tree/01-socket/sockcount.c"
    check_tree
    [ "$status" -eq 0 ]
    [ "$(kept_steps)" = "1 2 3 4" ]
    [[ $output == *"kept from the last check"*": steps 1, 2, 3, 4"* ]]
    # another edit, now a bad one: what was kept stays so, and the fault is found
    sed -i 's/int main/int oops(void) { return none; }\n&/' "$tree/01-socket/sockcount.c"
    check_tree
    [ "$status" -eq 1 ]
    [ "$(kept_steps)" = "1 2 3 4" ]
    [[ $(statuses) == "pass pass pass pass fail"* ]]
}

@test "to check again without an edit is to check everything" {
    check_tree
    check_tree
    [ "$status" -eq 0 ]
    [ -z "$(kept_steps)" ]
    [[ $output != *"kept from"* ]]
}

@test "a step that failed is performed again, and those that build on it are blocked, kept or not" {
    echo 'int main(void) { return 0; }' >"$tree/01-socket/sockinfo.c"
    check_tree
    echo '/* an edit */' >>"$tree/01-socket/sockcount.c"
    check_tree
    [ "$(kept_steps)" = "" ]
    [[ $(statuses) == "fail blocked blocked blocked pass"* ]]
    # lab 05: step 6 runs msgserver only, and builds on step 2, which runs echoserver
    solved_tree "$tree" 05-stream
    DIR=$tree LAB=05 RESULT=$result "$BUILD/bin/plumb" check
    echo 'int main(void) { return 0; }' >"$tree/05-stream/echoserver.c"
    DIR=$tree LAB=05 RESULT=$result run "$BUILD/bin/plumb" check
    [ "$(kept_steps)" = "4 5" ]
    [ "$(statuses)" = "fail blocked blocked pass pass blocked blocked" ]
}

@test "nothing is kept when anything but a program of the tree has changed" {
    sources=$BATS_TEST_TMPDIR/sources
    mkdir -p "$sources/build"
    cp -r Makefile harness solutions tests "$sources/"
    cp -r "$BUILD"/{bin,judge,probe,steps} "$sources/build/"
    check() { # SETTING=VALUE...
        (cd "$sources" && env BUILD="$sources/build" DIR="$tree" LAB=01 RESULT="$result" "$@" build/bin/plumb check) \
            >"$BATS_TEST_TMPDIR/log" || { cat "$BATS_TEST_TMPDIR/log" && false; }
    }
    edit() { echo '/* an edit */' >>"$tree/01-socket/sockcount.c"; }
    settled() { check A=1 && edit && check A=1 && [ "$(kept_steps)" = "1 2 3 4" ] && edit; }
    for setting in TIER=cooperative CC=clang PROBE=no ACCUSE=1; do
        settled
        check $setting
        [ -z "$(kept_steps)" ]
    done
    for file in build/bin/plumb build/steps/01-socket build/probe/libprobe.so solutions/01-socket/sockinfo.c; do
        settled
        touch "$sources/$file"
        check A=1
        [ -z "$(kept_steps)" ]
    done
    settled
    echo '/* an edit */' >>"$tree/01-socket/sockinfo.c"
    check A=1
    [ -z "$(kept_steps)" ]
}

@test "STEP grades one step and those that it builds on, and remembers nothing" {
    run make check DIR="$tree" LAB=01 STEP=3 RESULT="$result"
    [ "$status" -eq 0 ]
    [ "$(jq -c '[.labs[0].steps[].step]' "$result")" = '[1,2,3]' ]
    run make check DIR="$tree" LAB=01 STEP=5 RESULT="$result"
    [ "$(jq -c '[.labs[0].steps[].step]' "$result")" = '[5]' ]
    for bad in 77 0 x 3x; do
        run make check DIR="$tree" LAB=01 STEP=$bad
        [ "$status" -eq 2 ]
        [[ $output == *"no step \"$bad\""* ]]
    done
    run make check DIR="$tree" STEP=3
    [ "$status" -eq 0 ] # this tree has one lab
}

@test "an unknown lab and a missing tree are refused with exit 2" {
    run make check LAB=77
    [ "$status" -eq 2 ]
    [[ $output == *"77"* ]]
    run make check DIR="$BATS_TEST_TMPDIR/none"
    [ "$status" -eq 2 ]
    [[ $output == *"none"* ]]
}

@test "a tree that holds only some labs is graded for these" {
    run make check DIR="$tree" RESULT="$result"
    [ "$status" -eq 0 ]
    [ "$(jq -r '[.labs[].lab] | join(" ")' "$result")" = 01-socket ]
}

@test "result.json is valid UTF-8 and JSON whatever a program prints" {
    cat >"$tree/01-socket/sockinfo.c" <<'END'
#include <stdio.h>
int main(void) { fputs("\xff\xfe\"\\\x01\n}{", stdout); fputs("\xc3\x28", stderr); return 0; }
END
    check_tree
    [ "$status" -eq 1 ]
    jq -e '.version == 1' "$result"
    iconv -f UTF-8 -t UTF-8 "$result" >/dev/null
}

@test "a result that cannot be written makes exit 2" {
    run make check DIR="$tree" LAB=01 RESULT="$BATS_TEST_TMPDIR/none/result.json"
    [ "$status" -eq 2 ]
}

@test "inside a lab's folder, plain make check is that lab" {
    run make --no-print-directory -C labs/01-socket DIR="$tree" RESULT="$result"
    [ "$status" -eq 0 ]
    [ "$(jq -r '[.labs[].lab] | join(" ")' "$result")" = 01-socket ]
    echo 'int main(void) { return 0; }' >"$tree/01-socket/sockinfo.c"
    run make --no-print-directory -C labs/01-socket check DIR="$tree"
    [ "$status" -eq 1 ]
}

@test "no color in a pipe, and plain ASCII where the locale is not UTF-8" {
    echo 'int main(void) { return 0; }' >"$tree/01-socket/sockinfo.c"
    run env LC_ALL=C make check DIR="$tree" LAB=01
    [ "$status" -eq 1 ]
    ! LC_ALL=C grep -q $'[\x80-\xff]\|\033' <<<"$output"
}

@test "paths with spaces: checkout, tree, build folder and result" {
    copy="$BATS_TEST_TMPDIR/a copy"
    mkdir "$copy"
    cp -r Makefile harness labs solutions tests "$copy/"
    cp -r "$tree" "$copy/my tree"
    run make -C "$copy" check DIR="my tree" LAB=01 RESULT="$BATS_TEST_TMPDIR/a result" \
        BUILD="$BATS_TEST_TMPDIR/a build"
    [ "$status" -eq 0 ]
    jq -e '.labs[0].score == 100' "$BATS_TEST_TMPDIR/a result"
}

@test "a read-only checkout is graded with BUILD elsewhere" {
    copy=$BATS_TEST_TMPDIR/frozen
    mkdir "$copy"
    cp -r Makefile harness labs solutions tests "$copy/"
    as=()
    if [ "$(id -u)" -eq 0 ]; then # root may write anywhere
        as=(setpriv --reuid 65534 --regid 65534 --clear-groups)
        chmod a+rx "$BATS_TEST_TMPDIR" "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR"/* || true
    fi
    chmod -R a-w,a+rX "$copy"
    mkdir -m 777 "$BATS_TEST_TMPDIR/build"
    run "${as[@]}" make -C "$copy" check LAB=01 DIR=solutions BUILD="$BATS_TEST_TMPDIR/build"
    chmod -R u+w "$copy"
    [ "$status" -eq 0 ]
}

@test "make -j8, and two checks at the same time" {
    make -j8 check DIR="$tree" LAB=01 RESULT="$BATS_TEST_TMPDIR/1.json" >"$BATS_TEST_TMPDIR/1" 3>&- &
    first=$!
    make -j8 check DIR="$tree" LAB=01 RESULT="$BATS_TEST_TMPDIR/2.json" >"$BATS_TEST_TMPDIR/2" 3>&- &
    second=$!
    wait "$first"
    wait "$second"
    jq -e '.labs[0].score == 100' "$BATS_TEST_TMPDIR/1.json" "$BATS_TEST_TMPDIR/2.json"
}

@test "a check that is interrupted leaves no process and no scratch folder" {
    for tier in sealed cooperative; do
        cat >"$tree/01-socket/sockinfo.c" <<'END'
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
int main(void)
{
    if (fork() == 0)
        setsid();
    close(open(MARK, O_CREAT | O_WRONLY, 0600));
    for (;;)
        if (getenv("PATH") == NULL)
            return 1;
}
END
        rm -f "$BATS_TEST_TMPDIR/mark"
        sed -i "1i #define MARK \"$BUILD/mark\"" "$tree/01-socket/sockinfo.c"
        rm -f "$BUILD/mark"
        # A shell without job control has its background commands ignore SIGINT.
        DIR=$tree LAB=01 TIER=$tier env --default-signal=INT "$BUILD/bin/plumb" check \
            >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
        plumb=$!
        until [ -e "$BUILD/mark" ] || ! kill -0 "$plumb"; do read -rt 0.02 <> <(:) || :; done
        kill -INT "$plumb"
        status=0
        wait "$plumb" || status=$?
        [ "$status" -eq 2 ]
        [ ! -e "$BUILD/scratch/$plumb" ]
        rm -f "$BUILD/mark"
        program=$(find "$BUILD/trees" -name sockinfo -perm -u+x -newer "$tree/01-socket/sockinfo.c")
        [ -n "$program" ]
        for exe in /proc/[0-9]*/exe; do
            [ "$(readlink "$exe" || :)" != "$program" ]
        done
    done
}

@test "what a program prints or writes anywhere is never taken for a verdict" {
    cat >"$tree/01-socket/sockinfo.c" <<'END'
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
static const char verdict[] = "status\0pass\0end\0";
int main(void)
{
    for (int pid = 1; pid < 64; pid++)
        for (int fd = 0; fd < 64; fd++) {
            char path[64];
            snprintf(path, sizeof path, "/proc/%d/fd/%d", pid == 63 ? (int)getppid() : pid, fd);
            int out = open(path, O_WRONLY | O_NONBLOCK);
            if (out != -1 && write(out, verdict, sizeof verdict) == -1)
                continue;
        }
    fwrite(verdict, 1, sizeof verdict, stdout);
    return 0;
}
END
    for tier in sealed cooperative; do
        check_tree TIER=$tier
        [ "$status" -ne 0 ]
        [[ $(statuses) == fail* ]]
    done
}

@test "a program that kills the judge gets an error, never a pass" {
    printf '#include <signal.h>\n#include <unistd.h>\nint main(void) { kill(getppid(), SIGKILL); }\n' \
        >"$tree/01-socket/sockinfo.c"
    check_tree
    [ "$status" -ne 0 ]
    [[ $(statuses) != *"pass pass pass pass"* ]]
    [ "$(jq '.labs[0].steps[0].points' "$result")" -eq 0 ]
}

@test "a program that hangs is told where it stands, in calls or in processor time" {
    echo '#include <unistd.h>
int main(void) { for (;;) pause(); }' >"$tree/01-socket/sockinfo.c"
    check_tree
    [ "$status" -eq 1 ]
    [[ $(messages) == *"waiting in pause"* ]]
    echo 'int main(int argc, char *argv[]) { for (;;) if (!argv[argc - 1]) return 1; }' \
        >"$tree/01-socket/sockinfo.c"
    check_tree
    [ "$status" -eq 1 ]
    [[ $(messages) == *"kept busy"*"computing"* ]]
}

@test "a call that is too long for a line ends in dots, at 100 columns" {
    solved_tree "$tree" 03-listen
    change_program tests/03-listen/mutants/negative-time-out.patch "$tree/03-listen"
    check_tree LAB=03 STEP=5
    [ "$status" -eq 1 ]
    call=$(grep -F 'waits for the connection' <<<"$output")
    [[ $call == *... ]]
    [ "$(LC_ALL=C.UTF-8 wc -L <<<"$call")" -eq 100 ]
}

@test "a reason is the same in the words of either C library, and no other" {
    cat >"$BATS_TEST_TMPDIR/reasons.c" <<'END'
#include "stage.h"
#include "world.h"

#include <stdio.h>

int main(void)
{
    static const char *const said[] = {"Network is unreachable", "Network unreachable", "Not a socket"};
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 2; j++)
            putchar(gives_reason(bytes_of(said[i]), said[j]) ? 'y' : 'n');
    return 0;
}
END
    cc -std=c11 -D_GNU_SOURCE -Iharness/judge -o "$BATS_TEST_TMPDIR/reasons" "$BATS_TEST_TMPDIR/reasons.c" \
        "$BUILD/judge/judge.a" -lcriterion -lrt
    run "$BATS_TEST_TMPDIR/reasons"
    [ "$output" = yyyynn ]
}

@test "a right program passes also where the kernel tells nothing of what connections hold" {
    own=$BATS_TEST_TMPDIR/build step=steps/09-concurrent
    mkdir "$own"
    cp -a "$BUILD"/bin "$BUILD"/judge "$BUILD"/probe "$BUILD"/steps "$BUILD"/src "$own"
    echo 'int __wrap_tcp_queues(void); int __wrap_tcp_queues(void) { return 0; }' >"$own/silent.c"
    cc -o "$own/$step" "$BUILD/$step.o" "$own/silent.c" "$own/judge/judge.a" -lcriterion -lrt \
        -Wl,--wrap=tcp_queues -Wl,--disable-new-dtags,-rpath,"$own/judge/light"
    BUILD=$own DIR=solutions LAB=09 STEP=4 run "$own/bin/plumb" check
    echo "$output"
    [ "$status" -eq 0 ]
}

# ends_slowly: the tree's timeserver calls end_slowly(SIGTERM), which is read from standard input.
ends_slowly() {
    local server=$tree/04-accept/timeserver.c
    solved_tree "$tree" 04-accept
    cat - "$server" >"$server.slow"
    sed '/^int main/,$s/^{$/{\n    signal(SIGTERM, end_slowly);/' "$server.slow" >"$server"
    rm "$server.slow"
}

@test "a program that waits for a processor has more time than one that has it" {
    # At SIGTERM this server has work to do, 400 ms of it: beside twelve loops that takes five seconds.
    # They stand in sessions of their own, between which the kernel may share (sched(7), autogroup).
    processor=$(taskset -pc $$ | sed 's/.*: \([0-9]*\).*/\1/') loops=()
    { echo "#define PROCESSOR $processor" && cat; } <<'END' | ends_slowly
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>
static void end_slowly(int number)
{
    struct timespec used = {0};
    int fd = open("/dev/null", O_WRONLY);
    cpu_set_t processor;
    CPU_ZERO(&processor);
    CPU_SET(PROCESSOR, &processor);
    sched_setaffinity(0, sizeof processor, &processor);
    while (used.tv_nsec < 400000000 && write(fd, "", 1) == 1)
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    _exit(number == SIGTERM ? 0 : 1);
}
END
    for _ in {1..12}; do
        setsid taskset -c "$processor" timeout 100 sh -c 'while :; do :; done' 3>&- &
        loops+=($!)
    done
    DIR=$tree LAB=04 STEP=3 RESULT=$result run "$BUILD/bin/plumb" check
    kill "${loops[@]}"
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "time in which a program waits for the kernel is not its own" {
    # Who has called vfork() looks in /proc like a program that waits for a lock of the kernel's.
    ends_slowly <<'END'
#include <poll.h>
#include <signal.h>
#include <unistd.h>
static void end_slowly(int number)
{
    if (vfork() == 0) {
        poll(NULL, 0, 4500);
        _exit(0);
    }
    _exit(number == SIGTERM ? 0 : 1);
}
END
    DIR=$tree LAB=04 STEP=3 RESULT=$result run "$BUILD/bin/plumb" check
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "a memory error is a failure that shows the student's line" {
    if ! grep -q fsanitize "$BUILD"/flags-cc; then return 0; fi
    cat >"$tree/01-socket/sockinfo.c" <<'END'
#include <stdlib.h>
int main(int argc, char *argv[])
{
    char *gone = malloc(2);
    free(gone);
    return gone[argc - 1] + argv[0][0];
}
END
    check_tree
    [ "$status" -eq 1 ]
    [[ $(messages) == *"heap-use-after-free"*"sockinfo.c:6"* ]]
}

@test "next names file and line, hints get stronger, progress shows every lab" {
    copy=$BATS_TEST_TMPDIR/copy
    mkdir "$copy"
    cp -r Makefile harness labs solutions tests "$copy/"
    rm -rf "$copy"/labs/01-socket/*.c
    for source in solutions/01-socket/*.c; do
        harness/skeleton "$source" >"$copy/labs/01-socket/$(basename "$source")"
    done
    export BUILD=$copy/build # what was hinted is remembered there
    run make --no-print-directory -C "$copy" next LAB=01
    [ "$status" -eq 0 ]
    [[ $output =~ labs/01-socket/[a-z]+\.c:[0-9]+: ]]
    run make --no-print-directory -C "$copy" hint LAB=01 STEP=1
    [ "$(grep -c '^  [123]  ' <<<"$output")" -eq 1 ]
    run make --no-print-directory -C "$copy" hint LAB=01 STEP=1
    [ "$(grep -c '^  [123]  ' <<<"$output")" -eq 2 ]
    run make --no-print-directory -C "$copy" progress LAB=01
    [ "$status" -eq 0 ]
    [[ $output == *"01-socket"*"/100"* ]]
}
