# SPDX-License-Identifier: Apache-2.0
# exit: 2
rexc load x.rex --timeout 10001
