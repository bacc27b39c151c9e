# common.bash - what the scripts and bats files under tests/ share. Sourced with the top folder as
# working directory.

BUILD=$(realpath -m "${BUILD:-build}")
export BUILD

# labs [LAB]: the names of all labs, or of the one given as 04 or 04-accept.
# shellcheck disable=SC2120 # most callers want all of them
labs() {
    local folder name
    for folder in tests/[0-9][0-9]-*/; do
        name=$(basename "$folder")
        case $name in "${1:-$name}" | "${1:-$name}"-*) echo "$name" ;; esac
    done
}

# grade TREE LAB RESULT: grades one lab of a tree; the exit code is that of the check.
grade() {
    DIR=$1 LAB=$2 RESULT=$3 "$BUILD/bin/plumb" check >"$3.screen" 2>&1
}

# solved_tree TREE LAB: a tree that holds the reference programs of one lab.
solved_tree() {
    rm -rf "$1"
    mkdir -p "$1/$2"
    cp solutions/"$2"/*.c "$1/$2/"
}

# change_program PATCH FOLDER: applies a patch of a reference program to its copy in FOLDER.
change_program() {
    local patch
    patch=$(realpath "$1")
    (cd "$2" && GIT_CEILING_DIRECTORIES=$PWD GIT_DIR=/nonexistent git apply "$patch")
}

# add_variant FOLDER TREE LAB: a variant's programs take the place of the tree's. A script in Python
# stands in its folder as NAME.py, what differs from the reference program in few places as
# NAME.patch.
add_variant() {
    local source name
    for source in "$1"/*.c "$1"/*.py "$1"/*.patch; do
        name=$(basename "$source")
        case $source in
        *'*'*) ;; # it has none of these
        *.patch) change_program "$source" "$2/$3" ;;
        *.py) tests/in-python "$source" >"$2/$3/${name%.py}.c" ;;
        *) cp "$source" "$2/$3/$name" ;;
        esac
    done
}

# refute COMMAND...: fails if it succeeds. (A line that begins with ! cannot fail a test.)
refute() { ! "$@"; }

# free_port: a TCP port of 127.0.0.1 that the kernel calls free, for servers that can't be told to
# take any.
free_port() {
    python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
