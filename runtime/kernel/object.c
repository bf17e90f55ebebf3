// SPDX-License-Identifier: GPL-2.0-only
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/irq_work.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/workqueue.h>
#include <crypto/sha2.h>

#include "runtime/kernel/elf.h"
#include "runtime/kernel/imports.h"
#include "runtime/kernel/ksym.h"
#include "runtime/kernel/note.h"
#include "runtime/kernel/object.h"
#include "runtime/kernel/symbols.h"
#include "runtime/kernel/watchdog.h"

/* How often stubs that nobody else holds are looked for. */
#define COLLECT_INTERVAL HZ

static DEFINE_MUTEX(objects_lock);
static LIST_HEAD(objects); /* by id */
static u32 last_id;

static void collect(struct work_struct *work);
static void detach_asked(struct work_struct *work);
static DECLARE_DELAYED_WORK(collect_work, collect);
static DECLARE_WORK(detach_work, detach_asked);
static struct irq_work detach_wake;

/* Everything but the references of others. No program is bound, and nothing is running. */
static void destroy(struct rex_object *object)
{
	u32 i;

	rex_ksyms_remove(object->ksyms);
	rex_image_free(&object->image);
	for (i = 0; object->programs && i < object->program_count; i++)
		free_percpu(object->programs[i].statistics);
	kvfree(object->programs);
	for (i = 0; object->maps && i < object->map_count; i++) {
		if (object->maps[i])
			bpf_map_put(object->maps[i]);
	}
	kvfree(object->maps);
	kfree(object);
}

static void release(struct kref *references)
{
	destroy(container_of(references, struct rex_object, references));
	module_put(THIS_MODULE);
}

void rex_object_get(struct rex_object *object)
{
	kref_get(&object->references);
}

void rex_object_put(struct rex_object *object)
{
	kref_put(&object->references, release);
}

static int make_programs(struct rex_object *object, const struct rex_note *note,
			 struct rex_message *message)
{
	const u32 count = note->header->programs.count;
	u32 i;

	object->programs = kvcalloc(count, sizeof(*object->programs), GFP_KERNEL);
	if (!object->programs)
		return rex_refuse(message, -ENOMEM, "no memory for the programs");
	object->program_count = count;
	for (i = 0; i < count; i++) {
		const struct rex_note_program *entry = &note->programs[i];
		struct rex_program *program = &object->programs[i];
		u8 *const trampolines = object->image.base + object->image.size;
		int error;

		program->object = object;
		program->entry = (unsigned long)object->image.base + entry->entry;
		program->type = entry->type;
		program->index = i;
		program->stack_bound = entry->stack_bound;
		program->checked = entry->flags & REX_NOTE_CHECKED;
		strscpy(program->name, rex_note_string(note, entry->name), sizeof(program->name));
		program->statistics = alloc_percpu(struct rex_statistics);
		if (!program->statistics)
			return rex_refuse(message, -ENOMEM, "no memory for counters");
		error = rex_program_write_trampoline(program, trampolines + i * rex_trampoline_size());
		if (error)
			return rex_refuse(message, error, "program %s is out of reach", program->name);
	}
	return 0;
}

/* The package's name without its version; the first program's when the note does not say. */
static void name_object(struct rex_object *object, const struct rex_note *note)
{
	const char *package = rex_note_provenance(note, "package");
	char *end;

	strscpy(object->name, package ? package : rex_note_string(note, note->programs[0].name),
		sizeof(object->name));
	end = strchr(object->name, ' ');
	if (end)
		*end = '\0';
}

static u64 tag_of(const u8 *file, size_t size)
{
	u8 digest[SHA256_DIGEST_SIZE];

	sha256(file, size, digest);
	return be64_to_cpup((const __be64 *)digest);
}

static int fill(struct rex_object *object, const struct rex_elf *elf, const struct rex_ioc_load *load,
		const s32 *map_fds, struct rex_message *message)
{
	struct rex_note note;
	int error = rex_note_read(&note, elf, message);

	if (error)
		return error;
	name_object(object, &note);
	error = rex_image_create(&object->image, elf, &note,
				 note.header->programs.count * rex_trampoline_size(), message);
	if (!error)
		error = rex_object_take_maps(object, elf, &note, load, map_fds, message);
	if (!error)
		error = make_programs(object, &note, message);
	if (!error)
		error = rex_imports_prepare(elf, message);
	if (!error)
		error = rex_image_protect(&object->image, elf, message);
	if (!error)
		error = rex_ksyms_add(&object->ksyms, elf, &object->image, tag_of(elf->bytes, elf->size),
				      message);
	return error;
}

int rex_object_create(const u8 *file, size_t size, const struct rex_ioc_load *load, const s32 *map_fds,
		      struct rex_message *message, struct rex_object **result)
{
	struct rex_object *object;
	struct rex_elf elf;
	int error;

