# SPDX-License-Identifier: Apache-2.0
target_sources(test_object PRIVATE small_object.c)
include(${CMAKE_CURRENT_SOURCE_DIR}/fault_target.cmake)
fault_target(test_object)
target_link_options(test_object PRIVATE -Wl,--wrap=strcmp)
