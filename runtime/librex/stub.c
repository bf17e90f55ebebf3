/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/librex/stub.h"
#include "base/buffer.h"
#include "linker/note.h"
#include "linker/object.h"
#include "runtime/librex/report.h"

#include <bpf/btf.h>
#include <errno.h>
#include <gelf.h>
#include <libelf.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* r0 = VERDICT; exit. */
#define STUB(verdict)                                                                              \
    {                                                                                              \
        {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = (verdict)},             \
            {.code = BPF_JMP | BPF_EXIT},                                                          \
    }
#define STUB_SIZE (2 * sizeof(struct bpf_insn))

/* A program that is a stub again, detached by a panic or unloaded, is as good as none: packets go
 * on, to the filters behind it for tc. */
static const struct bpf_insn stubs[][2] = {
    [REX_PROGRAM_KPROBE] = STUB(0),     [REX_PROGRAM_TRACEPOINT] = STUB(0),
    [REX_PROGRAM_PERF_EVENT] = STUB(0), [REX_PROGRAM_XDP] = STUB(XDP_PASS),
    [REX_PROGRAM_TC] = STUB(-1), /* TC_ACT_UNSPEC, linux/pkt_cls.h */
};

/* An ELF file under construction. libelf keeps pointers to the sections' data until it writes. */
struct writer {
    struct diag *diag;
    Elf *elf;
    struct buffer strings; /* section names and symbol names */
    Elf64_Sym *symbols;    /* [0] is the null symbol */
    size_t symbol_count;
    void *zeroes; /* the content of .maps */
};

static int elf_failed(struct writer *writer, const char *what)
{
    return report_error(writer->diag, ENOMEM, "%s the stub object: %s", what, elf_errmsg(-1));
}

/* The offset of a string in the string table. */
static uint32_t add_string(struct writer *writer, const char *text)
{
    uint32_t offset = (uint32_t)writer->strings.length;
    buffer_append(&writer->strings, text, strlen(text) + 1);
    return offset;
}

/* A new section, whose name is at that offset of the string table. Sets *index. */
static int add_named_section(struct writer *writer, uint32_t name, const Elf64_Shdr *shape,
                             const void *bytes, size_t size, size_t *index)
{
    Elf_Scn *section = elf_newscn(writer->elf);
    Elf_Data *data = section ? elf_newdata(section) : NULL;
    Elf64_Shdr *header = section ? elf64_getshdr(section) : NULL;

    if (!data || !header)
        return elf_failed(writer, "cannot make a section of");
    *header = *shape;
    header->sh_name = name;
    data->d_buf = (void *)(uintptr_t)bytes; /* libelf only reads what it writes out */
    data->d_size = size;
    data->d_align = shape->sh_addralign;
    data->d_type = shape->sh_type == SHT_SYMTAB ? ELF_T_SYM : ELF_T_BYTE;
    *index = elf_ndxscn(section);
    return 0;
}

static int add_section(struct writer *writer, const char *name, const Elf64_Shdr *shape,
                       const void *bytes, size_t size, size_t *index)
{
    return add_named_section(writer, add_string(writer, name), shape, bytes, size, index);
}

static void add_symbol(struct writer *writer, const char *name, unsigned char type, size_t section,
                       uint64_t value, uint64_t size)
{
    writer->symbols[writer->symbol_count++] = (Elf64_Sym){
        .st_name = add_string(writer, name),
        .st_info = ELF64_ST_INFO(STB_GLOBAL, type),
        .st_shndx = (uint16_t)section,
        .st_value = value,
        .st_size = size,
    };
}

static int add_programs(struct writer *writer, const struct note *note)
{
    static const Elf64_Shdr shape = {
        .sh_type = SHT_PROGBITS, .sh_flags = SHF_ALLOC | SHF_EXECINSTR, .sh_addralign = 8};

    for (size_t i = 0; i < note->program_count; i++) {
        const struct note_program *program = &note->programs[i];
        size_t section = 0;
        if ((unsigned)program->type >= sizeof(stubs) / sizeof(stubs[0]))
            return report_error(writer->diag, EINVAL, "program %s is of no known type",
                                program->name);
        int result = add_section(writer, program->section, &shape, stubs[program->type], STUB_SIZE,
                                 &section);
        if (result < 0)
            return result;
        add_symbol(writer, program->name, STT_FUNC, section, 0, STUB_SIZE);
    }
    return 0;
}

static int add_license(struct writer *writer, const struct note *note)
{
    static const Elf64_Shdr shape = {
        .sh_type = SHT_PROGBITS, .sh_flags = SHF_ALLOC, .sh_addralign = 1};

    size_t section;

    return add_section(writer, "license", &shape, note->license, strlen(note->license) + 1,
                       &section);
}

/* The list of the object's maps in its BTF (linker/btf.h); NULL when there is none. */
static const struct btf_type *find_map_list(const struct btf *btf)
{
    int id = btf__find_by_name_kind(btf, ".maps", BTF_KIND_DATASEC);
    return id > 0 ? btf__type_by_id(btf, (uint32_t)id) : NULL;
}

static int add_map_symbols(struct writer *writer, const struct btf *btf,
                           const struct btf_type *list, size_t section)
{
    const struct btf_var_secinfo *places = btf_var_secinfos(list);

    for (unsigned i = 0; i < btf_vlen(list); i++) {
        const struct btf_type *variable = btf__type_by_id(btf, places[i].type);
        const char *name =
            variable && btf_is_var(variable) ? btf__name_by_offset(btf, variable->name_off) : NULL;
        if (!name)
            return report_error(writer->diag, EINVAL, "the object's BTF lists a map that is none");
        add_symbol(writer, name, STT_OBJECT, section, places[i].offset, places[i].size);
    }
    return 0;
}

