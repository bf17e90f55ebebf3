#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Prints coverage by folder from the JSON of `llvm-cov export -summary-only`: coverage_table.py ROOT <summary"""
import collections
import json
import os
import sys

KINDS = ("lines", "branches")


def percent(counts):
    covered, count = counts
    return f"{100 * covered / count:6.1f} %" if count else "       -"


def row(name, counts):
    print(f"{name:40}" + "".join(f"{counts[kind][1]:8}{percent(counts[kind])}" for kind in KINDS))


def main():
    root = sys.argv[1]
    folders = collections.defaultdict(lambda: {kind: [0, 0] for kind in KINDS})
    files = []
    for entry in json.load(sys.stdin)["data"][0]["files"]:
        name = os.path.relpath(entry["filename"], root)
        counts = {kind: (entry["summary"][kind]["covered"], entry["summary"][kind]["count"]) for kind in KINDS}
        files.append((name, counts))
        for folder in os.path.dirname(name), "total":
            for kind in KINDS:
                folders[folder][kind][0] += counts[kind][0]
                folders[folder][kind][1] += counts[kind][1]
    total = folders.pop("total")
    print(f"{'folder':40}{'lines':>8}{'covered':>8}{'branches':>10}{'covered':>8}")
    for name in sorted(folders):
        row(name, folders[name])
    row("total", total)
    print("\nleast covered files of over 30 lines:")
    large = [file for file in files if file[1]["lines"][1] > 30]
    for name, counts in sorted(large, key=lambda file: file[1]["lines"][0] / file[1]["lines"][1])[:12]:
        row(name, counts)


if __name__ == "__main__":
    main()
