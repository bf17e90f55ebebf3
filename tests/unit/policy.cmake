# SPDX-License-Identifier: Apache-2.0
target_compile_definitions(${name} PRIVATE SOURCE_DIRECTORY="${CMAKE_SOURCE_DIR}")
