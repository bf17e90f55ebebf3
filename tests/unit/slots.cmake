# SPDX-License-Identifier: Apache-2.0
include(${CMAKE_SOURCE_DIR}/tests/stack/objects.cmake)
add_dependencies(test_slots stack_objects)
target_compile_definitions(test_slots PRIVATE REXC_TEST_VIRTUAL="${stack_binary}/virtual.elf")
target_link_libraries(test_slots PRIVATE ${ZYDIS_LIBRARY})
