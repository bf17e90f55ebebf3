/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/user/task.h"

#include "runtime/user/structures.h"

#include <string.h>
#include <unistd.h>

void task_of_process(struct task_struct *task)
{
    *task = (struct task_struct){.pid = (int32_t)getpid(), .tgid = (int32_t)getpid()};
    memcpy(task->comm, "rexc", sizeof("rexc"));
}

struct task_struct *task_from_pid(struct task_struct *tasks, size_t count, int64_t pid)
{
    for (size_t i = 0; i < count; i++) {
        if (tasks[i].pid == pid) {
            __atomic_add_fetch(&tasks[i].references, 1, __ATOMIC_RELAXED);
            return &tasks[i];
        }
    }
    return NULL;
}

void task_release(struct task_struct *task)
{
    __atomic_sub_fetch(&task->references, 1, __ATOMIC_RELAXED);
}
