// SPDX-License-Identifier: GPL-2.0-only
/*
 * For a test machine: puts the certificate in a file (DER) into the kernel's secondary keyring, past the rule that one who is
 * there already must have signed it. On a computer, the boot loader does the like with the keys of the machine's owner.
 */
#include <linux/key-type.h>
#include <linux/kernel_read_file.h>
#include <linux/key.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/vmalloc.h>

static char *certificate;
module_param(certificate, charp, 0);

/* The kernel exports neither the keyring nor the function that finds it; a kprobe that is never armed finds that one. */
static struct key *find_keyring(void)
{
	struct kprobe probe = {.symbol_name = "kallsyms_lookup_name", .flags = KPROBE_FLAG_DISABLED};
	unsigned long (*lookup)(const char *name);
	struct key **keyring;

	if (register_kprobe(&probe) != 0)
		return NULL;
	lookup = (void *)probe.addr;
	unregister_kprobe(&probe);
	keyring = (struct key **)lookup("secondary_trusted_keys");
	return keyring ? *keyring : NULL;
}

static int __init secondary_init(void)
{
	struct key *keyring = find_keyring();
	void *data = NULL;
	key_ref_t key;
	ssize_t size;

	if (!keyring || !certificate)
		return -ENOENT;
	size = kernel_read_file_from_path(certificate, 0, &data, PAGE_SIZE, NULL, READING_X509_CERTIFICATE);
	if (size < 0)
		return size;
	key = key_create_or_update(make_key_ref(keyring, 1), "asymmetric", NULL, data, size,
				   (KEY_POS_ALL & ~KEY_POS_SETATTR) | KEY_USR_VIEW | KEY_USR_READ,
				   KEY_ALLOC_NOT_IN_QUOTA | KEY_ALLOC_BYPASS_RESTRICTION);
	vfree(data);
	if (IS_ERR(key))
		return PTR_ERR(key);
	key_ref_put(key);
	return 0;
}

static void __exit secondary_exit(void)
{
}

module_init(secondary_init);
module_exit(secondary_exit);
MODULE_DESCRIPTION("A certificate more in the secondary keyring of a test machine");
MODULE_LICENSE("GPL");
