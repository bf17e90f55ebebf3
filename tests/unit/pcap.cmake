# SPDX-License-Identifier: Apache-2.0
target_compile_definitions(${name} PRIVATE CAPTURES="${CMAKE_SOURCE_DIR}/tests/captures")
