/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/user/image.h"

#include "base/diag.h"
#include "linker/object.h"
#include "runtime/abi/rex_abi.h"
#include "runtime/user/imports.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { INT3 = 0xcc };

static int refuse(struct diag *diag, const char *what, uint64_t address)
{
    return diag_error(diag, DIAG_RUN_IMAGE,
                      "build the object again, and verify it with `rexc verify`",
                      "%s (image address 0x%llx)", what, (unsigned long long)address);
}

/* The end of the highest PT_LOAD, in whole pages; 0 when there is none or the image is too big. */
static uint64_t image_size(const struct object *object)
{
    uint64_t end = 0;

    for (size_t i = 0; i < object->segment_count; i++) {
        const struct object_segment *segment = &object->segments[i];
        uint64_t segment_end;
        if (segment->type != PT_LOAD)
            continue;
        if (__builtin_add_overflow(segment->vaddr, segment->memory_size, &segment_end) ||
            segment_end > REX_IMAGE_MAX)
            return 0;
        if (segment_end > end)
            end = segment_end;
    }
    return (end + REX_PAGE_SIZE - 1) / REX_PAGE_SIZE * REX_PAGE_SIZE;
}

static int copy_segments(struct diag *diag, const struct object *object, struct image *image)
{
    for (size_t i = 0; i < object->segment_count; i++) {
        const struct object_segment *segment = &object->segments[i];
        if (segment->type != PT_LOAD)
            continue;
        if (segment->file_size > segment->memory_size || segment->offset > object->size ||
            segment->file_size > object->size - segment->offset)
            return refuse(diag, "a segment is not in the file", segment->vaddr);
        uint8_t *start = image->base + segment->vaddr;
        memcpy(start, object->bytes + segment->offset, segment->file_size);
        memset(start + segment->file_size, 0, segment->memory_size - segment->file_size);
        if (segment->flags & PF_X) {
            if (image->text_count == IMAGE_TEXT_RANGES)
                return refuse(diag, "too many executable segments", segment->vaddr);
            image->text[image->text_count].start = (uint64_t)start;
            image->text[image->text_count++].end = (uint64_t)start + segment->memory_size;
        }
    }
    return 0;
}

/* Puts a word into the image; every byte of it must be of a writable segment. */
static int put_word(struct diag *diag, const struct object *object, struct image *image,
                    uint64_t address, uint64_t value)
{
    for (size_t i = 0; i < object->segment_count; i++) {
        const struct object_segment *segment = &object->segments[i];
        if (segment->type == PT_LOAD && (segment->flags & PF_W) && address >= segment->vaddr &&
            address - segment->vaddr <= segment->memory_size &&
            segment->memory_size - (address - segment->vaddr) >= sizeof(value)) {
            memcpy(image->base + address, &value, sizeof(value));
            return 0;
        }
    }
    return refuse(diag, "a relocation or map points outside the writable segments", address);
}

static int relocate(struct diag *diag, const struct object *object, struct image *image)
{
    for (size_t i = 0; i < object->relocation_count; i++) {
        const struct object_relocation *relocation = &object->relocations[i];
        uint64_t value = 0;
        if (relocation->type == R_X86_64_RELATIVE) {
            value = (uint64_t)image->base + (uint64_t)relocation->addend;
        } else if (relocation->type == R_X86_64_GLOB_DAT &&
                   relocation->symbol < object->dynamic_symbol_count) {
            const char *name = object->dynamic_symbols[relocation->symbol].name;
            if (!imports_resolve(name, &value))
                return diag_error(
                    diag, DIAG_RUN_IMPORT,
                    "build the object with this rexc, whose `rexc inspect` lists imports",
                    "the object imports %s, which this runtime does not have", name);
        } else {
            return refuse(diag, "a relocation of a type that the object contract does not have",
                          relocation->offset);
        }
        if (put_word(diag, object, image, relocation->offset, value) != 0)
            return -1;
    }
    return 0;
}

