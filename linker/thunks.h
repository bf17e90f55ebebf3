/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The thunks: one small relocatable object, made without an assembler, that holds every indirect
 * branch of a program. It has a thunk for each function of runtime/abi/imports.def in a section of
 * its own, so that
 * --gc-sections leaves the ones that are used, and they are the only references to the imports'
 * symbols.
 *
 *   __rex_import_NAME          f3 0f 1e fa  ff 25 REL32   endbr64 ; jmp *NAME@GOTPCREL(%rip)
 *   __x86_indirect_thunk_r11   41 ff e3                   jmp *%r11
 *   __x86_return_thunk         c3                         ret
 *
 * Each begins at a multiple of 16 bytes and has 16 bytes to itself, the rest filled with int3, so
 * that a loader can write something else over it (a direct jump, a retpoline of its kernel's). The
 * symbols are hidden functions whose size is the code's, without the filling.
 */
#ifndef REXC_LINKER_THUNKS_H
#define REXC_LINKER_THUNKS_H

#include "base/buffer.h"

#define THUNK_PREFIX "__rex_import_"
#define THUNK_SLOT 16               /* bytes that each thunk has to itself */
#define THUNK_IMPORT_SIZE 10        /* bytes of code of an import's thunk */
#define THUNK_IMPORT_DISPLACEMENT 6 /* offset of its REL32 */

/* Appends the object's bytes (ELF64 relocatable): the same bytes at each call. Returns 0, or -1
 * when memory ran out. */
int thunks_write(struct buffer *object);

#endif
