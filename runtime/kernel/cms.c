// SPDX-License-Identifier: GPL-2.0-only
#include <linux/string.h>

#include "runtime/kernel/cms.h"

#define INTEGER 0x02
#define OCTET_STRING 0x04
#define SEQUENCE 0x30
#define SET 0x31
#define CONTEXT_0 0xa0

struct der {
	const u8 *at;
	const u8 *end;
};

/* Steps over the next element, which must have that tag, and returns its content. */
static bool take(struct der *der, u8 tag, struct der *content)
{
	size_t length, left;

	if (der->end - der->at < 2 || der->at[0] != tag)
		return false;
	length = der->at[1];
	der->at += 2;
	if (length == 0x81) {
		if (der->at == der->end || der->at[0] < 0x80)
			return false;
		length = *der->at++;
	} else if (length == 0x82) {
		if (der->end - der->at < 2 || der->at[0] == 0)
			return false;
		length = der->at[0] << 8 | der->at[1];
		der->at += 2;
	} else if (length >= 0x80) {
		return false;
	}
	left = der->end - der->at;
	if (length > left)
		return false;
	*content = (struct der){.at = der->at, .end = der->at + length};
	der->at += length;
	return true;
}

/* Steps over bytes that can only be these. */
static bool take_known(struct der *der, const u8 *bytes, size_t size)
{
	if ((size_t)(der->end - der->at) < size || memcmp(der->at, bytes, size) != 0)
		return false;
	der->at += size;
	return true;
}

static bool is_at_end(const struct der *der)
{
	return der->at == der->end;
}

/* At least one byte, and no more than the number needs; not negative. */
static bool is_number(const struct der *content)
{
	const size_t size = content->end - content->at;

	return size > 0 && content->at[0] < 0x80 &&
	       (size == 1 || content->at[0] != 0 || content->at[1] >= 0x80);
}

/* SEQUENCE { OID sha256 }: RFC 5754, without parameters. */
static const u8 sha256[] = {SEQUENCE, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01};
static const u8 version_1[] = {INTEGER, 0x01, 0x01};

/* SignerInfo of RFC 5652. */
static bool is_signer(struct der *signer)
{
	/* SEQUENCE { OID rsaEncryption, NULL }: RFC 3370. */
	static const u8 rsa[] = {SEQUENCE, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
				 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};
	struct der name, issuer, serial, value;

	return take_known(signer, version_1, sizeof(version_1)) && take(signer, SEQUENCE, &name) &&
	       take(&name, SEQUENCE, &issuer) && take(&name, INTEGER, &serial) && is_at_end(&name) &&
	       is_number(&serial) && take_known(signer, sha256, sizeof(sha256)) &&
	       take_known(signer, rsa, sizeof(rsa)) && take(signer, OCTET_STRING, &value) &&
	       is_at_end(signer);
}

bool rex_cms_is_canonical(const u8 *bytes, size_t size)
{
	/* OID signedData; SEQUENCE { OID data }: no content, it is detached. */
	static const u8 signed_data[] = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02};
	static const u8 content[] = {SEQUENCE, 0x0b, 0x06, 0x09, 0x2a, 0x86, 0x48,
				     0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01};
	struct der all = {.at = bytes, .end = bytes + size};
	struct der info, explicit, data, digests, signers, signer;

	return take(&all, SEQUENCE, &info) && is_at_end(&all) &&
	       take_known(&info, signed_data, sizeof(signed_data)) && take(&info, CONTEXT_0, &explicit) &&
	       is_at_end(&info) && take(&explicit, SEQUENCE, &data) && is_at_end(&explicit) &&
	       take_known(&data, version_1, sizeof(version_1)) && take(&data, SET, &digests) &&
	       take_known(&digests, sha256, sizeof(sha256)) && is_at_end(&digests) &&
	       take_known(&data, content, sizeof(content)) && take(&data, SET, &signers) &&
	       is_at_end(&data) && take(&signers, SEQUENCE, &signer) && is_at_end(&signers) &&
	       is_signer(&signer);
}
