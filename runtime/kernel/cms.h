/* SPDX-License-Identifier: GPL-2.0-only */
/* The one encoding of a signature (docs/object-format.md, "The signature"). */
#ifndef REX_KERNEL_CMS_H
#define REX_KERNEL_CMS_H

#include <linux/types.h>

/*
 * Whether the bytes are a detached CMS SignedData by one signer, with RSA and SHA-256, without attributes and
 * certificates, in DER. The kernel's parser also takes other encodings and passes over what it does not use, so
 * bits could be flipped unnoticed; and it takes certificates along, whose holders it then trusts when they
 * lead to a trusted one.
 */
bool rex_cms_is_canonical(const u8 *bytes, size_t size);

#endif
