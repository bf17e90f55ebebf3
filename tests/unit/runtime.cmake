# SPDX-License-Identifier: Apache-2.0
# The programs of runtime_object.S break the object contract on purpose: the runtime is tested with a verifier that
# says yes. No other executable is linked like this.
target_link_options(${name} PRIVATE -Wl,--wrap=verify_object)
find_program(LLD_22 NAMES ld.lld-22 REQUIRED)
set(runtime_object "${CMAKE_CURRENT_BINARY_DIR}/runtime_object.elf")
add_custom_command(
    OUTPUT "${runtime_object}"
    COMMAND "${CMAKE_C_COMPILER}" -c "${CMAKE_CURRENT_SOURCE_DIR}/runtime_object.S" -o "${runtime_object}.o"
    COMMAND "${LLD_22}" -pie --no-dynamic-linker -z undefs -z dynamic-undefined-weak -z now
            -z noexecstack -z max-page-size=4096 -z separate-code --apply-dynamic-relocs -Bsymbolic
            --hash-style=gnu --build-id=none -T "${CMAKE_CURRENT_SOURCE_DIR}/runtime_object.lds"
            "${runtime_object}.o" -o "${runtime_object}" -e 0
    DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/runtime_object.S" "${CMAKE_CURRENT_SOURCE_DIR}/runtime_object.lds"
    VERBATIM)
add_custom_target(runtime_object DEPENDS "${runtime_object}")
add_dependencies(${name} runtime_object)
target_compile_definitions(${name} PRIVATE RUNTIME_OBJECT="${runtime_object}")
