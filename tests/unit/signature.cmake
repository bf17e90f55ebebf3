# SPDX-License-Identifier: Apache-2.0
target_sources(test_signature PRIVATE small_object.c)
target_link_libraries(test_signature PRIVATE PkgConfig::LIBCRYPTO)
include(${CMAKE_CURRENT_SOURCE_DIR}/fault_target.cmake)
fault_target(test_signature)
