#!/bin/bash
# setup.sh - Gradescope runs this once, as root, when it makes the image: installs what is needed and
# builds all that does not depend on a submission.
set -euo pipefail

here=$(dirname "$(realpath "$0")")
cd "$here/plumbline"
harness/setup gradescope
harness/build ""
env -u MAKEFLAGS make -s -C build -f src/harness/judge.mk grader
DIR=solutions build/bin/plumb compile
chmod 700 "$here" # submissions run as nobody, and find neither solutions nor tests
