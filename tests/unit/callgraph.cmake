# SPDX-License-Identifier: Apache-2.0
target_sources(test_callgraph PRIVATE ${CMAKE_SOURCE_DIR}/tests/stack/builder.c)
target_link_libraries(test_callgraph PRIVATE ${ZYDIS_LIBRARY})
