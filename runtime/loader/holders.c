/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/loader/holders.h"
#include "base/diag.h"
#include "base/memory.h"
#include "runtime/abi/rex_ioctl.h"
#include "runtime/librex/librex.h"
#include "runtime/loader/filters.h"
#include "runtime/loader/load.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fts.h>
#include <linux/if_link.h>
#include <mntent.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A removal in progress. */
struct removal {
    struct diag *diag;
    const struct holders *holders;
    char **directories; /* that have a pin of a program */
    size_t directory_count;
    unsigned failures;
};

static bool contains(const uint32_t *ids, size_t count, uint32_t id)
{
    for (size_t i = 0; i < count; i++)
        if (ids[i] == id)
            return true;
    return false;
}

static void failed(struct removal *removal, const char *what, const char *name, int error)
{
    struct diag_message message = {.code = DIAG_LOAD_LEFTOVER, .severity = DIAG_WARNING};

    diag_report(removal->diag, &message, "%s %s cannot be removed: %s", what, name,
                strerror(error));
    removal->failures++;
}

/* -- Which programs and maps ------------------------------------------------------------------ */

static void add_maps(struct holders *holders, uint32_t program)
{
    uint32_t ids[256];
    struct bpf_prog_info info = {.nr_map_ids = sizeof(ids) / sizeof(ids[0]),
                                 .map_ids = (uintptr_t)ids};
    uint32_t size = sizeof(info);

    int descriptor = bpf_prog_get_fd_by_id(program);
    if (descriptor < 0)
        return; /* gone in the meantime */
    if (bpf_obj_get_info_by_fd(descriptor, &info, &size) == 0) {
        for (uint32_t i = 0; i < info.nr_map_ids && i < sizeof(ids) / sizeof(ids[0]); i++) {
            if (contains(holders->maps, holders->map_count, ids[i]))
                continue;
            holders->maps =
                must_grow(holders->maps, holders->map_count + 1, sizeof(*holders->maps));
            holders->maps[holders->map_count++] = ids[i];
        }
    }
    close(descriptor);
}

int holders_find(struct diag *diag, int device, uint32_t id, struct holders *holders)
{
    struct rex_ioc_object_info object = {.id = id};

    *holders = (struct holders){0};
    int result = rex_device__object_info(device, &object);
    if (result < 0)
        return diag_error(diag, DIAG_LOAD_NO_OBJECT, "`rexc list` shows what is loaded",
                          "object %u is gone: %s", id, strerror(-result));
    for (uint32_t i = 0; i < object.programs; i++) {
        struct rex_ioc_program_info program = {.object = id, .program = i};
        if (rex_device__program_info(device, &program) < 0 || program.prog_id == 0)
            continue;
        holders->programs =
            must_grow(holders->programs, holders->program_count + 1, sizeof(*holders->programs));
        holders->programs[holders->program_count++] = program.prog_id;
        add_maps(holders, program.prog_id);
    }
    return 0;
}

void holders_free(struct holders *holders)
{
    free(holders->programs);
    free(holders->maps);
    *holders = (struct holders){0};
}

/* -- Attachments to interfaces ---------------------------------------------------------------- */

static void remove_xdp(struct removal *removal, const struct if_nameindex *interface)
{
    LIBBPF_OPTS(bpf_xdp_query_opts, query);
    const struct holders *holders = removal->holders;

    /* An attachment through a link goes with the link; here it fails with EBUSY, if it is still
     * there. */
    if (bpf_xdp_query((int)interface->if_index, 0, &query) < 0)
        return;
    const struct {
        uint32_t program, flags;
    } attached[] = {{query.drv_prog_id, XDP_FLAGS_DRV_MODE},
                    {query.skb_prog_id, XDP_FLAGS_SKB_MODE},
                    {query.hw_prog_id, XDP_FLAGS_HW_MODE}};
    for (size_t i = 0; i < sizeof(attached) / sizeof(attached[0]); i++) {
        if (!contains(holders->programs, holders->program_count, attached[i].program))
            continue;
        int result = bpf_xdp_detach((int)interface->if_index, attached[i].flags, NULL);
        if (result < 0)
            failed(removal, "the XDP program of", interface->if_name, -result);
    }
}

/* The filters that are to go; they are removed when the kernel has listed them all. */
struct doomed {
    const struct holders *holders;
    struct filter *filters;
    size_t count;
};

static bool collect_filter(void *data, const struct filter *filter)
{
    struct doomed *doomed = data;

    if (contains(doomed->holders->programs, doomed->holders->program_count, filter->program)) {
        doomed->filters = must_grow(doomed->filters, doomed->count + 1, sizeof(*doomed->filters));
        doomed->filters[doomed->count++] = *filter;
    }
    return true;
}

