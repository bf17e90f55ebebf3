// SPDX-License-Identifier: GPL-2.0-only
/* A program's trampoline: a copy of the template in dispatch.S with the program's own addresses in it. */
#include <linux/string.h>

#include "runtime/kernel/object.h"
#include "runtime/kernel/state.h"

#define TRAMPOLINE_ALIGN 64

size_t rex_trampoline_size(void)
{
	return ALIGN(rex_trampoline_end - rex_trampoline_template, TRAMPOLINE_ALIGN);
}

/* The displacement that ends at the label. */
static int put_displacement(u8 *at, const u8 *label, unsigned long target)
{
	u8 *end = at + (label - rex_trampoline_template);
	const s64 distance = target - (unsigned long)end;
	const s32 relative = distance;

	if (relative != distance)
		return -ERANGE;
	memcpy(end - sizeof(relative), &relative, sizeof(relative));
	return 0;
}

int rex_program_write_trampoline(struct rex_program *program, u8 *at)
{
	int error;

	memcpy(at, rex_trampoline_template, rex_trampoline_end - rex_trampoline_template);
	memcpy(at + (rex_trampoline_program - rex_trampoline_template) - sizeof(program), &program,
	       sizeof(program));
	error = put_displacement(at, rex_trampoline_nested, (unsigned long)rex_enter_aside);
	if (!error)
		error = put_displacement(at, rex_trampoline_masked, (unsigned long)rex_enter_aside);
	if (!error)
		error = put_displacement(at, rex_trampoline_entry, program->entry);
	if (!error)
		error = put_displacement(at, rex_trampoline_leave, (unsigned long)rex_leave);
	program->trampoline = (unsigned long)at;
	return error;
}
