# SPDX-License-Identifier: Apache-2.0
"""Stock kernels in virtual machines: fetching them, building the module, making an initramfs, running commands."""
