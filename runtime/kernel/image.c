// SPDX-License-Identifier: GPL-2.0-only
#include <linux/mm.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include <asm/text-patching.h>

#include "runtime/kernel/compat.h"
#include "runtime/kernel/image.h"
#include "runtime/kernel/imports.h"
#include "runtime/kernel/returns.h"
#include "runtime/kernel/stack_checks.h"
#include "runtime/kernel/symbols.h"

#ifdef REX_HAVE_EXECMEM
#include <linux/execmem.h>
#endif

/* Writable and not executable, on both kernels, and in reach of the kernel's text. */
static void *allocate(size_t size)
{
#ifdef REX_HAVE_EXECMEM
	return rex_kernel_execmem_alloc(EXECMEM_MODULE_TEXT, size);
#else
	return rex_kernel_module_alloc(size);
#endif
}

static void release(void *memory)
{
#ifdef REX_HAVE_EXECMEM
	rex_kernel_execmem_free(memory);
#else
	rex_kernel_module_memfree(memory);
#endif
}

static void copy_segments(struct rex_image *image, const struct rex_elf *elf)
{
	u32 i;

	for (i = 0; i < elf->segment_count; i++) {
		const Elf64_Phdr *segment = &elf->segments[i];
		u8 *start = image->base + segment->p_vaddr;

		if (segment->p_type != PT_LOAD)
			continue;
		memcpy(start, elf->bytes + segment->p_offset, segment->p_filesz);
		memset(start + segment->p_filesz, 0, segment->p_memsz - segment->p_filesz);
	}
}

int rex_image_create(struct rex_image *image, const struct rex_elf *elf, const struct rex_note *note,
		     size_t trampolines, struct rex_message *message)
{
	/* One gate for each symbol is enough. */
	const size_t checks = trampolines + elf->dynamic_symbol_count * rex_gate_size();
	const size_t extra = checks + rex_stack_checks_room(elf);
	struct vm_struct *area;
	int error;

	*image = (struct rex_image){.size = elf->image_size, .extra = PAGE_ALIGN(extra),
				    .gates = elf->image_size + trampolines,
				    .checks = elf->image_size + checks};
	image->base = allocate(image->size + image->extra);
	area = image->base ? rex_kernel_find_vm_area(image->base) : NULL;
	if (!area) {
		rex_image_free(image);
		return rex_refuse(message, -ENOMEM, "no memory for an image of %u bytes", image->size);
	}
	/* When it is freed its pages, in the kernel's other mapping of them too, become writable again. */
	area->flags |= VM_FLUSH_RESET_PERMS;
	image->text_start = (unsigned long)image->base + elf->text_start;
	image->text_end = (unsigned long)image->base + elf->text_end;
	image->handle_timeout = (unsigned long)image->base + note->header->handle_timeout;
	image->panic_body = (unsigned long)image->base + note->header->panic_body;
	memset(image->base, INT3_INSN_OPCODE, image->size + image->extra);
	copy_segments(image, elf);
	error = rex_returns_link(image, elf, note, message);
	if (!error)
		error = rex_imports_link(image, elf, note, message);
	if (error)
		rex_image_free(image);
	return error;
}

static int protect_range(struct rex_image *image, u32 start, u32 end, bool executable)
{
	const unsigned long address = (unsigned long)image->base + start;
	const int pages = (end - start) / PAGE_SIZE;
	int error;

	if (pages == 0)
		return 0;
	error = rex_kernel_set_memory_ro(address, pages);
	if (!error && executable)
		error = rex_kernel_set_memory_x(address, pages);
	return error;
}

int rex_image_protect(struct rex_image *image, const struct rex_elf *elf, struct rex_message *message)
{
	int error = 0;
	u32 i;

	for (i = 0; i < elf->segment_count && !error; i++) {
		const Elf64_Phdr *segment = &elf->segments[i];

		if (segment->p_type == PT_LOAD && !(segment->p_flags & PF_W))
			error = protect_range(image, segment->p_vaddr,
					      PAGE_ALIGN(segment->p_vaddr + segment->p_memsz),
					      segment->p_flags & PF_X);
	}
	if (!error)
		error = protect_range(image, elf->relro_start, elf->relro_end, false);
	if (!error)
		error = protect_range(image, image->size, image->size + image->extra, true);
	if (error)
		return rex_refuse(message, error, "the image's memory cannot be protected: error %d", error);
	return 0;
}

void rex_image_free(struct rex_image *image)
{
	if (image->base)
		release(image->base);
	*image = (struct rex_image){};
}

void rex_image_put(struct rex_image *image, u32 address, u64 value)
{
	memcpy(image->base + address, &value, sizeof(value));
}

int rex_image_displace(u8 *end, unsigned long target)
{
	const s64 distance = target - (unsigned long)end;
	const s32 relative = distance;

	if (relative != distance)
		return -ERANGE;
	memcpy(end - sizeof(relative), &relative, sizeof(relative));
	return 0;
}

int rex_image_jump(u8 *at, unsigned long target)
{
	at[0] = JMP32_INSN_OPCODE;
	return rex_image_displace(at + JMP32_INSN_SIZE, target);
}
