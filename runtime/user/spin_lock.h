/* SPDX-License-Identifier: Apache-2.0 */
/* struct bpf_spin_lock between the threads that stand for CPUs. */
#ifndef REXC_RUNTIME_USER_SPIN_LOCK_H
#define REXC_RUNTIME_USER_SPIN_LOCK_H

#include <linux/bpf.h>
#include <stdbool.h>

/* Tries to take it once; false when somebody holds it. */
bool spin_lock_try(struct bpf_spin_lock *lock);
void spin_lock_release(struct bpf_spin_lock *lock);

#endif
