/* SPDX-License-Identifier: Apache-2.0 */
#include "linker/link.h"

/* The layout of the object contract, from address 0: what is read, what is executed, what is read
 * after relocation, what is written; each on pages of its own. Every section has a place or is an
 * error
 * (--orphan-handling=error). */
static const char layout_read[] =
    "SECTIONS {\n"
    "  . = SIZEOF_HEADERS;\n"
    "  .dynsym : { *(.dynsym) }\n"
    "  .gnu.hash : { *(.gnu.hash) }\n"
    "  .dynstr : { *(.dynstr) }\n"
    "  .rela.dyn : { *(.rela.dyn) }\n"
    /* Never in a good program; given a place so that link_check() can name the symbol behind it. */
    "  .rela.plt : { *(.rela.plt) }\n"
    "  .rodata : { *(.rodata .rodata.*) }\n"
    "  . = ALIGN(4096);\n"
    "  .text : { *(.text .text.*) . = ALIGN(16); } =0xcccccccc\n"
    "  .plt : { *(.plt) }\n";

static const char layout_write[] = "  . = ALIGN(4096);\n"
                                   "  . = DATA_SEGMENT_ALIGN(4096, 4096);\n"
                                   "  .dynamic : { *(.dynamic) }\n"
                                   "  .got : { *(.got) }\n"
                                   "  .got.plt : { *(.got.plt) }\n"
                                   "  .maps : { KEEP(*(.maps)) }\n"
                                   "  .data.rel.ro : { *(.data.rel.ro .data.rel.ro.*) }\n"
                                   "  . = DATA_SEGMENT_RELRO_END(0, .);\n"
                                   "  .data : { *(.data .data.*) }\n"
                                   "  .bss : { *(.bss .bss.* COMMON) }\n";

/* Not loaded. DWARF sections by the names of DWARF 5, 7.4 and its predecessors. */
static const char *const kept[] = {
    ".comment",
    ".debug_abbrev",
    ".debug_addr",
    ".debug_aranges",
    ".debug_frame",
    ".debug_info",
    ".debug_line",
    ".debug_line_str",
    ".debug_loc",
    ".debug_loclists",
    ".debug_macinfo",
    ".debug_macro",
    ".debug_names",
    ".debug_pubnames",
    ".debug_pubtypes",
    ".debug_ranges",
    ".debug_rnglists",
    ".debug_str",
    ".debug_str_offsets",
    ".debug_types",
    ".debug_gnu_pubnames",
    ".debug_gnu_pubtypes",
    /* For the analysis and for slots.h; no part of the finished object. */
    ".rex_slots",
    ".stack_sizes",
    ".symtab",
    ".strtab",
    ".shstrtab",
};

/*
 * Nothing unwinds (.eh_frame); the machine code itself tells where kcfi's traps are (.kcfi_traps);
 * the loader knows what the code needs (.note.*); no debugger scripts.
 */
static const char discarded[] =
    "  /DISCARD/ : { *(.eh_frame .kcfi_traps .note.gnu.property .note.GNU-stack\n"
    "                  .debug_gdb_scripts .llvm_addrsig) }\n"
    "}\n";

int link_script(struct buffer *script, const char *const *program_sections, size_t section_count,
                const struct link_need *needs, size_t need_count)
{
    /* A check adds its symbol's value to rsp. PROVIDE leaves out the needs that nothing refers to;
     * and the value is absolute, being assigned outside SECTIONS. */
    for (size_t i = 0; i < need_count; i++)
        buffer_format(script, "PROVIDE_HIDDEN(\"__rex_need.%s\" = 0 - %u);\n", needs[i].function,
                      needs[i].bytes);
    buffer_string(script, layout_read);
    for (size_t i = 0; i < section_count; i++)
        buffer_format(script, "  \"%s\" : { KEEP(*(\"%s\")) . = ALIGN(16); } =0xcccccccc\n",
                      program_sections[i], program_sections[i]);
    buffer_string(script, layout_write);
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
        buffer_format(script, "  %s 0 : { *(%s) }\n", kept[i], kept[i]);
    buffer_string(script, discarded);
    return script->failed ? -1 : 0;
}
