# SPDX-License-Identifier: Apache-2.0
target_compile_definitions(test_bindgen PRIVATE
    KERNEL_BTF="${CMAKE_SOURCE_DIR}/rex-crate/btf/kernel-6.1.btf")
target_link_libraries(test_bindgen PRIVATE PkgConfig::LIBBPF)