	if (load->timeout_ms > REX_TIMEOUT_MAX_MS || load->flags & ~REX_LOAD_DETACH_ON_PANIC)
		return rex_refuse(message, -EINVAL, "the time of a run is at most %u ms, and there are no such flags",
				  REX_TIMEOUT_MAX_MS);
	error = rex_elf_read(&elf, file, size, message);
	if (error)
		return error;
	object = kzalloc(sizeof(*object), GFP_KERNEL);
	if (!object) {
		error = rex_refuse(message, -ENOMEM, "no memory for the object");
		goto out;
	}
	kref_init(&object->references);
	INIT_LIST_HEAD(&object->link);
	object->flags = load->flags;
	object->timeout_ms = load->timeout_ms ? load->timeout_ms : REX_TIMEOUT_DEFAULT_MS;
	error = fill(object, &elf, load, map_fds, message);
	if (error)
		destroy(object);
	else
		*result = object;
out:
	rex_elf_free(&elf);
	return error;
}

int rex_object_publish(struct rex_object *object, struct rex_message *message)
{
	int error = 0;

	/* Before anybody can see it: from then on it may be unloaded at any time. */
	rex_watchdog_get();
	mutex_lock(&objects_lock);
	if (last_id == U32_MAX || !try_module_get(THIS_MODULE)) {
		error = rex_refuse(message, -EBUSY, "the module takes no more objects");
	} else {
		object->id = ++last_id;
		object->loaded_at = ktime_get_boottime_ns();
		object->descriptors = 1;
		rex_object_get(object); /* the list's */
		list_add_tail(&object->link, &objects);
	}
	mutex_unlock(&objects_lock);
	if (error) {
		rex_watchdog_put();
		destroy(object);
	}
	return error;
}

static void unbind_all(struct rex_object *object)
{
	u32 i;

	for (i = 0; i < object->program_count; i++)
		rex_program_unbind(&object->programs[i]);
}

/* Off the list, with the lock held; then rex_object_end() without. */
static void take_off(struct rex_object *object)
{
	unbind_all(object);
	list_del_init(&object->link);
}

/* The list's reference, after the grace period in which the runs that the last stub had begun have ended. */
static void rex_object_drop(struct rex_object *object)
{
	rex_watchdog_put();
	rex_object_put(object);
}

static void rex_object_end(struct rex_object *object)
{
	synchronize_rcu();
	rex_object_drop(object);
}

/*
 * Whether the object is still of use: somebody has its descriptor, or holds one of its stubs. A reference may
 * appear out of none but the module's (bpf(2) finds programs by id), too late: what it finds is then a stub.
 */
static bool is_used(struct rex_object *object)
{
	bool used = object->descriptors > 0;
	u32 i;

	for (i = 0; i < object->program_count; i++) {
		struct rex_program *program = &object->programs[i];

		if (!program->stub)
			continue;
		if (atomic64_read(&program->stub->aux->refcnt) > 1)
			used = true;
		else if (object->descriptors == 0)
			rex_program_unbind(program);
	}
	return used;
}

static void collect_now(void)
{
	struct rex_object *object, *next;
	LIST_HEAD(unused);

	mutex_lock(&objects_lock);
	list_for_each_entry_safe(object, next, &objects, link) {
		if (is_used(object))
			continue;
		unbind_all(object);
		list_move_tail(&object->link, &unused);
	}
	mutex_unlock(&objects_lock);
	/* One grace period for all of them: there may be many. */
	if (!list_empty(&unused))
		synchronize_rcu();
	list_for_each_entry_safe(object, next, &unused, link) {
		list_del_init(&object->link);
		rex_object_drop(object);
	}
}

static bool has_objects(void)
{
	bool result;

	mutex_lock(&objects_lock);
	result = !list_empty(&objects);
	mutex_unlock(&objects_lock);
	return result;
}

static void collect(struct work_struct *work)
{
	collect_now();
	if (has_objects())
		schedule_delayed_work(&collect_work, COLLECT_INTERVAL);
}

void rex_object_closed(struct rex_object *object)
{
	mutex_lock(&objects_lock);
	object->descriptors = 0;
	mutex_unlock(&objects_lock);
	rex_object_put(object);
	mod_delayed_work(system_wq, &collect_work, 0);
}

int rex_object_bind(struct rex_object *object, u32 program, int prog_fd)
{
	int error;

	if (program >= object->program_count)
		return -ENOENT;
	mutex_lock(&objects_lock);
	if (list_empty(&object->link))
		error = -ENODEV; /* unloaded */
	else if (atomic_read(&object->quarantined))
		error = -EUCLEAN;
	else
		error = rex_program_bind(&object->programs[program], prog_fd);
	mutex_unlock(&objects_lock);
	return error;
}

static struct rex_object *find(u32 id)
{
	struct rex_object *object;

