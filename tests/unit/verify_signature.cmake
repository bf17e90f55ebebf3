# SPDX-License-Identifier: Apache-2.0
target_sources(test_verify_signature PRIVATE ${CMAKE_SOURCE_DIR}/tests/verify/fixture.c)
target_compile_definitions(test_verify_signature PRIVATE REXC_TEST_VERIFY="${CMAKE_SOURCE_DIR}/tests/verify")
