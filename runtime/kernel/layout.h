/* SPDX-License-Identifier: GPL-2.0-only */
/* Sections and symbols of an object, checked as `rexc verify` does (docs/object-format.md, "The contract"). */
#ifndef REX_KERNEL_LAYOUT_H
#define REX_KERNEL_LAYOUT_H

#include "runtime/kernel/elf.h"

/*
 * Whether sections are of known names, types and flags, lie where their segments put them, and account for every byte
 * of the file; and whether the dynamic table says the same. Notes where the sections are that relocations may fill.
 * The segments have been looked at.
 */
int rex_layout_check_sections(struct rex_elf *elf, struct rex_message *message);
/* Whether symbols are in their sections, of known kinds, and named once. Counts the programs. */
int rex_layout_check_symbols(struct rex_elf *elf, struct rex_message *message);
/* enum rex_program_type of the programs in a section, by libbpf's names for them; negative: it is for none. */
int rex_type_of_section(const char *section);

#endif