static void remove_filters(struct removal *removal, const struct if_nameindex *interface)
{
    struct doomed doomed = {.holders = removal->holders};

    /* An interface without such a queueing discipline has no filters, and is an error here. */
    filters_each(interface->if_index, collect_filter, &doomed);
    for (size_t i = 0; i < doomed.count; i++) {
        int result = filter_remove(&doomed.filters[i]);
        if (result < 0)
            failed(removal, "the tc filter of", interface->if_name, -result);
    }
    free(doomed.filters);
}

static void detach_from_interfaces(struct removal *removal)
{
    struct if_nameindex *interfaces = if_nameindex();

    for (struct if_nameindex *i = interfaces; i && i->if_index; i++) {
        remove_xdp(removal, i);
        remove_filters(removal, i);
    }
    if (interfaces)
        if_freenameindex(interfaces);
}

/* -- Pins ------------------------------------------------------------------------------------- */

enum pin_kind { PIN_OTHER, PIN_PROGRAM, PIN_MAP, PIN_LINK };

/* What a file of the BPF file system is, and the id of the program or map; of a link, that of its
 * program. */
static enum pin_kind look_at_pin(const char *path, uint32_t *id)
{
    enum pin_kind kind = PIN_OTHER;
    char name[64], target[64];

    int descriptor = bpf_obj_get(path);
    if (descriptor < 0)
        return PIN_OTHER;
    snprintf(name, sizeof(name), "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(name, target, sizeof(target) - 1);
    target[length > 0 ? length : 0] = '\0';
    union {
        struct bpf_prog_info program;
        struct bpf_map_info map;
        struct bpf_link_info link;
    } info = {0};
    uint32_t size = sizeof(info.program);
    if (strcmp(target, "anon_inode:bpf-prog") == 0) {
        kind = PIN_PROGRAM;
    } else if (strcmp(target, "anon_inode:bpf-map") == 0) {
        kind = PIN_MAP;
        size = sizeof(info.map);
    } else if (strcmp(target, "anon_inode:bpf-link") == 0) {
        kind = PIN_LINK;
        size = sizeof(info.link);
    }
    if (kind != PIN_OTHER && bpf_obj_get_info_by_fd(descriptor, &info, &size) < 0)
        kind = PIN_OTHER;
    *id = kind == PIN_PROGRAM ? info.program.id : kind == PIN_MAP ? info.map.id : info.link.prog_id;
    close(descriptor);
    return kind;
}

static bool is_program_directory(const struct removal *removal, const char *path)
{
    size_t length = (size_t)(strrchr(path, '/') - path);
    for (size_t i = 0; i < removal->directory_count; i++)
        if (strlen(removal->directories[i]) == length &&
            memcmp(removal->directories[i], path, length) == 0)
            return true;
    return false;
}

static void note_directory(struct removal *removal, const char *path)
{
    if (is_program_directory(removal, path))
        return;
    removal->directories = must_grow(removal->directories, removal->directory_count + 1,
                                     sizeof(*removal->directories));
    removal->directories[removal->directory_count++] =
        must_copy_length(path, (size_t)(strrchr(path, '/') - path));
}

/* First pass: where programs are pinned. Second pass: removes. */
static void visit_pin(struct removal *removal, const char *path, bool remove_it)
{
    const struct holders *holders = removal->holders;
    uint32_t id;

    enum pin_kind kind = look_at_pin(path, &id);
    bool is_map = kind == PIN_MAP && contains(holders->maps, holders->map_count, id);
    bool is_ours = (kind == PIN_PROGRAM || kind == PIN_LINK) &&
                   contains(holders->programs, holders->program_count, id);
    if (!remove_it) {
        if (is_ours && kind == PIN_PROGRAM)
            note_directory(removal, path);
    } else if (is_ours || (is_map && is_program_directory(removal, path))) {
        if (unlink(path) < 0)
            failed(removal, "the pin", path, errno);
    }
}

static void walk(struct removal *removal, char *root, bool remove_them)
{
    char *const roots[] = {root, NULL};
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);

    for (FTSENT *entry; tree && (entry = fts_read(tree));)
        if (entry->fts_info == FTS_F || entry->fts_info == FTS_DEFAULT)
            visit_pin(removal, entry->fts_path, remove_them);
    if (tree)
        fts_close(tree);
}

static void walk_all(struct removal *removal, bool remove_them)
{
    FILE *mounts = setmntent("/proc/self/mounts", "re");

    for (struct mntent *mount; mounts && (mount = getmntent(mounts));)
        if (strcmp(mount->mnt_type, "bpf") == 0)
            walk(removal, mount->mnt_dir, remove_them);
    if (mounts)
        endmntent(mounts);
}

unsigned holders_remove(struct diag *diag, const struct holders *holders)
{
    struct removal removal = {.diag = diag, .holders = holders};

    walk_all(&removal, false);
    walk_all(&removal, true);
    detach_from_interfaces(&removal);
    for (size_t i = 0; i < removal.directory_count; i++) {
        rmdir(removal.directories[i]); /* fails when somebody else has pins in it */
        free(removal.directories[i]);
    }
    free(removal.directories);
    rmdir(LOAD_PIN_DIRECTORY);
    return removal.failures;
}
