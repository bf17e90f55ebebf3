// SPDX-License-Identifier: GPL-2.0-only
/* Copies of the templates in dispatch.S: programs' trampolines and imports' gates. */
#include <linux/string.h>

#include "runtime/kernel/helpers.h"
#include "runtime/kernel/imports.h"
#include "runtime/kernel/object.h"
#include "runtime/kernel/returns.h"
#include "runtime/kernel/state.h"

#define TRAMPOLINE_ALIGN 64
#define GATE_ALIGN 32

size_t rex_trampoline_size(void)
{
	return ALIGN(rex_trampoline_end - rex_trampoline_template, TRAMPOLINE_ALIGN);
}

size_t rex_gate_size(void)
{
	return ALIGN(rex_gate_end - rex_gate_template, GATE_ALIGN);
}

/* A direct call may pass over the mark of the places that indirect ones may lead to. */
static unsigned long past_mark(unsigned long entry)
{
	static const u8 endbr64[] = {0xf3, 0x0f, 0x1e, 0xfa};

	return memcmp((const void *)entry, endbr64, sizeof(endbr64)) == 0 ? entry + sizeof(endbr64) : entry;
}

int rex_program_write_trampoline(struct rex_program *program, u8 *at)
{
	const struct {
		const u8 *label;
		unsigned long target;
	} branches[] = {
		{rex_trampoline_nested, (unsigned long)rex_enter_aside},
		{rex_trampoline_masked, (unsigned long)rex_enter_masked},
		{rex_trampoline_entry, past_mark(program->entry)},
		{rex_trampoline_pending, (unsigned long)rex_leave_pending},
		{rex_trampoline_reschedule, (unsigned long)rex_leave_reschedule},
	};
	int error = 0;
	size_t i;

	memcpy(at, rex_trampoline_template, rex_trampoline_end - rex_trampoline_template);
	memcpy(at + (rex_trampoline_program - rex_trampoline_template) - sizeof(program), &program,
	       sizeof(program));
	for (i = 0; i < ARRAY_SIZE(branches) && !error; i++)
		error = rex_image_displace(at + (branches[i].label - rex_trampoline_template), branches[i].target);
	if (!error)
		error = rex_return_put(at + (rex_trampoline_reschedule - rex_trampoline_template));
	program->trampoline = (unsigned long)at;
	return error;
}

int rex_gate_write(u8 *at, unsigned long import)
{
	int error;

	memcpy(at, rex_gate_template, rex_gate_end - rex_gate_template);
	error = rex_image_displace(at + (rex_gate_import - rex_gate_template), import);
	return error ? error : rex_image_displace(at + (rex_gate_timeout - rex_gate_template), (unsigned long)rex_timeout);
}
