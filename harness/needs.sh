# needs.sh - what the commands need from a machine, how to see whether it is there, and the package
# that brings it. Sourced by harness/setup and harness/doctor, never run.
# shellcheck shell=sh
# shellcheck disable=SC2034 # what it sets is used where it is sourced

# SETUP_ROOT is where the system's files are looked for; tests give a root of their own.
root=${SETUP_ROOT:-}

# The compiler of the judge (JUDGE_CC) and the one of the programs under test (CC), each perhaps
# with arguments.
judge_cc=${JUDGE_CC:-cc}
student_cc=${CC:-cc}

# list_needs COMMAND: sets $needs. It starts no process, for `make check` waits for it.
list_needs() {
    needs='cc libc criterion localhost'
    case ${student_cc%% *} in
    clang) needs="$needs clang" ;;
    musl-gcc) needs="$needs musl-gcc" ;;
    esac
    case $1 in
    test | prove)
        needs="$needs services gcc clang musl-gcc bats git jq python3 nc socat ss ps strace flock clang-format shellcheck bwrap unzip zip perl xmllint tidy aspell pdfinfo sim_c pandoc dot node npm curl wrk nginx faketime"
        if ! is_ubuntu; then needs="$needs chromium"; fi
        ;;
    site) needs="pandoc dot node npm" ;;
    grade) needs="$needs bwrap unzip" ;;
    gradescope) needs="$needs bwrap unzip jq" ;;
    esac
}

has() {
    case $1 in
    cc) command -v "${judge_cc%% *}" >/dev/null ;;
    libc) [ -e "$root/usr/include/stdio.h" ] || finds_header stdio.h ;;
    criterion) has_criterion ;;
    localhost) [ -e "$root/etc/hosts" ] || getent ahosts localhost >/dev/null 2>&1 ;;
    services) [ -e "$root/etc/services" ] ;;
    nc) is_openbsd_nc ;;
    aspell) aspell dicts 2>/dev/null | grep -qx en_US ;;
    nginx) command -v nginx >/dev/null || [ -x "$root/usr/sbin/nginx" ] ;;
    chromium) command -v chromium >/dev/null || command -v chromium-browser >/dev/null ;;
    perl) perl -MTAP::Parser -e 1 >/dev/null 2>&1 ;;
    *) command -v "$1" >/dev/null ;;
    esac
}

# The usual places first: asking the compiler takes longer than everything else here.
has_criterion() {
    if [ -e "$root/usr/include/criterion/criterion.h" ]; then
        for file in "$root"/usr/lib/libcriterion.* "$root"/usr/lib64/libcriterion.* \
            "$root"/usr/lib/*/libcriterion.*; do
            if [ -e "$file" ]; then return 0; fi
        done
    fi
    finds_header criterion/criterion.h &&
        { finds_library libcriterion.so || finds_library libcriterion.a; }
}

finds_header() {
    # shellcheck disable=SC2086 # a compiler may come with arguments
    printf '#include <%s>\n' "$1" | $judge_cc -E -x c - >/dev/null 2>&1
}

# A compiler answers with the bare name if it does not find the file.
finds_library() {
    # shellcheck disable=SC2086
    case $($judge_cc -print-file-name="$1" 2>/dev/null) in
    */*) return 0 ;;
    *) return 1 ;;
    esac
}

# Ubuntu has Chromium as a snap only, which not every machine can run: there it is not asked for, and
# the test with it is skipped.
is_ubuntu() {
    [ -e "$root/etc/os-release" ] && while read -r line; do
        if [ "$line" = ID=ubuntu ]; then return 0; fi
    done <"$root/etc/os-release"
    return 1
}

# Other programs of the name nc lack -N, which ends a conversation at the end of the input.
is_openbsd_nc() {
    command -v nc >/dev/null && case $(nc -h 2>&1 </dev/null) in
    *OpenBSD* | *'usage: nc [-4'*) return 0 ;;
    *) return 1 ;;
    esac
}

# describe NEED: in words.
describe() {
    case $1 in
    cc) echo 'a C compiler' ;;
    libc) echo "the C library's headers" ;;
    dot) echo 'graphviz' ;;
    node) echo 'Node.js' ;;
    criterion) echo 'Criterion (a test framework for C)' ;;
    localhost) echo 'the name localhost (/etc/hosts)' ;;
    services) echo 'the names of ports (/etc/services)' ;;
    nc) echo 'nc (the one of OpenBSD)' ;;
    aspell) echo 'aspell with its American dictionary' ;;
    nginx) echo 'nginx (a web server)' ;;
    pdfinfo) echo 'pdfinfo and pdftotext (of Poppler)' ;;
    faketime) echo 'faketime (a clock that is wrong)' ;;
    wrk) echo 'wrk (a load generator for web servers)' ;;
    perl) echo 'Perl with its TAP::Parser' ;;
    *) echo "$1" ;;
    esac
}

# find_manager: sets $manager to this machine's package manager, or to nothing.
find_manager() {
    for manager in apt-get dnf apk pacman zypper; do
        if command -v "$manager" >/dev/null; then return; fi
    done
    manager=
}

