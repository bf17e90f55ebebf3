/* SPDX-License-Identifier: GPL-2.0-only */
/* Who may sign objects. */
#ifndef REX_KERNEL_KEYRING_H
#define REX_KERNEL_KEYRING_H

#include <linux/types.h>

#include "runtime/kernel/message.h"

int rex_keyring_init(void);
void rex_keyring_exit(void);
/* Trusts a certificate, X.509 in DER. */
int rex_keyring_add(const u8 *certificate, size_t size);
/* Takes no more. */
void rex_keyring_seal(void);
bool rex_keyring_is_sealed(void);
bool rex_trusts_secondary(void);
bool rex_allows_unsigned(void);

/*
 * Verifies the signature at the end of the file with the kernel's own code, and returns in *signed_size how many
 * bytes it is over: those are the object.
 */
int rex_verify_signature(const u8 *file, size_t size, size_t *signed_size, struct rex_message *message);

#endif
