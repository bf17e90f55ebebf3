# SPDX-License-Identifier: Apache-2.0
# exit: 2
rexc -j zero build
