# SPDX-License-Identifier: Apache-2.0
# find_package(rexc): kernel extensions in a CMake project.
#
#   rexc_add_library(NAME SOURCE file.rs [LIBRARIES lib...] [EDITION 2024] [OPTIONS option...])
#       compiles one crate to libNAME.rlib; other crates name it by NAME.
#   rexc_add_program(NAME SOURCE main.rs [LIBRARIES lib...] [OUTPUT file.rex] [LICENSE spdx] [EDITION 2024]
#                    [SIGN_KEY key SIGN_CERT certificate] [OPTIONS option...])
#       compiles, links, verifies and signs NAME.rex in the current binary directory. LIBRARIES are targets of
#       rexc_add_library. Without a key the object has a development signature.
#
# Both are built by default, and built again when any source file, module, library, the key or rexc itself changes.
# REXC_EXECUTABLE is the rexc that is used.

find_program(REXC_EXECUTABLE rexc HINTS "${CMAKE_CURRENT_LIST_DIR}/../../../bin"
             DOC "rexc, the compiler of kernel extensions")
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(rexc REQUIRED_VARS REXC_EXECUTABLE)

# The words for the libraries of a target, and the files behind them.
function(_rexc_libraries words files)
    set(all_words)
    set(all_files)
    foreach(library ${ARGN})
        if(NOT TARGET ${library})
            message(FATAL_ERROR "rexc: '${library}' is not a target of rexc_add_library()")
        endif()
        get_target_property(file ${library} REXC_LIBRARY)
        if(NOT file)
            message(FATAL_ERROR "rexc: target '${library}' was not made by rexc_add_library()")
        endif()
        list(APPEND all_words --extern "${library}=${file}")
        list(APPEND all_files "${file}")
    endforeach()
    set(${words} "${all_words}" PARENT_SCOPE)
    set(${files} "${all_files}" PARENT_SCOPE)
endfunction()

# One call of rexc, and a target that is built by default.
function(_rexc_add target output source)
    cmake_path(ABSOLUTE_PATH source BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}" NORMALIZE)
    cmake_parse_arguments(PARSE_ARGV 3 call "" "" "WORDS;FILES;BYPRODUCTS")
    add_custom_command(
        OUTPUT "${output}"
        BYPRODUCTS ${call_BYPRODUCTS}
        COMMAND "${REXC_EXECUTABLE}" ${call_WORDS} "${source}" -MD -MF "${output}.d" -o "${output}"
        DEPENDS "${source}" ${call_FILES} "${REXC_EXECUTABLE}"
        DEPFILE "${output}.d"
        COMMENT "rexc ${target}"
        VERBATIM COMMAND_EXPAND_LISTS)
    add_custom_target(${target} ALL DEPENDS "${output}")
endfunction()

function(rexc_add_library name)
    cmake_parse_arguments(PARSE_ARGV 1 library "" "SOURCE;EDITION" "LIBRARIES;OPTIONS")
    if(NOT library_SOURCE OR library_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "rexc_add_library(NAME SOURCE file.rs ...): ${library_UNPARSED_ARGUMENTS}")
    endif()
    if(NOT library_EDITION)
        set(library_EDITION 2024)
    endif()
    _rexc_libraries(words files ${library_LIBRARIES})
    set(output "${CMAKE_CURRENT_BINARY_DIR}/lib${name}.rlib")
    _rexc_add(${name} "${output}" "${library_SOURCE}"
        WORDS -c --edition ${library_EDITION} ${words} ${library_OPTIONS}
        FILES ${files} BYPRODUCTS "${output}.rexc")
    set_target_properties(${name} PROPERTIES REXC_LIBRARY "${output}")
    if(library_LIBRARIES)
        add_dependencies(${name} ${library_LIBRARIES})
    endif()
endfunction()

function(rexc_add_program name)
    cmake_parse_arguments(PARSE_ARGV 1 program "" "SOURCE;OUTPUT;LICENSE;EDITION;SIGN_KEY;SIGN_CERT"
                          "LIBRARIES;OPTIONS")
    if(NOT program_SOURCE OR program_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "rexc_add_program(NAME SOURCE main.rs ...): ${program_UNPARSED_ARGUMENTS}")
    endif()
    if(NOT program_EDITION)
        set(program_EDITION 2024)
    endif()
    if(NOT program_OUTPUT)
        set(program_OUTPUT "${name}.rex")
    endif()
    cmake_path(ABSOLUTE_PATH program_OUTPUT BASE_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}" NORMALIZE)
    _rexc_libraries(words files ${program_LIBRARIES})
    if(program_LICENSE)
        list(APPEND words --license ${program_LICENSE})
    endif()
    if(program_SIGN_KEY)
        foreach(part KEY CERT)
            cmake_path(ABSOLUTE_PATH program_SIGN_${part} BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}" NORMALIZE)
        endforeach()
        list(APPEND words --sign-key "${program_SIGN_KEY}" --sign-cert "${program_SIGN_CERT}")
        list(APPEND files "${program_SIGN_KEY}" "${program_SIGN_CERT}")
    endif()
    _rexc_add(${name} "${program_OUTPUT}" "${program_SOURCE}"
        WORDS --edition ${program_EDITION} ${words} ${program_OPTIONS} FILES ${files})
    if(program_LIBRARIES)
        add_dependencies(${name} ${program_LIBRARIES})
    endif()
endfunction()
