/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One instruction: its bytes in, what the rest needs to know of it out. Zydis decodes; instructions
 * that were met before are remembered, as decoding is the greatest cost of reading code and
 * compilers write the same instructions again and again.
 */
#ifndef REXC_LINKER_DECODE_H
#define REXC_LINKER_DECODE_H

#include "linker/code.h"

struct decoder;

/* judge may be NULL; see code_read(). NULL when memory ran out. */
struct decoder *decoder_new(code_judge *judge);
void decoder_free(struct decoder *decoder);

/* Decodes the instruction at bytes, of which at most room (at least 1) may be used, and whose
 * address is filled in: class, mnemonic, length, facts, target and form. Returns 0; or -1, nothing
 * filled in, when the bytes are no instruction or one of more than room bytes. */
int decode_instruction(struct decoder *decoder, const uint8_t *bytes, uint64_t room,
                       struct code_instruction *instruction);

#endif
