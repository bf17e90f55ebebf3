// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! Where the CPUs spend their time: samples by process and kernel stack.

// There is no standard library in the kernel, and no main function: the kernel calls the programs below. Tests
// run on the machine that builds, with both.
#![cfg_attr(not(test), no_std)]
#![cfg_attr(not(test), no_main)]

use rex::map::{RexHashMap, RexStackTrace};
use rex::perf_event::{bpf_perf_event_data, perf_event};
use rex::{Result, rex_map, rex_perf_event};

/// What samples are counted by. Keys go to user space byte by byte, so a key must have no padding: the
/// compiler refuses one that has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
struct Place {
    process: u32,
    /// Number of the stack in STACKS, or NO_STACK.
    stack: u32,
}

const NO_STACK: u32 = u32::MAX;

/// A map is shared between the program, on every CPU, and user space.
#[rex_map]
static SAMPLES: RexHashMap<Place, u64> = RexHashMap::new(4096, 0);

/// Each stack once, by a number that the kernel gives it: up to 127 return addresses.
#[rex_map]
static STACKS: RexStackTrace<u32, [u64; 127]> = RexStackTrace::new(4096, 0);

/// What a helper returned as a stack's number: negative numbers are errors, such as a full map.
fn stack_number(answer: Result) -> u32 {
    match answer {
        Ok(number) if number >= 0 => number as u32,
        _ => NO_STACK,
    }
}

/// The program: called for each sample of the event that it is attached to, such as 99 times a second and CPU.
#[rex_perf_event]
fn sample(program: &perf_event, data: &bpf_perf_event_data) -> Result {
    let Some(task) = program.bpf_get_current_task() else {
        return Ok(0);
    };
    let place = Place {
        process: task.get_tgid() as u32,
        stack: stack_number(program.bpf_get_stackid_pe(data, &STACKS, 0)),
    };
    match SAMPLES.get_mut(&place) {
        Some(count) => *count += 1,
        // The first sample there. When the map is full, it is not counted.
        None => _ = SAMPLES.insert(&place, &1),
    }
    Ok(0)
}

/// Run with `rexc test`: plain functions need no kernel.
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_no_stacks() {
        assert_eq!(stack_number(Ok(7)), 7);
        assert_eq!(stack_number(Ok(-17)), NO_STACK);
        assert_eq!(stack_number(Err(-14)), NO_STACK);
    }
}
