# SPDX-License-Identifier: Apache-2.0
target_sources(test_link PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/link_fixture.c)
