# SPDX-License-Identifier: Apache-2.0
target_link_libraries(test_fitness PRIVATE rexc_loader)
