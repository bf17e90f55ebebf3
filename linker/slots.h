/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtual calls told apart by the slot of the table that they read. Methods of one trait with the
 * same parameters have one kcfi id, so that a call of either could reach both. The pass gives each
 * virtual call an id of its own for (id, slot) and says so in section .rex_slots
 * (llvm-pass/slots.cpp). Here functions get the ids of the calls that can reach them, going by the
 * slots that hold their addresses; where that cannot be told, they and the calls share an id as
 * before.
 *
 * No bound rests on this: what calls may reach is read from the ids of the result, and the run-time
 * checks enforce those. What would go wrong with a wrong id here is a call that traps.
 */
#ifndef REXC_LINKER_SLOTS_H
#define REXC_LINKER_SLOTS_H

#include "linker/code.h"

#include <stdint.h>

struct diag;

/* Replaces ids in the linked image, of which code->object is a view, and in code. bytes are the
 * image's. Reports and returns -1 when .rex_slots is damaged or memory ran out. */
int slots_separate(struct diag *diag, struct code *code, uint8_t *bytes);

#endif
