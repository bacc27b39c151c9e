#!/usr/bin/env bats
# setup.bats - harness/setup and harness/doctor on trial, on machines that are made up.
#
# A machine is a PATH of links and stubs ($bin) and a root with the few system files that matter
# ($machine); what the stubs were called with is in $log. Stubs of package managers "install" what
# `make check` needs.

setup() {
    cd "$BATS_TEST_DIRNAME/.."
    bin=$BATS_TEST_TMPDIR/bin machine=$BATS_TEST_TMPDIR/machine log=$BATS_TEST_TMPDIR/log
    mkdir -p "$bin" "$machine/etc" "$machine/var/lib/apt/lists"
    : >"$machine/etc/hosts"
    : >"$log"
    have sh bash env sed
    user 0
    export log machine bin
}

# have COMMAND...: the machine has these, as this one does.
have() {
    local command
    for command; do ln -sf "$(type -P "$command")" "$bin/$command"; done
}

# stub COMMAND SCRIPT: the machine has a command that logs how it is called and runs a script.
stub() {
    rm -f "$bin/$1"
    printf '#!/bin/sh\necho "%s $*" >>"$log"\n%s\n' "$1" "$2" >"$bin/$1"
    chmod +x "$bin/$1"
}

user() { stub id "echo $1"; }

# What a package manager leaves behind.
arrive='
    PATH=/usr/bin:/bin
    mkdir -p "$machine/usr/include/criterion" "$machine/usr/lib" "$machine/etc"
    touch "$machine/etc/hosts"
    touch "$machine/usr/include/stdio.h" "$machine/usr/include/criterion/criterion.h"
    touch "$machine/usr/lib/libcriterion.so"
    printf "#!/bin/sh\necho cc >>\"\$log\"\n" >"$bin/cc"
    chmod +x "$bin/cc"'
apt_get="if [ \"\$1\" = install ]; then $arrive; fi"

fresh_lists() { : >"$machine/var/lib/apt/lists/any_Packages"; }

on_machine() { env PATH="$bin" SETUP_ROOT="$machine" "$@"; }

# set_up COMMAND: runs setup without a terminal. $output is what it said, $calls what it ran.
set_up() {
    run on_machine harness/setup "$@" </dev/null
    calls=$(grep -v '^id ' "$log" || :)
}

never_called() { if grep "^$1" "$log"; then return 1; fi; }

# at_terminal ANSWER COMMAND...: the same on a terminal where somebody types ANSWER and Enter.
at_terminal() {
    run env PATH="$PATH" python3 -c '
import os, pty, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
os.write(terminal, sys.argv[1].encode() + b"\n")
try:
    while data := os.read(terminal, 4096):
        os.write(1, data)
except OSError: # how Linux tells that the other end has gone
    pass
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))' "$@"
    calls=$(grep -v '^id ' "$log" || :)
}

@test "with nothing missing, setup says nothing and starts no process" {
    on_machine env PATH=/usr/bin:/bin sh -c "$arrive"
    rm -f "$bin/id" "$bin/sed"
    set_up check
    [ "$status" -eq 0 ]
    [ -z "$output" ]
    [ -z "$calls" ]
}

@test "an argument that setup does not know is refused with exit 2" {
    set_up everything
    [ "$status" -eq 2 ]
    [[ $output == usage:* ]]
    set_up
    [ "$status" -eq 2 ]
}

@test "root without a terminal: the command is shown and run, no question asked" {
    stub apt-get "$apt_get"
    fresh_lists
    set_up check
    [ "$status" -eq 0 ]
    command='apt-get install -y --no-install-recommends gcc libc6-dev libcriterion-dev'
    [ "$calls" = "$command" ]
    [[ $output == *"    env DEBIAN_FRONTEND=noninteractive $command"* ]]
    [[ $output != *"[Y/n]"* ]]
}

