// SPDX-License-Identifier: GPL-2.0-only
#include <linux/kernel.h>
#include <linux/string.h>

#include "runtime/abi/rex_imports.h"
#include "runtime/abi/rex_text.h"
#include "runtime/kernel/layout.h"
#include "runtime/kernel/note.h"

/* docs/object-format.md: a descriptor has at most 4 MiB. */
#define NOTE_MAX (4u << 20)
#define PROGRAMS_MAX 256
#define MAPS_MAX 256
#define ENDBR64 0xfa1e0ff3u /* little-endian f3 0f 1e fa */

struct note_reader {
	const struct rex_note_header *header;
	u32 end; /* of the table before */
	struct rex_message *message;
};

/* Uses of strings so far. */
struct strings {
	const struct rex_note *note;
	u32 next; /* where the next new string has to be */
	bool bad;
};

/* The next table: aligned, directly behind the one before but for padding of zeroes, inside the note. */
static const void *next_table(struct note_reader *reader, const struct rex_note_table *table, u32 entry)
{
	const u32 start = ALIGN(reader->end, 8);

	if (table->offset != start || start > reader->header->size ||
	    table->count > (reader->header->size - start) / entry ||
	    memchr_inv((const u8 *)reader->header + reader->end, 0, start - reader->end))
		return NULL;
	reader->end = start + table->count * entry;
	return (const u8 *)reader->header + start;
}

static int read_header(struct rex_note *note, const struct rex_elf *elf, struct rex_message *message)
{
	const Elf64_Nhdr *elf_note = (const void *)elf->note;
	const u32 before = sizeof(*elf_note) + sizeof(u32); /* and the name "Rex" */

	if (elf->note_size < before + sizeof(*note->header) ||
	    elf_note->n_namesz != sizeof(REX_NOTE_NAME) || elf_note->n_type != REX_NOTE_TYPE ||
	    memcmp(elf_note + 1, REX_NOTE_NAME, sizeof(REX_NOTE_NAME)) != 0 ||
	    elf_note->n_descsz != elf->note_size - before || elf->note_size > NOTE_MAX)
		return rex_refuse(message, -ENOEXEC, "REX0740: .note.rex is not one note by Rex");
	note->header = (const void *)(elf->note + before);
	if (note->header->version != REX_NOTE_VERSION || note->header->abi != REX_ABI_VERSION)
		return rex_refuse(message, -EPROTONOSUPPORT,
				  "REX0852: the object's note is of version %u and for ABI %u; this module reads %u and %u",
				  note->header->version, note->header->abi, REX_NOTE_VERSION,
				  REX_ABI_VERSION);
	if (note->header->size != elf_note->n_descsz)
		return rex_refuse(message, -ENOEXEC, "REX0740: the note's size is wrong");
	return 0;
}

static int read_tables(struct rex_note *note, struct rex_message *message)
{
	const struct rex_note_header *header = note->header;
	struct note_reader reader = {.header = header, .end = sizeof(*header), .message = message};

	note->programs = next_table(&reader, &header->programs, sizeof(*note->programs));
	note->maps = note->programs ? next_table(&reader, &header->maps, sizeof(*note->maps)) : NULL;
	note->imports = note->maps ? next_table(&reader, &header->imports, sizeof(*note->imports)) : NULL;
	note->fields = note->imports ? next_table(&reader, &header->fields, sizeof(*note->fields)) : NULL;
	note->checks = note->fields ? next_table(&reader, &header->checks, sizeof(*note->checks)) : NULL;
	note->returns = note->checks ? next_table(&reader, &header->returns, sizeof(*note->returns)) : NULL;
	note->provenance =
		note->returns ? next_table(&reader, &header->provenance, sizeof(*note->provenance)) : NULL;
	note->strings = note->provenance ? next_table(&reader, &header->strings, 1) : NULL;
	if (!note->strings)
		return rex_refuse(message, -ENOEXEC, "REX0740: the note's tables are malformed");
	note->strings_size = header->strings.count;
	if (note->strings_size == 0 || note->strings[0] != '\0' ||
	    note->strings[note->strings_size - 1] != '\0' || reader.end != header->size)
		return rex_refuse(message, -ENOEXEC, "REX0740: the note's strings are malformed");
	if (header->programs.count == 0 || header->programs.count > PROGRAMS_MAX ||
	    header->maps.count > MAPS_MAX)
		return rex_refuse(message, -ENOEXEC,
				  "the object has %u programs and %u maps; 1 to %u and up to %u are possible",
				  header->programs.count, header->maps.count, PROGRAMS_MAX, MAPS_MAX);
	return 0;
}

