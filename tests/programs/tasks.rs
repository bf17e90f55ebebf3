// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! Tasks: the current one, one by number, their registers, and memory of the kernel.
#![no_std]
#![no_main]
#![allow(non_upper_case_globals)] // the kernel's names, in patterns
use rex::kprobe::kprobe;
use rex::linux::seccomp::seccomp_data;
use rex::linux::unistd::{__NR_mmap, __NR_read, __NR_write};
use rex::pt_regs::PtRegs;
use rex::task_struct::OwnedTaskStruct;
use rex::{Result, rex_kprobe, rex_printk};

#[rex_kprobe(function = "__seccomp_filter")]
fn tasks(obj: &kprobe, ctx: &mut PtRegs) -> Result {
    let mut data = seccomp_data { nr: 0, arch: 0, instruction_pointer: 0, args: [0; 6] };
    obj.bpf_probe_read_kernel(&mut data, ctx.rsi() as *const ())?;
    let task = obj.bpf_get_current_task().ok_or(0)?;
    let name = task.name();
    match ctx.rdi() as u32 {
        __NR_write if data.args[2] == 512 => {
            rex_printk!("{} write(fd={}, buf={:#x})", name, data.args[0], data.args[1])?;
        }
        __NR_read if (128..=1024).contains(&data.args[2]) => {
            rex_printk!("{} read(fd={}, size={})", name, data.args[0], data.args[2])?;
        }
        __NR_mmap => _ = rex_printk!("mmap")?,
        _ => {}
    }
    if let Some(parent) = OwnedTaskStruct::from_pid(task.get_tgid()) {
        let registers = parent.get_pt_regs();
        rex_printk!("{} {} {:x}", parent.get_pid(), parent.get_utime(), registers.rip())?;
    }
    let mut text = [0u8; 64];
    obj.bpf_snprintf(&mut text, "%d of %llu", &[task.get_pid() as u64, obj.bpf_jiffies64()])
}
