/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An object in memory: one row of pages in the module range, so that everything in it reaches every
 * kernel function by a 32-bit displacement. First the image as its file lays it out, then a page or more with
 * the programs' trampolines, the imports' gates and what is apart of the stack checks. While it is filled in it is
 * writable and not executable; then the text and those pages are made executable and read-only, everything else but
 * writable data read-only.
 */
#ifndef REX_KERNEL_IMAGE_H
#define REX_KERNEL_IMAGE_H

#include <linux/types.h>

#include "runtime/kernel/elf.h"
#include "runtime/kernel/message.h"
#include "runtime/kernel/note.h"

struct rex_image {
	u8 *base; /* NULL: there is none */
	u32 size; /* of the image, whole pages */
	u32 extra; /* of the trampolines, gates and stack checks, whole pages */
	u32 gates, checks; /* where those begin, from base */
	unsigned long text_start, text_end;
	unsigned long handle_timeout, panic_body;
};

/* Allocates and fills in everything but what the trampolines and maps need; writable, not executable. */
int rex_image_create(struct rex_image *image, const struct rex_elf *elf, const struct rex_note *note,
		     size_t trampolines, struct rex_message *message);
/* Makes it what it stays until it is freed. */
int rex_image_protect(struct rex_image *image, const struct rex_elf *elf, struct rex_message *message);
/* No CPU may be in it any more. */
void rex_image_free(struct rex_image *image);
/* Puts a word where the caller knows that one is to be. */
void rex_image_put(struct rex_image *image, u32 address, u64 value);

static inline bool rex_image_has_text(const struct rex_image *image, unsigned long address)
{
	return address >= image->text_start && address < image->text_end;
}

/* Puts the displacement of an instruction that ends at `end`, to run there. -ERANGE: the target is out of reach. */
int rex_image_displace(u8 *end, unsigned long target);
/* The same with `jmp rel32`, at an address. */
int rex_image_jump(u8 *at, unsigned long target);

#endif