/* The protection of the page at an image address. A page that is in no segment is unreadable. */
static int page_protection(struct diag *diag, const struct object *object, uint64_t page,
                           int *result)
{
    int protection = PROT_NONE;

    for (size_t i = 0; i < object->segment_count; i++) {
        const struct object_segment *segment = &object->segments[i];
        if (segment->type != PT_LOAD || segment->memory_size == 0 ||
            segment->vaddr >= page + REX_PAGE_SIZE || segment->vaddr + segment->memory_size <= page)
            continue;
        protection |= ((segment->flags & PF_R) ? PROT_READ : 0) |
                      ((segment->flags & PF_W) ? PROT_WRITE : 0) |
                      ((segment->flags & PF_X) ? PROT_EXEC : 0);
    }
    for (size_t i = 0; i < object->segment_count; i++) {
        const struct object_segment *segment = &object->segments[i];
        if (segment->type == PT_GNU_RELRO && segment->vaddr < page + REX_PAGE_SIZE &&
            segment->vaddr + segment->memory_size > page)
            protection &= ~PROT_WRITE;
    }
    if ((protection & PROT_WRITE) && (protection & PROT_EXEC))
        return refuse(diag, "a page would be writable and executable", page);
    *result = protection;
    return 0;
}

static int protect(struct diag *diag, const struct object *object, const struct image *image)
{
    for (uint64_t page = 0; page < image->size; page += REX_PAGE_SIZE) {
        int protection = PROT_NONE;
        if (page_protection(diag, object, page, &protection) != 0)
            return -1;
        if (mprotect(image->base + page, REX_PAGE_SIZE, protection) != 0)
            return diag_error(diag, DIAG_RUN_MACHINE,
                              "see `rexc doctor`; SELinux may forbid execmem",
                              "memory cannot be made %s: %s",
                              protection & PROT_EXEC ? "executable" : "read-only", strerror(errno));
    }
    return 0;
}

static int find_function(struct diag *diag, const struct image *image, const char *name,
                         uint64_t *address)
{
    const struct object_symbol *symbol = object_symbol(image->object, name);

    if (!symbol || symbol->type != STT_FUNC || symbol->section == SHN_UNDEF ||
        !image_has_text(image, (uint64_t)image->base + symbol->value))
        return diag_error(diag, DIAG_RUN_IMAGE, "build the object with rexc",
                          "the object does not define the function %s", name);
    *address = (uint64_t)image->base + symbol->value;
    return 0;
}

int image_map(struct diag *diag, const struct object *object, const struct image_patch *patches,
              size_t patch_count, struct image *image)
{
    *image = (struct image){.object = object, .size = image_size(object)};
    if (image->size == 0)
        return refuse(diag, "the image is empty or larger than its limit", REX_IMAGE_MAX);
    image->base =
        mmap(NULL, image->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (image->base == MAP_FAILED) {
        image->base = NULL;
        return diag_error(diag, DIAG_OUT_OF_MEMORY, NULL, "no memory for an image of %zu bytes: %s",
                          image->size, strerror(errno));
    }
    memset(image->base, INT3, image->size);
    if (copy_segments(diag, object, image) != 0)
        goto fail;
    for (size_t i = 0; i < patch_count; i++) {
        if (put_word(diag, object, image, patches[i].address, patches[i].value) != 0)
            goto fail;
    }
    if (relocate(diag, object, image) != 0 || protect(diag, object, image) != 0 ||
        find_function(diag, image, REX_SYMBOL_HANDLE_TIMEOUT, &image->handle_timeout) != 0 ||
        find_function(diag, image, REX_SYMBOL_PANIC_BODY, &image->panic_body) != 0)
        goto fail;
    return 0;
fail:
    image_unmap(image);
    return -1;
}

void image_unmap(struct image *image)
{
    if (image->base)
        munmap(image->base, image->size);
    *image = (struct image){0};
}

bool image_has_text(const struct image *image, uint64_t address)
{
    for (unsigned i = 0; i < image->text_count; i++) {
        if (address >= image->text[i].start && address < image->text[i].end)
            return true;
    }
    return false;
}
