# SPDX-License-Identifier: Apache-2.0
target_sources(test_expression PRIVATE ${CMAKE_SOURCE_DIR}/rex-crate/generate/expression.c)
