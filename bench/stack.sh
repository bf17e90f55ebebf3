#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The stack analysis on made-up call graphs: time and memory for each function, which must not grow with their number, and
# the whole of 100,000 functions, which must stay under 1 s and 200 MB. Prints the times and memory of docs/performance.md, a
# line for each number of functions; the exit status is 1 when one of the two limits is passed. usage: bench/stack.sh [BUILD_DIR], by default build/release.
source "$(dirname "$0")/../scripts/lib/common.sh"
build=${1:-$root/build/release}
[ -f "$build/build.ninja" ] || build_preset release
ninja -C "$build" stack_bench > /dev/null

echo "| shape | functions | time | time per function | memory | memory per function |"
echo "|---|---|---|---|---|---|"
for shape in chains diamonds cliques cycle pointers; do
    for functions in 1000 10000 100000; do
        "$build/tests/stack/stack_bench" "$shape" "$functions" $((15 + 50000 / functions)) |
            sed "s/^/$shape $functions /"
    done
done | awk '
    {
        printf "| %s | %d | %.1f ms | %.2f us | %.1f MB | %d B |\n", $1, $2, $3 / 1e3, $3 / $2, $5 / 1e6, $4 / $2
        if ($3 >= 1e6 || $5 >= 200e6)
            late = 1
    }
    END { exit late }'