@test "only what is missing is installed" {
    stub apt-get "$apt_get"
    fresh_lists
    have cc
    mkdir -p "$machine/usr/include"
    : >"$machine/usr/include/stdio.h"
    stub cc 'exit 1'
    set_up check
    [ "$status" -eq 0 ]
    [[ $output == *"lacks Criterion"* ]]
    [ "$(grep apt-get "$log")" = 'apt-get install -y --no-install-recommends libcriterion-dev' ]
}

@test "a machine without /etc/hosts, where localhost is no name, gets it" {
    on_machine env PATH=/usr/bin:/bin sh -c "$arrive"
    rm "$machine/etc/hosts"
    stub apt-get "$apt_get"
    fresh_lists
    set_up check
    [ "$status" -eq 0 ]
    [[ $output == *"localhost"* ]]
    [ "$calls" = 'apt-get install -y --no-install-recommends netbase' ]
}

@test "Criterion is found wherever the compiler finds it" {
    on_machine env PATH=/usr/bin:/bin sh -c "$arrive"
    rm -r "$machine/usr/include/criterion"
    stub cc 'case $* in *print-file-name*) echo /opt/lib/libcriterion.so ;; esac'
    set_up check
    [ "$status" -eq 0 ]
    [ -z "$output" ]
    stub cc 'case $* in *print-file-name*) echo libcriterion.so ;; esac'
    set_up check
    [ "$status" -eq 2 ]
}

@test "what a package manager prints is kept out of standard output" {
    stub apt-get "echo Unpacking; $apt_get"
    on_machine harness/setup check >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" </dev/null
    [ ! -s "$BATS_TEST_TMPDIR/out" ]
    grep -qx Unpacking "$BATS_TEST_TMPDIR/err"
}

@test "packages are kept from asking questions" {
    stub apt-get "echo \"frontend \$DEBIAN_FRONTEND\" >>\"\$log\"; $apt_get"
    fresh_lists
    set_up check
    [[ $calls == *"frontend noninteractive"* ]]
}

@test "empty lists of packages are filled first" {
    stub apt-get "$apt_get"
    set_up check
    [ "$status" -eq 0 ]
    [ "$(sed -n 1p <<<"$calls")" = 'apt-get update' ]
    [[ $(sed -n 2p <<<"$calls") == 'apt-get install'* ]]
    [[ $output == *"    apt-get update"* ]]
}

