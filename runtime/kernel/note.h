/* SPDX-License-Identifier: GPL-2.0-only */
/* Section .note.rex, in its one encoding, and compared with the object. Points into the file. */
#ifndef REX_KERNEL_NOTE_H
#define REX_KERNEL_NOTE_H

#include "runtime/abi/rex_note.h"
#include "runtime/kernel/elf.h"

struct rex_note {
	const struct rex_note_header *header;
	const struct rex_note_program *programs;
	const struct rex_note_map *maps;
	const struct rex_note_import *imports;
	const struct rex_note_field *fields;
	const struct rex_note_check *checks;
	const u32 *returns;
	const struct rex_note_pair *provenance;
	const char *strings;
	u32 strings_size;
};

/* The programs a loader would load: what it says is compared with the object. */
int rex_note_read(struct rex_note *note, const struct rex_elf *elf, struct rex_message *message);
/* The string of a number that rex_note_read() has checked. */
const char *rex_note_string(const struct rex_note *note, u32 offset);
/* What the object was built from, by key; NULL when the note does not say. */
const char *rex_note_provenance(const struct rex_note *note, const char *key);
/* Bit of REX_TYPE_* for each program. */
u32 rex_note_types(const struct rex_note *note);

#endif
