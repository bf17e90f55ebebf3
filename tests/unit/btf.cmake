# SPDX-License-Identifier: Apache-2.0
# An object with the debug information of real Rust types. Any rustc does: what a map's handle looks like in
# DWARF has not changed in years.
find_program(REXC_TEST_RUSTC rustc HINTS /usr/bin REQUIRED)
set(btf_maps ${CMAKE_CURRENT_BINARY_DIR}/btf_maps.so)
add_custom_command(OUTPUT ${btf_maps} DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/btf_maps.rs VERBATIM
    COMMAND ${CMAKE_COMMAND} -E env --unset=RUSTFLAGS ${REXC_TEST_RUSTC} --edition 2024 --crate-type cdylib
            -Cdebuginfo=2 -Cpanic=abort -Clink-arg=-nostartfiles -o ${btf_maps}
            ${CMAKE_CURRENT_SOURCE_DIR}/btf_maps.rs)
target_sources(test_btf PRIVATE small_object.c ${btf_maps})
target_compile_definitions(test_btf PRIVATE BTF_MAPS="${btf_maps}")
target_link_libraries(test_btf PRIVATE PkgConfig::JANSSON PkgConfig::LIBBPF)
include(${CMAKE_CURRENT_SOURCE_DIR}/fault_target.cmake)
fault_target(test_btf)