@test "old lists of packages: an install that fails is done again with new ones" {
    stub apt-get "
        if [ \"\$1\" = update ]; then touch \"\$bin/updated\"; exit; fi 2>/dev/null
        [ -e \"\$bin/updated\" ] || exit 100
        $apt_get"
    have touch
    fresh_lists
    set_up check
    [ "$status" -eq 0 ]
    [ "$(cut -d' ' -f2 <<<"$calls" | paste -sd' ')" = 'install update install' ]
}

@test "an install that fails for good ends with exit 2 and says so" {
    stub apt-get 'echo "E: the disk is full" >&2; exit 100'
    set_up check
    [ "$status" -eq 2 ]
    [[ $output == *"the disk is full"* ]]
    [[ ${lines[-1]} == "setup: "*"apt-get update"*"failed"* ]]
    stub apt-get '[ "$1" = update ]'
    set_up check
    [ "$status" -eq 2 ]
    [[ ${lines[-1]} == "setup: "*"apt-get install"*"failed"* ]]
    fresh_lists
    set_up check
    [ "$status" -eq 2 ]
    [[ ${lines[-1]} == "setup: "*"apt-get install"*"failed"* ]]
}

@test "an install that brings nothing is noticed" {
    stub apt-get ''
    set_up check
    [ "$status" -eq 2 ]
    [[ ${lines[-1]} == *"still missing"*"Criterion"* ]]
}

@test "an ordinary user without sudo gets one line with the command for an administrator" {
    user 1000
    stub apt-get "$apt_get"
    fresh_lists
    on_machine harness/setup check >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || code=$?
    [ "$code" -eq 2 ]
    [ ! -s "$BATS_TEST_TMPDIR/out" ]
    [ "$(wc -l <"$BATS_TEST_TMPDIR/err")" -eq 1 ]
    grep -q 'administrator.*: apt-get install .*libcriterion-dev$' "$BATS_TEST_TMPDIR/err"
    never_called apt-get
    rm "$machine"/var/lib/apt/lists/*
    set_up check
    [[ $output == *": apt-get update && apt-get install "* ]]
}

@test "an ordinary user with sudo that asks no password: it is used" {
    user 1000
    stub apt-get "$apt_get"
    stub sudo '[ "$1" = -n ] && shift && exec "$@"'
    have true
    set_up check
    [ "$status" -eq 0 ]
    [[ $calls == *"sudo -n apt-get update"*"sudo -n env DEBIAN_FRONTEND=noninteractive apt-get install"* ]]
    [[ $output == *"    sudo -n env DEBIAN_FRONTEND=noninteractive apt-get install"* ]]
}

@test "without a terminal, sudo that asks for a password counts as none" {
    user 1000
    stub apt-get "$apt_get"
    stub sudo 'exit 1'
    set_up check
    [ "$status" -eq 2 ]
    [ "${#lines[@]}" -eq 1 ]
    [[ $output == *"ask an administrator to run: apt-get"* ]]
    never_called apt-get
}

@test "on a terminal setup asks first: Enter and y run the command, n does not" {
    stub apt-get "$apt_get"
    at_terminal n env PATH="$bin" SETUP_ROOT="$machine" harness/setup check
    [ "$status" -eq 2 ]
    [[ $output == *"apt-get install"*"[Y/n]"*"nothing was installed"* ]]
    [ -z "$calls" ]
    at_terminal '' env PATH="$bin" SETUP_ROOT="$machine" harness/setup check
    [ "$status" -eq 0 ]
    [[ $calls == *"apt-get install"* ]]
    rm -r "$machine/usr" "$bin/cc"
    : >"$log"
    at_terminal y env PATH="$bin" SETUP_ROOT="$machine" harness/setup check
    [ "$status" -eq 0 ]
    [[ $calls == *"apt-get install"* ]]
}

@test "on a terminal sudo may ask for its password" {
    user 1000
    stub apt-get "$apt_get"
    stub sudo 'exec "$@"'
    at_terminal '' env PATH="$bin" SETUP_ROOT="$machine" harness/setup check
    [ "$status" -eq 0 ]
    [[ $output == *"    sudo env DEBIAN_FRONTEND=noninteractive apt-get install"* ]]
    [[ $calls == *"sudo apt-get update"* && $calls != *"sudo -n"* ]]
}

@test "every package manager gets its own words and names" {
    for manager in pacman zypper; do
        stub "$manager" "$arrive"
        set_up check
        [ "$status" -eq 0 ]
        rm -r "$machine/usr" "$bin/cc" "$bin/$manager"
    done
    grep -x 'pacman -S --needed --noconfirm gcc glibc criterion' "$log"
    grep -x 'zypper --non-interactive install --no-recommends gcc glibc-devel libcriterion-devel' "$log"
}

@test "where a distribution has no Criterion, setup says so plainly, on one line" {
    for manager in dnf apk; do
        stub "$manager" ''
        set_up check
        [ "$status" -eq 2 ]
        [ "${#lines[@]}" -eq 1 ]
        [[ $output == *"no package for $manager"*"Criterion"*"from its source, https://"* ]]
        [[ $output == *"the rest comes with: $manager "*gcc* ]]
        [ -z "$calls" ]
        rm "$bin/$manager"
    done
}

@test "without a package manager that is known, one line says what to install" {
    set_up check
    [ "$status" -eq 2 ]
    [ "${#lines[@]}" -eq 1 ]
    [[ $output == *"Criterion"*"by hand"* ]]
}

@test "make check hands the refusal on as exit 2" {
    have make cat mkdir readlink ln nproc rm
    run on_machine make --no-print-directory check LAB=01 BUILD="$BATS_TEST_TMPDIR/build" </dev/null
    [ "$status" -eq 2 ]
    [[ $output == *"setup: missing: "* ]]
    [[ $output != *"building"* ]]
}

@test "CC=clang needs clang, and only then" {
    on_machine env PATH=/usr/bin:/bin sh -c "$arrive"
    stub apt-get 'exit 1'
    CC=clang set_up check
    [ "$status" -eq 2 ]
    [[ $output == *"lacks clang."* ]]
    CC=cc set_up check
    [ "$status" -eq 0 ]
}

@test "make test needs what make check needs and the tests' own tools" {
    stub apt-get ''
    set_up test
    [ "$status" -eq 2 ]
    for package in libcriterion-dev bats jq python3 netcat-openbsd socat iproute2 clang \
        musl-tools git shellcheck clang-format util-linux curl wrk nginx-light faketime chromium; do
        grep -q "apt-get install .* $package\b" "$log"
    done
}

@test "make prove needs what make test needs; without it, it says so" {
    set_up test
    wanted=$output
    set_up prove
    [ "$status" -eq 2 ]
    [ "$output" = "${wanted//make test/make prove}" ]
    [[ $output == *"faketime (a clock that is wrong)"* ]]
}

@test "make test does not ask for Chromium on Ubuntu, where no package brings it" {
    stub apt-get ''
    printf 'NAME="Ubuntu"\nID=ubuntu\n' >"$machine/etc/os-release"
    set_up test
    [ "$status" -eq 2 ]
    grep 'apt-get install .* wrk' "$log"
    if grep chromium "$log"; then return 1; fi
}

@test "what tests and lint call is on the list of what make test needs" {
    . harness/needs.sh
    list_needs test
    files=(harness/lint harness/run-tests)
    for file in tests/* tests/prove/parts/*; do # this file calls only what it makes up
        if [ -f "$file" ] && [ "$file" != tests/setup.bats ]; then files+=("$file"); fi
    done
    for tool in bats bwrap chromium clang clang-format curl expect faketime gdb git jq musl-gcc nc ncat \
        nginx pandoc parallel perl python3 shellcheck socat ss strace unifdef valgrind wrk xxd; do
        if grep -qE "(^ *|[|(!] *|run |exec |away |for tool in .*)$tool( |\$)" "${files[@]}"; then
            [[ " $needs " == *" $tool "* ]] || echo "$tool"
        fi
    done >"$BATS_TEST_TMPDIR/unlisted"
    diff "$BATS_TEST_TMPDIR/unlisted" /dev/null
}

@test "an nc of another kind counts as missing" {
    . harness/needs.sh
    stub nc 'echo "[v1.10-47]" >&2'
    run on_machine sh -c '. harness/needs.sh; has nc'
    [ "$status" -eq 1 ]
    stub nc 'echo "OpenBSD netcat (Debian patchlevel 1.219-1)" >&2'
    run on_machine sh -c '. harness/needs.sh; has nc'
    [ "$status" -eq 0 ]
}

# --- doctor ---

doctor() { run on_machine "$@" harness/doctor </dev/null; }

have_doctors_tools() { have mktemp rm uname getconf locale dirname cat grep sed; }

@test "doctor: here, where the tests run, make check works" {
    run env -u SETUP_ROOT harness/doctor
    [ "$status" -eq 0 ]
    [[ $output =~ ok\ +C\ compiler.*ok\ +Criterion\ +[2a].*make\ check\ works\ here ]]
}

@test "doctor: without a compiler it exits with 1 and names the command that mends it" {
    have_doctors_tools
    stub apt-get ''
    fresh_lists
    doctor
    [ "$status" -eq 1 ]
    [[ $output =~ missing\ +C\ compiler[^$'\n']*$'\n'\ +[^\ ]+\ apt-get\ install\ [^$'\n']*\ gcc ]]
    [[ $output == *"does not work here"* ]]
    never_called apt-get
}

@test "doctor: an ordinary user is told to use sudo" {
    have_doctors_tools
    stub apt-get ''
    user 1000
    doctor
    [[ $output == *" sudo apt-get install "*gcc* ]]
}

@test "doctor: where the lists of packages are empty, the command fills them first" {
    have_doctors_tools
    stub apt-get ''
    user 1000
    doctor
    [[ $output == *" sudo apt-get update && sudo apt-get install "*gcc* ]]
}

@test "doctor: without Criterion it exits with 1 and names its package" {
    have_doctors_tools
    stub apt-get ''
    fresh_lists
    stub cc 'case $* in *print-file-name*) echo none ;; *criterion* | *-E*) exit 1 ;; esac'
    mkdir -p "$machine/usr/include"
    : >"$machine/usr/include/stdio.h"
    doctor
    [ "$status" -eq 1 ]
    [[ $output =~ missing\ +Criterion[^$'\n']*$'\n'\ +[^\ ]+\ apt-get\ install\ [^$'\n']*\ libcriterion-dev ]]
}

# refused FILE CONTENT: a machine where namespaces are refused and a kernel setting says why.
refused() {
    have_doctors_tools
    user 1000
    stub unshare 'echo "unshare: unshare failed: Operation not permitted" >&2; exit 1'
    mkdir -p "$machine/proc/self/ns" "$machine/proc/sys/user" "$machine/proc/sys/kernel"
    : >"$machine/proc/self/ns/user"
    mkdir -p "$(dirname "$machine/$1")"
    echo "$2" >"$machine/$1"
    doctor
}

@test "doctor: why there is no sealed tier: AppArmor" {
    refused proc/sys/kernel/apparmor_restrict_unprivileged_userns 1
    [[ $output =~ missing\ +sealed\ tier\ +AppArmor ]]
    [[ $output == *"sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"* ]]
}

@test "doctor: why there is no sealed tier: a limit of 0" {
    refused proc/sys/user/max_user_namespaces 0
    [[ $output =~ missing\ +sealed\ tier\ +user\ namespaces\ are\ limited\ to\ 0 ]]
    [[ $output == *"sysctl -w user.max_user_namespaces="* ]]
}

@test "doctor: why there is no sealed tier: a container" {
    refused .dockerenv ''
    [[ $output =~ missing\ +sealed\ tier\ +this\ container ]]
    [[ $output == *"--security-opt seccomp=unconfined"* ]]
}

@test "doctor: why there is no sealed tier: in the kernel's words if nothing else is known" {
    refused proc/nothing ''
    [[ $output =~ missing\ +sealed\ tier\ +unshare:\ .*Operation\ not\ permitted ]]
}

@test "doctor: IPv6 is judged by the loopback's address" {
    have_doctors_tools
    mkdir -p "$machine/proc/net" "$machine/proc/sys/net/ipv6"
    echo 'fe8000000000000000fc00fffe000001 04 40 20 80     eth0' >"$machine/proc/net/if_inet6"
    doctor
    [[ $output =~ missing\ +IPv6\ loopback.*disable_ipv6=0 ]]
    echo '00000000000000000000000000000001 01 80 10 80       lo' >>"$machine/proc/net/if_inet6"
    doctor
    [[ $output =~ ok\ +IPv6\ loopback ]]
}

@test "doctor: ASCII where the locale is not UTF-8, arrows where it is" {
    have_doctors_tools
    stub apt-get ''
    doctor env LC_ALL=C
    [ -z "$(LC_ALL=C tr -d '\0-\177' <<<"$output")" ]
    doctor env LC_ALL=C.UTF-8
    [[ $output == *"→"* ]]
}

@test "doctor: color on a terminal, none in a pipe or with NO_COLOR" {
    have_doctors_tools
    doctor
    [[ $output != *$'\033'* ]]
    at_terminal '' env TERM=xterm PATH="$bin" SETUP_ROOT="$machine" harness/doctor
    [[ $output == *$'\033[31m'* ]]
    at_terminal '' env TERM=xterm NO_COLOR=1 PATH="$bin" SETUP_ROOT="$machine" harness/doctor
    [[ $output != *$'\033'* ]]
}
