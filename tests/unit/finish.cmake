# SPDX-License-Identifier: Apache-2.0
target_sources(test_finish PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/link_fixture.c)
# The allocator is the test's, which makes any one allocation fail.
target_link_options(test_finish PRIVATE -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc)