/*
 * The next use of a string. All strings but the empty one stand in the order of their uses, so each byte of the
 * table is looked at once, however many uses there are.
 */
static void use_string(struct strings *strings, u32 offset)
{
	const u8 *text = (const u8 *)strings->note->strings;
	u32 at = strings->next;

	if (offset == 0)
		return;
	/* The table ends with NUL, so a sequence that begins in it ends in it, or is not well-formed. */
	while (offset == strings->next && at < strings->note->strings_size && text[at] != 0) {
		const u32 length = rex_text_character_length(text + at);

		if (length == 0)
			break;
		at += length;
	}
	if (at == strings->next || at >= strings->note->strings_size || text[at] != 0)
		strings->bad = true;
	else
		strings->next = at + 1;
}

/* Of two strings that were used in this order. */
static bool ascend(const struct rex_note *note, u32 first, u32 second)
{
	return strcmp(rex_note_string(note, first), rex_note_string(note, second)) < 0;
}

static bool fields_ascend(const struct rex_note *note, const struct rex_note_field *entry)
{
	const int order = strcmp(rex_note_string(note, entry[-1].structure),
				 rex_note_string(note, entry->structure));

	return order < 0 || (order == 0 && ascend(note, entry[-1].field, entry->field));
}

/* Strings are where the order of their uses puts them. */
static bool check_strings(const struct rex_note *note)
{
	const struct rex_note_header *header = note->header;
	struct strings strings = {.note = note, .next = 1};
	u32 i;

	use_string(&strings, header->license);
	for (i = 0; i < header->programs.count; i++) {
		use_string(&strings, note->programs[i].name);
		use_string(&strings, note->programs[i].section);
	}
	for (i = 0; i < header->maps.count; i++)
		use_string(&strings, note->maps[i].name);
	for (i = 0; i < header->imports.count; i++)
		use_string(&strings, note->imports[i].name);
	for (i = 0; i < header->fields.count; i++) {
		use_string(&strings, note->fields[i].structure);
		use_string(&strings, note->fields[i].field);
	}
	for (i = 0; i < header->provenance.count; i++) {
		use_string(&strings, note->provenance[i].key);
		use_string(&strings, note->provenance[i].value);
	}
	/* The table takes the padding that makes the whole a multiple of 8. */
	return !strings.bad && ALIGN(strings.next, 8) == note->strings_size &&
	       !memchr_inv(note->strings + strings.next, 0, note->strings_size - strings.next);
}

/* Tables are in order, nothing is named twice, and reserved members are 0. */
static bool check_order(const struct rex_note *note)
{
	const struct rex_note_header *header = note->header;
	bool good = true;
	u32 i, j;

	for (i = 0; i < header->programs.count; i++) {
		good = good && (i == 0 || note->programs[i - 1].entry < note->programs[i].entry);
		for (j = 0; j < i; j++)
			good = good && strcmp(rex_note_string(note, note->programs[j].name),
					      rex_note_string(note, note->programs[i].name)) != 0;
	}
	for (i = 0; i < header->maps.count; i++) {
		good = good && note->maps[i].reserved == 0 &&
		       (i == 0 || note->maps[i - 1].address < note->maps[i].address);
		for (j = 0; j < i; j++)
			good = good && strcmp(rex_note_string(note, note->maps[j].name),
					      rex_note_string(note, note->maps[i].name)) != 0;
	}
	for (i = 1; i < header->imports.count; i++)
		good = good && ascend(note, note->imports[i - 1].name, note->imports[i].name);
	for (i = 1; i < header->fields.count; i++)
		good = good && fields_ascend(note, &note->fields[i]);
	for (i = 0; i < header->checks.count; i++)
		good = good && note->checks[i].reserved == 0 &&
		       (i == 0 || note->checks[i - 1].function < note->checks[i].function);
	for (i = 1; i < header->returns.count; i++)
		good = good && note->returns[i - 1] < note->returns[i];
	for (i = 1; i < header->provenance.count; i++)
		good = good && ascend(note, note->provenance[i - 1].key, note->provenance[i].key);
	return good;
}

/* docs/object-format.md, "One encoding": a note that two readers read in two ways is none. */
static int check_encoding(const struct rex_note *note, struct rex_message *message)
{
	if (!check_strings(note) || !check_order(note))
		return rex_refuse(message, -ENOEXEC, "REX0740: the note is not in its one encoding");
	return 0;
}