# package_of NEED: the package's name for $manager; "-" if the distribution has none that we know.
# Criterion, as of 2025: Debian 12, Ubuntu 22.04 (universe), Arch and openSUSE Tumbleweed have it.
package_of() {
    while read -r need apt_get dnf apk pacman zypper; do
        if [ "$need" != "$1" ]; then continue; fi
        case $manager in
        apt-get) echo "$apt_get" ;;
        dnf) echo "$dnf" ;;
        apk) echo "$apk" ;;
        pacman) echo "$pacman" ;;
        zypper) echo "$zypper" ;;
        esac
    done <<'END'
cc           gcc              gcc               gcc               gcc            gcc
libc         libc6-dev        glibc-devel       musl-dev          glibc          glibc-devel
criterion    libcriterion-dev -                 -                 criterion      libcriterion-devel
localhost    netbase          setup             alpine-baselayout filesystem     netcfg
services     netbase          setup             alpine-baselayout-data iana-etc   netcfg
gcc          gcc              gcc               gcc               gcc            gcc
clang        clang            clang             clang             clang          clang
musl-gcc     musl-tools       musl-gcc          -                 musl           musl-devel
bats         bats             bats              bats              bats           bats
git          git              git               git               git            git
jq           jq               jq                jq                jq             jq
python3      python3          python3           python3           python         python3
nc           netcat-openbsd   netcat            netcat-openbsd    openbsd-netcat netcat-openbsd
socat        socat            socat             socat             socat          socat
ss           iproute2         iproute           iproute2          iproute2       iproute2
ps           procps           procps-ng         procps            procps-ng      procps
strace       strace           strace            strace            strace         strace
flock        util-linux       util-linux        util-linux        util-linux     util-linux
clang-format clang-format     clang-tools-extra clang-extra-tools clang          clang-tools
shellcheck   shellcheck       ShellCheck        shellcheck        shellcheck     ShellCheck
faketime     faketime         libfaketime       -                 libfaketime    libfaketime
bwrap        bubblewrap       bubblewrap        bubblewrap        bubblewrap     bubblewrap
unzip        unzip            unzip             unzip             unzip          unzip
zip          zip              zip               zip               zip            zip
sim_c        similarity-tester -               -                 -              -
perl         perl             perl-Test-Harness perl-utils        perl           perl
xmllint      libxml2-utils    libxml2           libxml2-utils     libxml2        libxml2-tools
tidy         tidy             tidy              tidyhtml          tidy           tidy
aspell       aspell-en        aspell-en         aspell-en         aspell-en      aspell-en
pdfinfo      poppler-utils    poppler-utils     poppler-utils     poppler        poppler-tools
pandoc       pandoc           pandoc            pandoc            pandoc-cli     pandoc
dot          graphviz         graphviz          graphviz          graphviz       graphviz
node         nodejs           nodejs            nodejs            nodejs         nodejs-default
npm          npm              nodejs-npm        npm               npm            npm-default
curl         curl             curl              curl              curl           curl
wrk          wrk              wrk               wrk               wrk            wrk
nginx        nginx-light      nginx             nginx             nginx          nginx
chromium     chromium         chromium          chromium          chromium       chromium
gdb          gdb              gdb               gdb               gdb            gdb
sanitizers   -                libasan,libubsan  -                 -              -
END
}

# packages_of NEED...: the packages' names, each once; what has no package goes into $unpackaged.
packages_of() {
    packages='' unpackaged=''
    for wanted in "$@"; do
        package=$(package_of "$wanted")
        case " $packages " in
        *" $package "*) continue ;;
        esac
        case $package in
        - | '') unpackaged="$unpackaged${unpackaged:+, }$(describe "$wanted")" ;;
        *) packages="$packages${packages:+ }$package" ;;
        esac
    done
}

# install_words PACKAGES, refresh_words: set $install and $refresh to the command's words.
install_words() {
    case $manager in
    apt-get) install="apt-get install -y --no-install-recommends $1" ;;
    dnf) install="dnf install -y $1" ;;
    apk) install="apk add $1" ;;
    pacman) install="pacman -S --needed --noconfirm $1" ;;
    zypper) install="zypper --non-interactive install --no-recommends $1" ;;
    esac
}

refresh_words() {
    case $manager in
    apt-get) refresh='apt-get update' ;;
    dnf) refresh='dnf makecache' ;;
    apk) refresh='apk update' ;;
    pacman) refresh='pacman -Sy' ;;
    zypper) refresh='zypper --non-interactive refresh' ;;
    esac
}

# A new machine's lists of packages may be empty; only apt-get does not fetch them by itself or
# fail at once.
lists_are_empty() {
    [ "$manager" = apt-get ] || return 1
    for list in "$root"/var/lib/apt/lists/*_Packages*; do
        if [ -e "$list" ]; then return 1; fi
    done
}

criterion_source='https://github.com/Snaipe/Criterion'
