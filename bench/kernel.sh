#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Instructions of programs in stock kernels, against eBPF; the table of docs/performance.md. Arguments are bench/kernel.py's.
source "$(dirname "$0")/../scripts/lib/common.sh"
"$root/scripts/setup" --use
[ -x "$root/build/release/bin/rexc" ] || build_preset release
/usr/bin/python3 "$root/tests/vm/fetch" --quiet
exec /usr/bin/python3 "$root/bench/kernel.py" "$@"