	list_for_each_entry(object, &objects, link) {
		if (object->id == id)
			return object;
	}
	return NULL;
}

int rex_object_unload(u32 id)
{
	struct rex_object *object;

	mutex_lock(&objects_lock);
	object = find(id);
	if (object)
		take_off(object);
	mutex_unlock(&objects_lock);
	if (!object)
		return -ENOENT;
	rex_object_end(object);
	return 0;
}

int rex_object_next(u32 *id)
{
	struct rex_object *object;
	int error = -ENOENT;

	mutex_lock(&objects_lock);
	list_for_each_entry(object, &objects, link) {
		if (object->id > *id) {
			*id = object->id;
			error = 0;
			break;
		}
	}
	mutex_unlock(&objects_lock);
	return error;
}

int rex_object_info(struct rex_ioc_object_info *info)
{
	const struct rex_object *object;

	mutex_lock(&objects_lock);
	object = find(info->id);
	if (object) {
		*info = (struct rex_ioc_object_info){
			.id = object->id,
			.programs = object->program_count,
			.loaded_at_ns = object->loaded_at,
			.image_address = rex_kernel_kallsyms_show_value(current_cred()) ?
						 (u64)object->image.base : 0,
			.image_size = object->image.size,
			.timeout_ms = object->timeout_ms,
			.flags = atomic_read(&object->quarantined) ? REX_OBJECT_QUARANTINED : 0,
		};
		strscpy(info->name, object->name, sizeof(info->name));
	}
	mutex_unlock(&objects_lock);
	return object ? 0 : -ENOENT;
}

static void sum_statistics(const struct rex_program *program, struct rex_ioc_program_info *info)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		const struct rex_statistics *statistics = per_cpu_ptr(program->statistics, cpu);

		info->runs += READ_ONCE(statistics->runs);
		info->panics += READ_ONCE(statistics->panics);
		info->timeouts += READ_ONCE(statistics->timeouts);
		info->overflows += READ_ONCE(statistics->overflows);
		info->faults += READ_ONCE(statistics->faults);
		info->nested += READ_ONCE(statistics->nested);
		info->skipped += READ_ONCE(statistics->skipped);
	}
}

static u32 bpf_type_number(enum rex_program_type type)
{
	static const u32 types[] = {
		[REX_PROGRAM_KPROBE] = BPF_PROG_TYPE_KPROBE,
		[REX_PROGRAM_TRACEPOINT] = BPF_PROG_TYPE_TRACEPOINT,
		[REX_PROGRAM_PERF_EVENT] = BPF_PROG_TYPE_PERF_EVENT,
		[REX_PROGRAM_XDP] = BPF_PROG_TYPE_XDP,
		[REX_PROGRAM_TC] = BPF_PROG_TYPE_SCHED_CLS,
	};

	return types[type];
}

int rex_program_info(struct rex_ioc_program_info *info)
{
	const struct rex_object *object;
	int error = -ENOENT;

	mutex_lock(&objects_lock);
	object = find(info->object);
	if (object && info->program < object->program_count) {
		const struct rex_program *program = &object->programs[info->program];

		*info = (struct rex_ioc_program_info){
			.object = object->id,
			.program = program->index,
			.type = bpf_type_number(program->type),
			.prog_id = program->stub_id,
			.stack_bound = program->checked ? U32_MAX : program->stack_bound,
			.flags = (program->stub ? REX_PROGRAM_BOUND : 0) |
				 (program->stub && !program->live ? REX_PROGRAM_DETACHED : 0),
		};
		strscpy(info->name, program->name, sizeof(info->name));
		sum_statistics(program, info);
		error = 0;
	}
	mutex_unlock(&objects_lock);
	return error;
}

void rex_program_detach(struct rex_program *program)
{
	atomic_set(&program->detach, 1);
	irq_work_queue(&detach_wake);
}

void rex_object_quarantine(struct rex_object *object)
{
	atomic_set(&object->quarantined, 1);
	irq_work_queue(&detach_wake);
}

static void on_detach_wake(struct irq_work *work)
{
	schedule_work(&detach_work);
}

static void detach_asked(struct work_struct *work)
{
	struct rex_object *object;
	u32 i;

	mutex_lock(&objects_lock);
	list_for_each_entry(object, &objects, link) {
		for (i = 0; i < object->program_count; i++) {
			struct rex_program *program = &object->programs[i];

			if (atomic_xchg(&program->detach, 0) || atomic_read(&object->quarantined))
				rex_program_stop(program);
		}
	}
	mutex_unlock(&objects_lock);
}

int __init rex_objects_init(void)
{
	init_irq_work(&detach_wake, on_detach_wake);
	return 0;
}

/* Nobody has the device open, and the module has no users: there is no object. */
void rex_objects_exit(void)
{
	irq_work_sync(&detach_wake);
	cancel_work_sync(&detach_work);
	cancel_delayed_work_sync(&collect_work);
}
