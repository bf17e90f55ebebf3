/* SPDX-License-Identifier: Apache-2.0 */
/*
 * librex: loads signed Rex objects into the kernel, beside libbpf.
 *
 *     struct rex_object *object = rex_object__open("firewall.rex", NULL);
 *     rex_object__load(object, NULL);
 *     struct bpf_program *program = rex_object__find_program(object, "firewall");
 *     struct bpf_link *link = bpf_program__attach_xdp(program, ifindex);
 *
 * rex_object__open() reads a .rex file and makes a struct bpf_object of it: an ordinary one, with a
 * BPF map for each map of the object and, for each program, an eBPF program of the same name, type
 * and section that does nothing. rex_object__load() has libbpf load these, hands the file to the
 * module behind /dev/rex, which verifies it and its signature, and puts each native program behind
 * its eBPF program. From then on everything that libbpf offers works: attaching, links, pinning,
 * maps, ring buffers.
 *
 * The kernel keeps an object as long as this library's object is open, or one of its programs is
 * attached, pinned, linked or open anywhere. rex_object__close() gives up this process's share.
 *
 * Functions that return int return 0, or a negative error number that is also in errno. Functions
 * that return a pointer return NULL with errno. What is wrong is said in words through the log
 * function of the options; without one, on stderr.
 *
 * Nothing here is shared between objects: different threads may use different objects.
 */
#ifndef LIBREX_H
#define LIBREX_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LIBREX_API __attribute__((visibility("default")))

struct bpf_map;
struct bpf_object;
struct bpf_program;
struct rex_object;

enum rex_log_level {
    REX_LOG_ERROR, /* why a function failed */
    REX_LOG_DEBUG, /* what it does */
};

/* One line of text, without a newline. data is as in the options. */
typedef void (*rex_log_fn)(void *data, enum rex_log_level level, const char *message);

/* Set size to sizeof(struct rex_open_options), and what is not used to 0: later versions have more
 * members. */
struct rex_open_options {
    size_t size;
    const char *name; /* of the object, for messages; NULL: the file's name */
    rex_log_fn log;   /* NULL: errors go to stderr */
    void *log_data;
};

struct rex_load_options {
    size_t size;
    uint32_t timeout_ms; /* longest run of a program, at most 10000; 0: the module's 100 ms */
    uint32_t flags;      /* REX_LOAD_* of rex/rex_ioctl.h */
};

/* Reads a .rex file. options may be NULL. EINVAL: it is none, or is damaged. */
LIBREX_API struct rex_object *rex_object__open(const char *path,
                                               const struct rex_open_options *options);
/* The same from memory, which is copied; options->name is needed. */
LIBREX_API struct rex_object *rex_object__open_mem(const void *bytes, size_t size,
                                                   const struct rex_open_options *options);

/* Loads maps and programs. Between opening and this, libbpf's setters work on the bpf_object: reuse
 * or pin maps, or bpf_program__set_autoload(program, false) for programs that are not wanted.
 * ENODEV: the module is not loaded; EPERM: no capability for it; EKEYREJECTED, ENOKEY: signature;
 * EINVAL: the object breaks the contract; EPROTO: module and library do not fit together.
 * After a failure the object can only be closed. */
LIBREX_API int rex_object__load(struct rex_object *object, const struct rex_load_options *options);

/* The bpf_object behind it. Belongs to the rex_object; do not close or load it. Never NULL. */
LIBREX_API struct bpf_object *rex_object__bpf_object(const struct rex_object *object);
/* By full name. ENOENT when there is none. */
LIBREX_API struct bpf_program *rex_object__find_program(const struct rex_object *object,
                                                        const char *name);
LIBREX_API struct bpf_map *rex_object__find_map(const struct rex_object *object, const char *name);

LIBREX_API const char *rex_object__name(const struct rex_object *object);
/* The module's number for it, and the descriptor that keeps it; ENOENT before it is loaded. */
LIBREX_API int rex_object__id(const struct rex_object *object, uint32_t *id);
LIBREX_API int rex_object__fd(const struct rex_object *object);

/* Frees it, with its bpf_object. What is attached, pinned or linked goes on running. NULL is
 * allowed. */
LIBREX_API void rex_object__close(struct rex_object *object);

/*
 * The module itself; structures in rex/rex_ioctl.h. device is what rex_device__open() returned.
 */
struct rex_ioc_object_info;
struct rex_ioc_program_info;
struct rex_ioc_version;

/* A descriptor of /dev/rex, to close(). ENODEV: the module is not loaded. */
LIBREX_API int rex_device__open(void);
LIBREX_API int rex_device__version(int device, struct rex_ioc_version *version);
/* Sets *id to the lowest number of an object above *id; ENOENT at the end. */
LIBREX_API int rex_device__next_object(int device, uint32_t *id);
/* Fills in what `id` says, and `object` and `program`. ENOENT when it is gone. */
LIBREX_API int rex_device__object_info(int device, struct rex_ioc_object_info *info);
LIBREX_API int rex_device__program_info(int device, struct rex_ioc_program_info *info);
/* Ends an object: wherever its programs are attached, they do nothing from now on, and
 * packets pass. */
LIBREX_API int rex_device__unload(int device, uint32_t id);
/* Trusts the key of a DER-encoded X.509 certificate until the module is removed. EPERM: sealed. */
LIBREX_API int rex_device__trust(int device, const void *certificate, size_t size);
/* No more certificates are taken until the module is removed. */
LIBREX_API int rex_device__seal(int device);

#ifdef __cplusplus
}
#endif

#endif
