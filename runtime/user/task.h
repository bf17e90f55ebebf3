/* SPDX-License-Identifier: Apache-2.0 */
/* Tasks: those that the context file lists, each with a count of the references that programs hold.
 */
#ifndef REXC_RUNTIME_USER_TASK_H
#define REXC_RUNTIME_USER_TASK_H

#include <stddef.h>
#include <stdint.h>

struct task_struct;

/* The process itself as a task: what a program sees as current when a context file names none. */
void task_of_process(struct task_struct *task);
/* The task with that pid, with a reference that the caller must release; NULL when there is none.
 */
struct task_struct *task_from_pid(struct task_struct *tasks, size_t count, int64_t pid);
void task_release(struct task_struct *task);

#endif
