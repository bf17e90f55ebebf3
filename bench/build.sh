#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# How long a build takes, as ratios against named baselines measured in the same run, turn by turn. Prints the table of
# docs/performance.md. usage: bench/build.sh [ROUNDS], with a release build in build/release.
source "$(dirname "$0")/../scripts/lib/common.sh"
"$root/scripts/setup" --use
[ -x "$root/build/release/bin/rexc" ] || build_preset release
export PATH=$root/build/release/bin:$PATH
exec /usr/bin/python3 "$root/bench/build.py" "${1:-9}"