/* Whether an address is a function's start, with endbr64 there. */
static bool is_entry(const struct rex_elf *elf, u64 address)
{
	const u8 *bytes = rex_elf_at(elf, address, sizeof(u32));
	u32 first;

	if (!rex_elf_function_at(elf, address) || !bytes)
		return false;
	memcpy(&first, bytes, sizeof(first));
	return first == ENDBR64;
}

static int check_programs(const struct rex_note *note, const struct rex_elf *elf,
			  struct rex_message *message)
{
	u32 i;

	if (note->header->programs.count != elf->program_count)
		return rex_refuse(message, -ENOEXEC, "REX0741: the note has %u programs, the object %u",
				  note->header->programs.count, elf->program_count);
	for (i = 0; i < note->header->programs.count; i++) {
		const struct rex_note_program *program = &note->programs[i];
		const char *name = rex_note_string(note, program->name);
		const struct rex_elf_function *function = rex_elf_function_at(elf, program->entry);

		if (name[0] == '\0' || strlen(name) >= REX_NAME_SIZE)
			return rex_refuse(message, -ENOEXEC, "REX0740: program %u has no usable name", i);
		if (program->type >= REX_PROGRAM_TYPES || program->flags & ~REX_NOTE_CHECKED ||
		    program->reserved != 0)
			return rex_refuse(message, -ENOEXEC, "REX0740: program %s is malformed", name);
		if (!function || strcmp(function->name, name) != 0)
			return rex_refuse(message, -ENOEXEC,
					  "REX0741: no function %s begins at 0x%llx, where the note says",
					  name, program->entry);
		/* The type says what the context is: the code was made for the type of its section. */
		if (rex_type_of_section(function->section) != (int)program->type ||
		    strcmp(rex_note_string(note, program->section), function->section) != 0)
			return rex_refuse(message, -ENOEXEC,
					  "REX0741: program %s is not in the section, or not of the type, that the note says",
					  name);
		if (!is_entry(elf, program->entry))
			return rex_refuse(message, -ENOEXEC, "REX0737: program %s does not begin with endbr64",
					  name);
		if (program->stack_bound > REX_STACK_PROGRAM)
			return rex_refuse(message, -ENOEXEC,
					  "REX0743: program %s needs %u bytes of stack; there are %u",
					  name, program->stack_bound, REX_STACK_PROGRAM);
	}
	return 0;
}

static int check_own_functions(const struct rex_note *note, const struct rex_elf *elf,
			       struct rex_message *message)
{
	const struct rex_note_header *header = note->header;
	const struct rex_elf_function *body = rex_elf_function(elf, REX_SYMBOL_PANIC_BODY);
	const struct rex_elf_function *timeout = rex_elf_function(elf, REX_SYMBOL_HANDLE_TIMEOUT);

	if (!body || body->start != header->panic_body || !is_entry(elf, header->panic_body) ||
	    !body->global || rex_type_of_section(body->section) >= 0 ||
	    !timeout || timeout->start != header->handle_timeout ||
	    !timeout->global || rex_type_of_section(timeout->section) >= 0 ||
	    !is_entry(elf, header->handle_timeout))
		return rex_refuse(message, -ENOEXEC, "REX0718: %s or %s is not where the note says",
				  REX_SYMBOL_PANIC_BODY, REX_SYMBOL_HANDLE_TIMEOUT);
	if (header->panic_bound > REX_PANIC_STACK || header->panic_flags & ~REX_NOTE_CHECKED)
		return rex_refuse(message, -ENOEXEC,
				  "REX0743: the panic body needs %u bytes of stack; there are %u",
				  header->panic_bound, REX_PANIC_STACK);
	return 0;
}

int rex_note_read(struct rex_note *note, const struct rex_elf *elf, struct rex_message *message)
{
	int error;

	*note = (struct rex_note){};
	error = read_header(note, elf, message);
	if (!error)
		error = read_tables(note, message);
	if (!error)
		error = check_encoding(note, message);
	if (!error)
		error = check_programs(note, elf, message);
	if (!error)
		error = check_own_functions(note, elf, message);
	return error;
}

const char *rex_note_string(const struct rex_note *note, u32 offset)
{
	return note->strings + offset;
}

const char *rex_note_provenance(const struct rex_note *note, const char *key)
{
	u32 i;

	for (i = 0; i < note->header->provenance.count; i++) {
		if (strcmp(rex_note_string(note, note->provenance[i].key), key) == 0)
			return rex_note_string(note, note->provenance[i].value);
	}
	return NULL;
}

u32 rex_note_types(const struct rex_note *note)
{
	u32 types = 0, i;

	for (i = 0; i < note->header->programs.count; i++)
		types |= 1u << note->programs[i].type;
	return types;
}
