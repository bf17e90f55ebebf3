# SPDX-License-Identifier: Apache-2.0
include(${CMAKE_SOURCE_DIR}/tests/stack/objects.cmake)
add_dependencies(test_frame stack_objects)
target_compile_definitions(test_frame PRIVATE REXC_TEST_FRAMES="${stack_binary}/frames.elf")
target_link_libraries(test_frame PRIVATE ${ZYDIS_LIBRARY})
