# SPDX-License-Identifier: Apache-2.0
target_sources(test_stack_sizes PRIVATE ${CMAKE_SOURCE_DIR}/tests/stack/builder.c)
target_link_libraries(test_stack_sizes PRIVATE ${ZYDIS_LIBRARY})
