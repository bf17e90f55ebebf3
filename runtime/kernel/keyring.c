// SPDX-License-Identifier: GPL-2.0-only
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/key.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/module_signature.h>
#include <linux/mutex.h>
#include <linux/panic.h>
#include <linux/verification.h>

#include "runtime/kernel/cms.h"
#include "runtime/kernel/keyring.h"

/* The largest signature by RSA-4096 with all that CMS adds is about 1 KiB. */
#define SIGNATURE_MAX 8192
#define CERTIFICATE_MAX 65536

static bool allow_unsigned;
module_param(allow_unsigned, bool, 0444);
MODULE_PARM_DESC(allow_unsigned, "Load objects that nobody trusted has signed (taints the kernel)");

static bool trust_secondary;
module_param(trust_secondary, bool, 0444);
MODULE_PARM_DESC(trust_secondary, "Also trust signers in the kernel's secondary keyring");

static struct key *keyring;
static bool sealed;
static DEFINE_MUTEX(seal_lock);

int __init rex_keyring_init(void)
{
	keyring = keyring_alloc(".rex", GLOBAL_ROOT_UID, GLOBAL_ROOT_GID, current_cred(),
				KEY_POS_SEARCH | KEY_POS_WRITE | KEY_USR_VIEW | KEY_USR_READ | KEY_USR_SEARCH,
				KEY_ALLOC_NOT_IN_QUOTA, NULL, NULL);
	if (IS_ERR(keyring)) {
		pr_err("no keyring: error %ld\n", PTR_ERR(keyring));
		return PTR_ERR(keyring);
	}
	if (allow_unsigned) {
		pr_warn("allow_unsigned=1: objects are loaded without a trusted signature\n");
		add_taint(TAINT_USER, LOCKDEP_STILL_OK);
	}
	return 0;
}

void rex_keyring_exit(void)
{
	key_put(keyring);
}

/* With KEY_POS_WRITE for the module's own use of the keyring; nobody else may link keys there. */
int rex_keyring_add(const u8 *certificate, size_t size)
{
	key_ref_t key;
	int error;

	if (size == 0 || size > CERTIFICATE_MAX)
		return -EINVAL;
	mutex_lock(&seal_lock);
	if (sealed) {
		error = -EPERM;
	} else {
		key = key_create_or_update(make_key_ref(keyring, true), "asymmetric", NULL, certificate, size,
					   (KEY_POS_ALL & ~KEY_POS_SETATTR) | KEY_USR_VIEW | KEY_USR_READ,
					   KEY_ALLOC_NOT_IN_QUOTA);
		error = PTR_ERR_OR_ZERO(key);
		if (!error) {
			pr_info("trusts objects signed by %s\n", key_ref_to_ptr(key)->description);
			key_ref_put(key);
		}
	}
	mutex_unlock(&seal_lock);
	return error;
}

void rex_keyring_seal(void)
{
	mutex_lock(&seal_lock);
	if (!sealed)
		pr_info("takes no more certificates\n");
	sealed = true;
	mutex_unlock(&seal_lock);
}

bool rex_keyring_is_sealed(void)
{
	return READ_ONCE(sealed);
}

bool rex_trusts_secondary(void)
{
	return trust_secondary;
}

bool rex_allows_unsigned(void)
{
	return allow_unsigned;
}

static int verify(const u8 *file, size_t size, const u8 *signature, size_t signature_size)
{
	int error = verify_pkcs7_signature(file, size, signature, signature_size, keyring,
					   VERIFYING_UNSPECIFIED_SIGNATURE, NULL, NULL);

	if (error == -ENOKEY && trust_secondary)
		error = verify_pkcs7_signature(file, size, signature, signature_size,
					       VERIFY_USE_SECONDARY_KEYRING,
					       VERIFYING_UNSPECIFIED_SIGNATURE, NULL, NULL);
	return error;
}

static int explain(struct rex_message *message, int error)
{
	switch (error) {
	case -ENOKEY:
		return rex_refuse(message, error,
				  "REX0745: the signer is not trusted: its certificate is not in the module's keyring");
	case -EKEYREJECTED:
		return rex_refuse(message, error, "REX0744: the file was changed after it was signed");
	case -ENOPKG:
		return rex_refuse(message, error,
				  "REX0744: this kernel cannot check signatures of this kind; objects are signed with RSA and SHA-256");
	default:
		return rex_refuse(message, error, "REX0744: the signature is malformed (error %d)", error);
	}
}

int rex_verify_signature(const u8 *file, size_t size, size_t *signed_size, struct rex_message *message)
{
	static const char magic[] = MODULE_SIG_STRING;
	const size_t tail = sizeof(struct module_signature) + sizeof(magic) - 1;
	struct module_signature trailer;
	size_t signature_size;
	int error;

	*signed_size = size;
	if (size < tail || memcmp(file + size - (sizeof(magic) - 1), magic, sizeof(magic) - 1) != 0) {
		if (allow_unsigned)
			return 0;
		return rex_refuse(message, -ENODATA, "REX0744: the object is not signed");
	}
	memcpy(&trailer, file + size - tail, sizeof(trailer));
	signature_size = be32_to_cpu(trailer.sig_len);
	if (trailer.id_type != PKEY_ID_PKCS7 || trailer.algo != 0 || trailer.hash != 0 ||
	    trailer.signer_len != 0 || trailer.key_id_len != 0 ||
	    memchr_inv(trailer.__pad, 0, sizeof(trailer.__pad)) || signature_size == 0 ||
	    signature_size > SIGNATURE_MAX || signature_size > size - tail)
		return rex_refuse(message, -EBADMSG, "REX0744: the signature's trailer is malformed");
	*signed_size = size - tail - signature_size;
	if (!rex_cms_is_canonical(file + *signed_size, signature_size))
		return rex_refuse(message, -EBADMSG, "REX0744: the signature is not in its one encoding");
	error = verify(file, *signed_size, file + *signed_size, signature_size);
	if (!error)
		return 0;
	/* Also a foreign signature is one that nobody trusted made. */
	return allow_unsigned ? 0 : explain(message, error);
}
