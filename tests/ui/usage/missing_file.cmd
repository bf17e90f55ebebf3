# SPDX-License-Identifier: Apache-2.0
# exit: 1
rexc inspect missing.rex
