/* SPDX-License-Identifier: Apache-2.0 */
/* Objects made from good.S, for tests that break one thing in them. Failures end the test. */
#ifndef REXC_TESTS_VERIFY_FIXTURE_H
#define REXC_TESTS_VERIFY_FIXTURE_H

#include "base/buffer.h"
#include "linker/note.h"
#include "linker/object.h"
#include "linker/verify.h"

/* Assembles and links good.S with one more option for the assembler (NULL: none), adds a note that
 * says what it should (license "GPL"), and gives the bytes of an unsigned object. change_note may
 * alter the note. */
void fixture_make(const char *option, void (*change_note)(struct note *), struct buffer *object);

/* An object's bytes and where things are in them. Pointers lead into the bytes. */
struct fixture {
    uint8_t *bytes;
    size_t size;
    struct object *object; /* as it was before any change */
};
void fixture_open(const struct buffer *good, struct fixture *fixture);
void fixture_close(struct fixture *fixture);

Elf64_Ehdr *fixture_header(struct fixture *fixture);
Elf64_Phdr *fixture_segment(struct fixture *fixture, uint32_t type, uint32_t flags);
Elf64_Shdr *fixture_section(struct fixture *fixture, const char *name);
Elf64_Sym *fixture_symbol(struct fixture *fixture, const char *name);
Elf64_Sym *fixture_dynamic_symbol(struct fixture *fixture, const char *name);
Elf64_Rela *fixture_relocation(struct fixture *fixture, uint32_t type, size_t index);
Elf64_Dyn *fixture_dynamic(struct fixture *fixture, int64_t tag);
char *fixture_string(struct fixture *fixture, const char *text); /* in .strtab */
uint64_t fixture_address(struct fixture *fixture, const char *symbol);
uint64_t fixture_slot(struct fixture *fixture, const char *symbol);
uint8_t *fixture_at(struct fixture *fixture, uint64_t address);
/* Where canvas has its 32 bytes of nop. */
uint8_t *fixture_canvas(struct fixture *fixture, uint64_t *address);
/* Writes bytes, given as hexadecimal digits and spaces, to the canvas. */
void fixture_paint(struct fixture *fixture, const char *hexadecimal);
/* Writes a 32-bit distance at canvas + offset so that an instruction that ends right behind it
 * leads to target. */
void fixture_aim(struct fixture *fixture, size_t offset, uint64_t target);

/* Verifies, and tells whether the rules that are broken are those of the set (bit 1 << rule). When
 * it is otherwise, prints what is broken after all, for `what`. */
bool fixture_expect_rules(const struct fixture *fixture, enum verify_trust trust, uint64_t rules,
                          const char *what);
/* Verifies, and tells whether the given rule, and no other, is broken; VERIFY_RULES: whether none
 * is. When it is otherwise, prints what is broken after all, for `what`. */
bool fixture_expect(const struct fixture *fixture, enum verify_trust trust, enum verify_rule rule,
                    const char *what);

#endif
