/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/user/spin_lock.h"

bool spin_lock_try(struct bpf_spin_lock *lock)
{
    __u32 free_value = 0;

    return __atomic_compare_exchange_n(&lock->val, &free_value, 1, false, __ATOMIC_ACQUIRE,
                                       __ATOMIC_RELAXED);
}

void spin_lock_release(struct bpf_spin_lock *lock)
{
    __atomic_store_n(&lock->val, 0, __ATOMIC_RELEASE);
}