/* Sections .BTF, as it is in the object, and .maps, which it describes and which is all zeroes. */
static int add_maps(struct writer *writer, const struct object *object, size_t map_count)
{
    static const Elf64_Shdr btf_shape = {.sh_type = SHT_PROGBITS, .sh_addralign = 8};
    static const Elf64_Shdr maps_shape = {
        .sh_type = SHT_PROGBITS, .sh_flags = SHF_ALLOC | SHF_WRITE, .sh_addralign = 8};
    const struct object_section *section = object_section(object, ".BTF");
    const uint8_t *bytes = section ? object_section_bytes(object, section) : NULL;
    struct btf *btf = NULL;
    size_t index = 0;
    int result;

    if (map_count == 0)
        return 0;
    btf = bytes && section->size <= UINT32_MAX ? btf__new(bytes, (uint32_t)section->size) : NULL;
    const struct btf_type *list = btf ? find_map_list(btf) : NULL;
    if (!list || btf_vlen(list) != map_count || list->size > REX_IMAGE_MAX) {
        result = report_error(writer->diag, EINVAL,
                              "the object has %zu maps, and BTF that does not describe them; "
                              "`rexc verify` says whether it is damaged",
                              map_count);
        goto out;
    }
    writer->zeroes = calloc(1, list->size ? list->size : 1);
    if (!writer->zeroes) {
        result = report_error(writer->diag, ENOMEM, "no memory for the stub object");
        goto out;
    }
    result = add_section(writer, ".BTF", &btf_shape, bytes, section->size, &index);
    if (result == 0)
        result = add_section(writer, ".maps", &maps_shape, writer->zeroes, list->size, &index);
    if (result == 0)
        result = add_map_symbols(writer, btf, list, index);
out:
    btf__free(btf);
    return result;
}

/* The symbols, and the strings, which have to come last as every section's name is in them. */
static int add_tables(struct writer *writer)
{
    static const Elf64_Shdr strings_shape = {.sh_type = SHT_STRTAB, .sh_addralign = 1};
    Elf64_Shdr symbols_shape = {
        .sh_type = SHT_SYMTAB, .sh_addralign = 8, .sh_entsize = sizeof(Elf64_Sym), .sh_info = 1};
    size_t symbols = 0, strings = 0;

    int result = add_section(writer, ".symtab", &symbols_shape, writer->symbols,
                             writer->symbol_count * sizeof(*writer->symbols), &symbols);
    if (result < 0)
        return result;
    uint32_t name = add_string(writer, ".strtab");
    if (writer->strings.failed)
        return report_error(writer->diag, ENOMEM, "no memory for the stub object");
    result = add_named_section(writer, name, &strings_shape, writer->strings.data,
                               writer->strings.length, &strings);
    if (result < 0)
        return result;
    Elf64_Shdr *header = elf64_getshdr(elf_getscn(writer->elf, symbols));
    Elf64_Ehdr *file = elf64_getehdr(writer->elf);
    if (!header || !file)
        return elf_failed(writer, "cannot finish");
    header->sh_link = (uint32_t)strings;
    file->e_shstrndx = (uint16_t)strings;
    return 0;
}

static int begin(struct writer *writer, int file, size_t symbols)
{
    if (elf_version(EV_CURRENT) == EV_NONE)
        return elf_failed(writer, "cannot begin");
    writer->elf = elf_begin(file, ELF_C_WRITE, NULL);
    Elf64_Ehdr *header = writer->elf ? elf64_newehdr(writer->elf) : NULL;
    if (!header)
        return elf_failed(writer, "cannot begin");
    header->e_ident[EI_DATA] = ELFDATA2LSB;
    header->e_type = ET_REL;
    header->e_machine = EM_BPF;
    header->e_version = EV_CURRENT;
    writer->symbols = calloc(symbols + 1, sizeof(*writer->symbols));
    if (!writer->symbols)
        return report_error(writer->diag, ENOMEM, "no memory for the stub object");
    writer->symbol_count = 1;
    buffer_char(&writer->strings, '\0');
    return 0;
}

/* What libelf wrote into the file. */
static int take(struct diag *diag, int file, void **bytes, size_t *size)
{
    struct stat status;
    void *copy = NULL;

    if (fstat(file, &status) == 0 && status.st_size > 0)
        copy = malloc((size_t)status.st_size);
    if (!copy || pread(file, copy, (size_t)status.st_size, 0) != status.st_size) {
        free(copy);
        return report_error(diag, ENOMEM, "no memory for the stub object");
    }
    *bytes = copy;
    *size = (size_t)status.st_size;
    return 0;
}

int stub_make(struct diag *diag, const struct object *object, const struct note *note, void **bytes,
              size_t *size)
{
    struct writer writer = {.diag = diag};
    int result;

    int file = memfd_create("rex-stub", MFD_CLOEXEC);
    if (file < 0)
        return report_error(diag, errno, "no memory file for the stub object: %s", strerror(errno));
    result = begin(&writer, file, note->program_count + note->map_count);
    if (result == 0)
        result = add_programs(&writer, note);
    if (result == 0)
        result = add_license(&writer, note);
    if (result == 0)
        result = add_maps(&writer, object, note->map_count);
    if (result == 0)
        result = add_tables(&writer);
    if (result == 0 && elf_update(writer.elf, ELF_C_WRITE) < 0)
        result = elf_failed(&writer, "cannot write");
    if (result == 0)
        result = take(diag, file, bytes, size);
    elf_end(writer.elf);
    close(file);
    buffer_free(&writer.strings);
    free(writer.symbols);
    free(writer.zeroes);
    return result;
}
