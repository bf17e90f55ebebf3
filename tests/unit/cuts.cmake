# SPDX-License-Identifier: Apache-2.0
target_sources(test_cuts PRIVATE ${CMAKE_SOURCE_DIR}/tests/stack/builder.c)
target_link_libraries(test_cuts PRIVATE ${ZYDIS_LIBRARY})
