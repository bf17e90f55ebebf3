# SPDX-License-Identifier: Apache-2.0
include(${CMAKE_SOURCE_DIR}/tests/stack/objects.cmake)
add_dependencies(test_code stack_objects)
target_sources(test_code PRIVATE ${CMAKE_SOURCE_DIR}/tests/stack/builder.c)
target_compile_definitions(test_code PRIVATE REXC_TEST_FRAMES="${stack_binary}/frames.elf")
target_link_libraries(test_code PRIVATE ${ZYDIS_LIBRARY})
