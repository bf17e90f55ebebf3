// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! Tasks: threads as the kernel sees them.

use crate::generated::{fields, functions};
use crate::pt_regs::PtRegs;
use crate::utils::Text;
use core::cell::OnceCell;
use core::ffi::{CStr, FromBytesUntilNulError};
use core::ops::Deref;

/// Bytes of a task's name (TASK_COMM_LEN), NUL included.
const NAME_SIZE: usize = 16;

/// A task that is alive for as long as the value is.
pub struct TaskStruct {
    /// The kernel's struct task_struct.
    task: *const u8,
    /// The name when it was first asked for. A copy: the task can be renamed at any time.
    name: OnceCell<[u8; NAME_SIZE]>,
}

impl TaskStruct {
    /// # Safety
    /// `task` is a struct task_struct that stays alive for as long as the result.
    #[inline(always)]
    pub(crate) unsafe fn new(task: *const u8) -> Self {
        TaskStruct { task, name: OnceCell::new() }
    }

    /// The thread's number (what gettid(2) returns in the first namespace).
    #[inline]
    pub fn get_pid(&self) -> i32 {
        // SAFETY: it is a struct task_struct, alive.
        unsafe { fields::task_struct::pid(self.task) }
    }

    /// The process's number (what getpid(2) returns in the first namespace).
    #[inline]
    pub fn get_tgid(&self) -> i32 {
        // SAFETY: it is a struct task_struct, alive.
        unsafe { fields::task_struct::tgid(self.task) }
    }

    /// Time spent in user space, in nanoseconds.
    #[inline]
    pub fn get_utime(&self) -> u64 {
        // SAFETY: it is a struct task_struct, alive.
        unsafe { fields::task_struct::utime(self.task) }
    }

    /// The task's name, as it was at the first call.
    ///
    /// # Errors
    /// When it is not NUL-terminated.
    #[inline]
    pub fn get_comm(&self) -> core::result::Result<&CStr, FromBytesUntilNulError> {
        // SAFETY: it is a struct task_struct, alive.
        let name = self.name.get_or_init(|| unsafe { fields::task_struct::comm(self.task) });
        CStr::from_bytes_until_nul(name)
    }

    /// The task's name as text, as it was at the first call of this or [`get_comm`](Self::get_comm).
    #[inline]
    pub fn name(&self) -> Text<NAME_SIZE> {
        // SAFETY: it is a struct task_struct, alive.
        Text::until_nul(self.name.get_or_init(|| unsafe { fields::task_struct::comm(self.task) }))
    }

    /// The registers with which the task entered the kernel; all zeroes when it has none, as a kernel
    /// thread.
    #[inline]
    pub fn get_pt_regs(&self) -> TaskRegisters {
        self.try_pt_regs().unwrap_or_else(TaskRegisters::unknown)
    }

    /// The registers with which the task entered the kernel; `None` when it has none, as a kernel thread.
    #[inline]
    pub fn try_pt_regs(&self) -> Option<TaskRegisters> {
        let mut copy = TaskRegisters::unknown();
        // SAFETY: it is a struct task_struct, alive; the runtime writes a struct pt_regs.
        let status = unsafe {
            functions::rex_task_pt_regs(
                self.task.cast(),
                core::ptr::from_mut(&mut copy.registers).cast(),
            )
        };
        if status < 0 { None } else { Some(copy) }
    }
}

/// A copy of a task's registers, to look at. Not a [`PtRegs`] itself: one that could be moved could be
/// assigned to a kprobe's context, which are the real registers.
pub struct TaskRegisters {
    registers: PtRegs,
}

impl TaskRegisters {
    #[inline]
    fn unknown() -> Self {
        TaskRegisters { registers: PtRegs::unknown() }
    }
}

impl Deref for TaskRegisters {
    type Target = PtRegs;

    #[inline(always)]
    fn deref(&self) -> &PtRegs {
        &self.registers
    }
}

/// A task that is kept alive by a reference of the program's, which is given back when this is dropped,
/// or by the runtime when the run ends before.
pub struct OwnedTaskStruct {
    task: TaskStruct,
}

impl OwnedTaskStruct {
    /// The thread with that number in the first namespace, if there is one.
    #[inline]
    pub fn from_pid(pid: i32) -> Option<Self> {
        // SAFETY: takes a number.
        let task = unsafe { functions::rex_task_from_pid(i64::from(pid)) };
        if task.is_null() {
            return None;
        }
        // SAFETY: the reference that was taken keeps it alive until `drop`.
        Some(OwnedTaskStruct { task: unsafe { TaskStruct::new(task.cast_const().cast()) } })
    }
}

impl Deref for OwnedTaskStruct {
    type Target = TaskStruct;

    #[inline(always)]
    fn deref(&self) -> &TaskStruct {
        &self.task
    }
}

impl Drop for OwnedTaskStruct {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the reference is this value's, and given back once.
        unsafe { functions::rex_task_release(self.task.task.cast_mut().cast()) };
    }
}
