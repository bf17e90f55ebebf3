/* SPDX-License-Identifier: GPL-2.0-only */
/* Loaded objects and their programs: who owns what is in docs/kernel-runtime.md. */
#ifndef REX_KERNEL_OBJECT_H
#define REX_KERNEL_OBJECT_H

#include <linux/bpf.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "runtime/abi/rex_imports.h"
#include "runtime/kernel/image.h"
#include "runtime/kernel/message.h"

/* One CPU's counters of a program; runs must be first (dispatch.S). */
struct rex_statistics {
	u64 runs;
	u64 panics;
	u64 timeouts;
	u64 overflows;
	u64 faults;
	u64 nested;
	u64 skipped;
};

struct rex_program {
	struct rex_statistics __percpu *statistics; /* must be first (dispatch.S) */
	struct rex_object *object;
	unsigned long entry;
	unsigned long trampoline;
	enum rex_program_type type;
	u32 index; /* in the order of the note */
	u32 stack_bound; /* bytes below the entry's rsp */
	bool checked; /* by run-time checks */
	atomic_t detach; /* asked for by whoever cannot sleep */
	struct bpf_prog *stub; /* NULL: not bound; a reference */
	bool live; /* the stub leads here; false when bound: a panic or a fault has stopped that */
	u32 stub_id;
	char name[REX_NAME_SIZE];
};

struct rex_object {
	struct kref references; /* of the list, of descriptors' owners, of reports that name it */
	struct list_head link; /* in the list of objects; empty: unloaded */
	u32 id;
	u32 flags; /* REX_LOAD_* */
	u32 timeout_ms;
	atomic_t quarantined;
	unsigned int descriptors; /* open ones: 0 or 1 */
	u64 loaded_at; /* CLOCK_BOOTTIME */
	char name[REX_NAME_SIZE];
	struct rex_image image;
	struct rex_program *programs;
	u32 program_count;
	struct bpf_map **maps; /* references */
	u32 map_count;
	struct rex_ksyms *ksyms;
};

/* Verifies the file, whose signature has been looked at, and maps it. Takes what it keeps of the maps. */
int rex_object_create(const u8 *file, size_t size, const struct rex_ioc_load *load, const s32 *map_fds,
		      struct rex_message *message, struct rex_object **object);
/*
 * Makes the object visible and gives it a number. The caller keeps its reference, for the descriptor that it
 * makes and rex_object_closed() ends. On an error the object is gone.
 */
int rex_object_publish(struct rex_object *object, struct rex_message *message);
/* Its descriptor was closed. */
void rex_object_closed(struct rex_object *object);
int rex_object_bind(struct rex_object *object, u32 program, int prog_fd);
int rex_object_unload(u32 id);
int rex_object_next(u32 *id);
int rex_object_info(struct rex_ioc_object_info *info);
int rex_program_info(struct rex_ioc_program_info *info);
/* From any context: one more reference, one less. */
void rex_object_get(struct rex_object *object);
/* The last one may sleep. */
void rex_object_put(struct rex_object *object);
/* From any context: the program, or all of an object, shall be a stub again soon. */
void rex_program_detach(struct rex_program *program);
void rex_object_quarantine(struct rex_object *object);

int rex_objects_init(void);
void rex_objects_exit(void);

/* bind.c: with the objects' lock held. */
int rex_program_bind(struct rex_program *program, int prog_fd);
/* The stub is a stub again, and stays bound: whoever holds it keeps the object, to be looked at. */
void rex_program_stop(struct rex_program *program);
void rex_program_unbind(struct rex_program *program);
/* maps.c: takes a reference to each map, and puts its address where the program looks for it. */
int rex_object_take_maps(struct rex_object *object, const struct rex_elf *elf, const struct rex_note *note,
			 const struct rex_ioc_load *load, const s32 *map_fds, struct rex_message *message);
/* program.c */
int rex_program_write_trampoline(struct rex_program *program, u8 *at);
size_t rex_trampoline_size(void);

#endif
