#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes the sysroots that the tests use, by building one program of each kind.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
rexc new xdp warm
rexc build warm
