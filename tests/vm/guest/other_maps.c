// SPDX-License-Identifier: Apache-2.0
/* other_maps FILE MAP: gives the object maps that it must not have in the place of that array,
 * whose values have 16 bytes, and expects the module's refusals. */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <librex.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { VALUE = 16 };

static char said[512];

static void keep(void *data, enum rex_log_level level, const char *message)
{
    (void)data;
    if (level == REX_LOG_ERROR)
        snprintf(said, sizeof(said), "%s", message);
}

/* A value that is nothing but the kernel's timer. */
static int timer(struct btf *btf, int *word)
{
    int type = btf__add_struct(btf, "bpf_timer", VALUE);
    btf__add_field(btf, "one", *word, 0, 0);
    btf__add_field(btf, "two", *word, 64, 0);
    int value = btf__add_struct(btf, "value", VALUE);
    btf__add_field(btf, "timer", type, 0, 0);
    return value;
}

/* A value with a pointer to a task that the kernel keeps. */
static int pointer(struct btf *btf, int *word)
{
    int task = btf__add_struct(btf, "task_struct", 8);
    btf__add_field(btf, "state", *word, 0, 0);
    int kept = btf__add_ptr(btf, btf__add_type_tag(btf, "kptr", task));
    int value = btf__add_struct(btf, "value", VALUE);
    btf__add_field(btf, "task", kept, 0, 0);
    btf__add_field(btf, "number", *word, 64, 0);
    return value;
}

static int plain(struct btf *btf, int *word)
{
    int value = btf__add_struct(btf, "value", VALUE);
    btf__add_field(btf, "one", *word, 0, 0);
    btf__add_field(btf, "two", *word, 64, 0);
    return value;
}

struct other {
    const char *name;
    int (*value)(struct btf *btf, int *word);
    int type;
    int entries;         /* beside those that are right */
    const char *refusal; /* NULL: it is taken */
};

static int create(const struct other *other, int entries)
{
    struct btf *btf = btf__new_empty();
    int index = btf__add_int(btf, "index", 4, 0);
    int word = btf__add_int(btf, "word", 8, 0);
    LIBBPF_OPTS(bpf_map_create_opts, options, .btf_key_type_id = (unsigned)index,
                .btf_value_type_id = (unsigned)other->value(btf, &word));
    if (btf__load_into_kernel(btf) == 0)
        options.btf_fd = (unsigned)btf__fd(btf);
    int map = bpf_map_create((enum bpf_map_type)other->type, "other", 4, VALUE,
                             (unsigned)(entries + other->entries), &options);
    if (map < 0)
        perror(other->name);
    btf__free(btf);
    return map;
}

static int try(const struct other *other, const char *file, const char *name)
{
    struct rex_open_options options = {.size = sizeof(options), .log = keep};
    struct rex_object *object = rex_object__open(file, &options);
    struct bpf_map *map = object ? rex_object__find_map(object, name) : NULL;
    if (!map)
        return 1;
    int descriptor = create(other, (int)bpf_map__max_entries(map));
    int status = descriptor < 0 || bpf_map__reuse_fd(map, descriptor) < 0;
    if (status == 0) {
        said[0] = '\0';
        int error = rex_object__load(object, NULL);
        status = other->refusal ? error != -EINVAL || !strstr(said, other->refusal) : error != 0;
        printf("%s: %d %s\n", other->name, error, said);
    }
    close(descriptor);
    rex_object__close(object);
    return status;
}

int main(int argc, char **argv)
{
    static const struct other others[] = {
        {"as it should be", plain, BPF_MAP_TYPE_ARRAY, 0, NULL},
        {"timer", timer, BPF_MAP_TYPE_ARRAY, 0, "keeps timers or pointers"},
        {"kernel pointer", pointer, BPF_MAP_TYPE_ARRAY, 0, "keeps timers or pointers"},
        {"longer", plain, BPF_MAP_TYPE_ARRAY, 1, "the program was made for"},
        {"other type", plain, BPF_MAP_TYPE_HASH, 0, "the program was made for"},
    };
    int failed = 0;

    if (argc != 3)
        return 2;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        failed += try(&others[i], argv[1], argv[2]);
    return failed > 0;
}
