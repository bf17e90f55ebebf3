/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/archive.h"
#include "base/diag.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

static int add_symbols(Elf *elf, Elf_Scn *section, const GElf_Shdr *header, struct strings *names)
{
    Elf_Data *data = elf_getdata(section, NULL);
    if (!data || header->sh_entsize == 0)
        return -1;
    size_t count = header->sh_size / header->sh_entsize;
    for (size_t i = 0; i < count && i <= INT_MAX; i++) {
        GElf_Sym symbol;
        if (!gelf_getsym(data, (int)i, &symbol))
            return -1;
        if (GELF_ST_TYPE(symbol.st_info) != STT_FUNC || symbol.st_shndx == SHN_UNDEF)
            continue;
        const char *name = elf_strptr(elf, header->sh_link, symbol.st_name);
        if (!name)
            return -1;
        strings_add(names, name);
    }
    return 0;
}

static int read_object(Elf *elf, struct strings *names)
{
    for (Elf_Scn *section = NULL; (section = elf_nextscn(elf, section));) {
        GElf_Shdr header;
        if (!gelf_getshdr(section, &header))
            return -1;
        if (header.sh_type == SHT_SYMTAB && add_symbols(elf, section, &header, names))
            return -1;
    }
    return 0;
}

static int read_archive(Elf *archive, int fd, struct strings *names)
{
    Elf_Cmd command = ELF_C_READ_MMAP;
    int result = 0;
    for (Elf *member; result == 0 && (member = elf_begin(fd, command, archive));) {
        if (elf_kind(member) == ELF_K_ELF)
            result = read_object(member, names);
        command = elf_next(member);
        elf_end(member);
    }
    return result;
}

int archive_functions(struct diag *diag, const char *path, struct strings *names)
{
    int result = -1;
    Elf *elf = NULL;
    elf_version(EV_CURRENT);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return diag_error(diag, DIAG_CANNOT_READ, NULL, "cannot read '%s': %s", path,
                          strerror(errno));
    elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
    if (elf && elf_kind(elf) == ELF_K_AR)
        result = read_archive(elf, fd, names);
    else if (elf && elf_kind(elf) == ELF_K_ELF)
        result = read_object(elf, names);
    if (result)
        diag_error(diag, DIAG_CANNOT_READ, "build again", "'%s' is not what the compiler makes",
                   path);
    elf_end(elf);
    close(fd);
    return result;
}
