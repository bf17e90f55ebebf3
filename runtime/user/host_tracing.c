/* SPDX-License-Identifier: Apache-2.0 */
/* Imports of tracing programs: tasks, memory, registers, perf events. */
#include "runtime/user/cpu.h"
#include "runtime/user/host.h"
#include "runtime/user/map_perf_event_array.h"
#include "runtime/user/map_stack_trace.h"
#include "runtime/user/runtime.h"
#include "runtime/user/task.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

struct task_struct *host_rex_task_from_pid(int64_t pid)
{
    struct cpu *cpu = cpu_current();
    const struct runtime *runtime = cpu->runtime;
    struct task_struct *task = NULL;

    if (!cleanup_has_room(&cpu->cleanup))
        return NULL;
    task = task_from_pid(runtime->tasks, runtime->task_count, pid);
    if (task)
        cleanup_add(&cpu->cleanup, REX_CLEANUP_TASK, task);
    return task;
}

/* Only a task that this run took and has not given back: -EINVAL otherwise. */
int64_t host_rex_task_release(struct task_struct *task)
{
    if (!cleanup_remove(&cpu_current()->cleanup, REX_CLEANUP_TASK, task))
        return -EINVAL;
    task_release(task);
    return 0;
}

/* -EINVAL for a kernel thread, which has no registers of user space. */
int64_t host_rex_task_pt_regs(const struct task_struct *task, struct pt_regs *registers)
{
    if (!task->has_registers)
        return -EINVAL;
    *registers = task->registers;
    return 0;
}

/* The result is what the probed function would return. Its ip is left as it is: nothing goes on
 * from there. */
int64_t host_rex_override_return(struct pt_regs *registers, uint64_t value)
{
    struct cpu *cpu = cpu_current();

    registers->rax = value;
    cpu->overrides++;
    return 0;
}

uint64_t host_bpf_get_current_task(void)
{
    return (uint64_t)cpu_current()->task;
}

/* Memory is what the context file lists, and the process's own, which the kernel reads for us so
 * that a bad address is an error and no fault. A failed read leaves zeroes, as the kernel's. */
int64_t host_bpf_probe_read_kernel(void *destination, uint64_t size, const void *source)
{
    const uint32_t length = (uint32_t)size; /* the kernel's parameter is a u32 */
    const struct context_file *context = cpu_current()->runtime->context;
    const struct iovec local = {.iov_base = destination, .iov_len = length};
    const struct iovec remote = {.iov_base = (void *)(uintptr_t)source, .iov_len = length};

    if (length == 0)
        return 0;
    if (context && context_memory_read(context->memory, context->memory_count, (uint64_t)source,
                                       destination, length))
        return 0;
    if (process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == (ssize_t)length)
        return 0;
    memset(destination, 0, length);
    return -EFAULT;
}

int64_t host_bpf_perf_event_output_tp(void *ctx, struct map *map, uint64_t flags, const void *data,
                                      uint64_t size)
{
    (void)ctx;
    return perf_event_array_output(map, cpu_current()->visible.cpu_number, flags, data, size);
}

int64_t host_bpf_perf_prog_read_value(struct bpf_perf_event_data_kern *ctx,
                                      struct bpf_perf_event_value *value, uint64_t size)
{
    const struct context_event *event = cpu_current()->traced.event;

    (void)ctx;
    if (size != sizeof(*value)) {
        memset(value, 0, (uint32_t)size);
        return -EINVAL;
    }
    *value = (struct bpf_perf_event_value){
        .counter = event->counter, .enabled = event->enabled, .running = event->running};
    return 0;
}

/* An event without a stack has that of the interrupted instruction alone. */
int64_t host_bpf_get_stackid_pe(struct bpf_perf_event_data_kern *ctx, struct map *map,
                                uint64_t flags)
{
    const struct context_event *event = cpu_current()->traced.event;
    const struct context_stack *stack =
        flags & BPF_F_USER_STACK ? &event->user_stack : &event->kernel_stack;
    const uint64_t instruction = ctx->regs->rip;

    if (!(flags & BPF_F_USER_STACK) && stack->count == 0 && instruction != 0)
        return stack_trace_id(map, &instruction, 1, flags);
    return stack_trace_id(map, stack->addresses, stack->count, flags);
}
