# SPDX-License-Identifier: Apache-2.0
# exit: 2
rexc new xpd foo
