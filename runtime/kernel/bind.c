// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program behind an eBPF program. The stub's first instruction, the 5-byte nop that the JIT puts there for just
 * such purposes, becomes a jump to the trampoline. All else about the stub stays as it is, so whoever attaches,
 * links, pins, lists or frees it sees an ordinary program; a tail call enters behind the nop and gets the
 * stub's own verdict.
 */
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/rcupdate.h>
#include <linux/version.h>

#include "runtime/kernel/object.h"
#include "runtime/kernel/symbols.h"

static enum bpf_prog_type bpf_type(enum rex_program_type type)
{
	static const enum bpf_prog_type types[] = {
		[REX_PROGRAM_KPROBE] = BPF_PROG_TYPE_KPROBE,
		[REX_PROGRAM_TRACEPOINT] = BPF_PROG_TYPE_TRACEPOINT,
		[REX_PROGRAM_PERF_EVENT] = BPF_PROG_TYPE_PERF_EVENT,
		[REX_PROGRAM_XDP] = BPF_PROG_TYPE_XDP,
		[REX_PROGRAM_TC] = BPF_PROG_TYPE_SCHED_CLS,
	};

	return types[type];
}

static bool is_sleepable(const struct bpf_prog *stub)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
	return stub->sleepable;
#else
	return stub->aux->sleepable;
#endif
}

/*
 * Whether the stub is run where programs are safe: not sleepable, not by way of a kprobe.multi, a devmap or a
 * cpumap, whose contexts nobody has looked at; and is compiled, since an interpreted one has no code of its own.
 */
static bool is_usable(const struct bpf_prog *stub)
{
	return stub->jited && stub->bpf_func && !is_sleepable(stub) && !stub->aux->offload_requested &&
	       !stub->is_func && stub->aux->func_cnt == 0 &&
	       (stub->expected_attach_type == 0 || stub->expected_attach_type == BPF_XDP);
}

int rex_program_bind(struct rex_program *program, int prog_fd)
{
	struct bpf_prog *stub;
	int error;

	if (program->stub)
		return -EBUSY;
	stub = bpf_prog_get_type_dev(prog_fd, bpf_type(program->type), false);
	if (IS_ERR(stub))
		return PTR_ERR(stub);
	error = is_usable(stub) ? 0 : -EOPNOTSUPP;
	if (!error)
		error = rex_kernel_bpf_arch_text_poke(stub->bpf_func, BPF_MOD_JUMP, NULL,
						      (void *)program->trampoline);
	if (error) {
		bpf_prog_put(stub);
		return error;
	}
	program->stub = stub;
	program->stub_id = stub->aux->id;
	program->live = true;
	return 0;
}

/*
 * From the next call on the stub is a stub. Calls that are on their way are inside RCU read sides, as all calls of
 * BPF programs are: the caller waits for a grace period before it frees what they use.
 */
void rex_program_stop(struct rex_program *program)
{
	if (!program->live)
		return;
	/* Should it ever fail, the stub goes on leading here: the reference keeps the code in memory for good. */
	if (WARN_ON_ONCE(rex_kernel_bpf_arch_text_poke(program->stub->bpf_func, BPF_MOD_JUMP,
						       (void *)program->trampoline, NULL)))
		rex_object_get(program->object);
	program->live = false;
}

void rex_program_unbind(struct rex_program *program)
{
	if (!program->stub)
		return;
	rex_program_stop(program);
	bpf_prog_put(program->stub);
	program->stub = NULL;
	program->stub_id = 0;
}
