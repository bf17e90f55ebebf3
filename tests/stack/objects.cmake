# SPDX-License-Identifier: Apache-2.0
# Assembles and links the hand-written objects once, for every test that reads them.
if(NOT TARGET stack_objects)
    find_program(REXC_TEST_CLANG NAMES clang-22 REQUIRED)
    find_program(REXC_TEST_LLD NAMES ld.lld-22 REQUIRED)
    set(stack_source ${CMAKE_SOURCE_DIR}/tests/stack)
    set(stack_binary ${CMAKE_BINARY_DIR}/tests/stack)
    file(MAKE_DIRECTORY ${stack_binary})
    foreach(stack_object frames virtual)
        add_custom_command(
            OUTPUT ${stack_binary}/${stack_object}.elf
            COMMAND ${REXC_TEST_CLANG} --target=x86_64-unknown-none -c -Wa,-I${stack_source}
                    ${stack_source}/${stack_object}.s -o ${stack_binary}/${stack_object}.o
            COMMAND ${REXC_TEST_LLD} -pie --no-dynamic-linker -z undefs -z dynamic-undefined-weak -z now
                    -z noexecstack --apply-dynamic-relocs -Bsymbolic --hash-style=gnu --build-id=none
                    -z max-page-size=4096 -z separate-code -e 0 -T ${stack_source}/object.lds
                    ${stack_binary}/${stack_object}.o -o ${stack_binary}/${stack_object}.elf
            DEPENDS ${stack_source}/${stack_object}.s ${stack_source}/object.inc ${stack_source}/hostile.inc
                    ${stack_source}/object.lds)
    endforeach()
    find_package(Python3 REQUIRED COMPONENTS Interpreter)
    add_test(NAME stack/mutations
             COMMAND ${Python3_EXECUTABLE} ${stack_source}/mutations.py ${CMAKE_SOURCE_DIR} ${stack_binary}/mutations)
    set_tests_properties(stack/mutations PROPERTIES TIMEOUT 1800 LABELS slow)
    add_custom_target(stack_objects DEPENDS ${stack_binary}/frames.elf ${stack_binary}/virtual.elf)
endif()
