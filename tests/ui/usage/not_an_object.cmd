# SPDX-License-Identifier: Apache-2.0
# exit: 1
head -c 100 /dev/zero > zero.rex; rexc inspect zero.rex
