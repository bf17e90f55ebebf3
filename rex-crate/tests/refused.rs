// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Programs that the crate's types and macros refuse. Each case is a crate of its own, between a line
// "//@ NAME" and the next; "//~ TEXT" is in the compiler's message. "//@ NAME ok" must compile: the
// innocent twin of the case before it. Run by run.py, which puts before each case:
//     #![no_std]
//     use rex::linux::bpf::*; use rex::map::*; use rex::utils::*; use rex::*;

//@ value_bool
//~ `bool` is not plain data
#[rex_map]
static M: RexHashMap<u32, bool> = RexHashMap::new(1, 0);

//@ value_byte ok
#[rex_map]
static M: RexHashMap<u32, u8> = RexHashMap::new(1, 0);

//@ value_char
//~ `char` is not plain data
#[rex_map]
static M: RexArrayMap<char> = RexArrayMap::new(1, 0);

//@ value_nonzero
//~ `NonZero<u32>` is not plain data
#[rex_map]
static M: RexQueue<core::num::NonZero<u32>> = RexQueue::new(1, 0);

//@ value_duration
//~ `Duration` is not plain data
#[rex_map]
static M: RexArrayMap<core::time::Duration> = RexArrayMap::new(1, 0);

//@ value_enum
//~ `State` is not plain data
#[derive(Clone, Copy)]
#[repr(u32)]
pub enum State { A = 0, B = 1 }
#[rex_map]
static M: RexArrayMap<State> = RexArrayMap::new(1, 0);

//@ value_enum_in_struct
//~ `Entry` is not plain data
#[derive(Clone, Copy)]
pub enum State { A, B }
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Entry { a: u8, state: State }
#[rex_map]
static M: RexArrayMap<Entry> = RexArrayMap::new(1, 0);

//@ value_option
//~ `Option<u32>` is not plain data
#[rex_map]
static M: RexArrayMap<Option<u32>> = RexArrayMap::new(1, 0);

//@ value_function
//~ `fn()` is not plain data
#[rex_map]
static M: RexArrayMap<fn()> = RexArrayMap::new(1, 0);

//@ value_higher_ranked_function
//~ `for<'a> fn(&'a u8)` is not plain data
#[rex_map]
static M: RexArrayMap<fn(&u8)> = RexArrayMap::new(1, 0);

//@ value_c_function_in_array
//~ `[extern "C" fn(u32) -> u32; 2]` is not plain data
#[rex_map]
static M: RexArrayMap<[extern "C" fn(u32) -> u32; 2]> = RexArrayMap::new(1, 0);

//@ value_function_in_large_array
//~ is not plain data
#[rex_map]
static M: RexArrayMap<[fn(); 1000]> = RexArrayMap::new(1, 0);

//@ value_reference
//~ `&'static u8` is not plain data
#[rex_map]
static M: RexArrayMap<&'static u8> = RexArrayMap::new(1, 0);

//@ value_string
//~ `&'static str` is not plain data
#[rex_map]
static M: RexArrayMap<&'static str> = RexArrayMap::new(1, 0);

//@ value_trait_object
//~ is not plain data
#[rex_map]
static M: RexArrayMap<&'static (dyn Fn() + Sync)> = RexArrayMap::new(1, 0);

//@ value_raw_pointer
//~ `*const u8` is not plain data
#[rex_map]
static M: RexArrayMap<*const u8> = RexArrayMap::new(1, 0);

//@ value_infallible
//~ `Infallible` is not plain data
#[rex_map]
static M: RexArrayMap<core::convert::Infallible> = RexArrayMap::new(1, 0);

//@ value_type_id
//~ `TypeId` is not plain data
#[rex_map]
static M: RexArrayMap<core::any::TypeId> = RexArrayMap::new(1, 0);

//@ value_layout
//~ `Layout` is not plain data
#[rex_map]
static M: RexArrayMap<core::alloc::Layout> = RexArrayMap::new(1, 0);

//@ value_tracepoint_record
//~ `RawSyscallsEnterCtx` is not plain data
#[rex_map]
static M: RexArrayMap<rex::tracepoint::RawSyscallsEnterCtx> = RexArrayMap::new(1, 0);

//@ value_with_padding
//~ `Padded` is not plain data without padding bytes
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Padded { a: u32, b: u64 }
#[rex_map]
static M: RexHashMap<u32, Padded> = RexHashMap::new(1, 0);

//@ value_with_explicit_padding ok
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Explicit { a: u32, _pad: [u8; 4], b: u64 }
#[rex_map]
static M: RexHashMap<u32, Explicit> = RexHashMap::new(1, 0);

//@ value_not_copy
//~ the trait bound `Owned: Copy` is not satisfied
pub struct Owned(u32);
#[rex_map]
static M: RexHashMap<u32, Owned> = RexHashMap::new(1, 0);

//@ value_overaligned
//~ values in maps are aligned to 8 bytes
#[rex_map]
static M: RexArrayMap<u128> = RexArrayMap::new(1, 0);

//@ key_with_padding
//~ `(u8, u32)` is not plain data without padding bytes
#[rex_map]
static M: RexHashMap<(u8, u32), u64> = RexHashMap::new(1, 0);

//@ key_reference
//~ `&u32` is not plain data without padding bytes
#[rex_map]
static M: RexHashMap<&'static u32, u64> = RexHashMap::new(1, 0);

//@ key_too_large
//~ keys of up to 512 bytes
#[rex_map]
static M: RexHashMap<[u8; 513], u64> = RexHashMap::new(1, 0);

//@ no_entries
//~ room for at least one element
#[rex_map]
static M: RexHashMap<u32, u64> = RexHashMap::new(0, 0);

//@ flag_of_the_verifier
//~ a flag that this kind of map does not have
#[rex_map]
static M: RexHashMap<u32, u64> = RexHashMap::new(1, BPF_F_RDONLY_PROG);

//@ ring_of_odd_size
//~ a power of two
#[rex_map]
static M: RexRingBuf = RexRingBuf::new(5000, 0);

//@ map_on_other_static
//~ `u32` is not one of the map types
#[rex_map]
static M: u32 = 1;

//@ map_on_what_dereferences_to_a_map
//~ `Forged` is not one of the map types
pub struct Forged { words: [core::sync::atomic::AtomicU32; 6], map: core::sync::atomic::AtomicU64 }
static REAL: RexArrayMap<u64> = RexArrayMap::new(1, 0);
impl core::ops::Deref for Forged {
    type Target = RexArrayMap<u64>;
    fn deref(&self) -> &RexArrayMap<u64> { &REAL }
}
#[rex_map]
static M: Forged = Forged {
    words: [const { core::sync::atomic::AtomicU32::new(1) }; 6],
    map: core::sync::atomic::AtomicU64::new(0),
};

//@ map_type_by_another_name ok
type Table = RexArrayMap<u64>;
#[rex_map]
static M: Table = Table::new(1, 0);

//@ map_called_like_a_table_of_the_linker
//~ or `_` and a capital letter, are reserved
#[rex_map]
static _GLOBAL_OFFSET_TABLE_: RexHashMap<u32, u64> = RexHashMap::new(1, 0);

//@ map_with_an_underscore ok
#[rex_map]
static _m: RexHashMap<u32, u64> = RexHashMap::new(1, 0);

//@ event_too_large
//~ an event has up to
#[rex_map]
static M: RexPerfEventArray<[u8; 1 << 16]> = RexPerfEventArray::new(64, 0);

//@ event_of_the_largest_size ok
#[rex_map]
static M: RexPerfEventArray<[u8; 64_512]> = RexPerfEventArray::new(64, 0);

//@ map_mutable
//~ a map is not `mut`
#[rex_map]
static mut M: RexHashMap<u32, u64> = RexHashMap::new(1, 0);

//@ map_on_constant
//~ this attribute goes on a `static`
#[rex_map]
const M: RexHashMap<u32, u64> = RexHashMap::new(1, 0);

//@ map_with_options
//~ unknown option `name`; this attribute takes no options
#[rex_map(name = "x")]
static M: RexHashMap<u32, u64> = RexHashMap::new(1, 0);

//@ map_called_memcpy
//~ the name is reserved
#[rex_map]
static memcpy: RexHashMap<u32, u64> = RexHashMap::new(1, 0);

//@ map_called_like_a_builtin
//~ names that begin with `__`
#[rex_map]
static __udivti3: RexHashMap<u32, u64> = RexHashMap::new(1, 0);

//@ program_called_like_an_import
//~ the name is that of a function of the runtime
#[rex_xdp]
fn bpf_ktime_get_ns(_: &xdp::xdp, _: &mut xdp::xdp_md) -> Result { Ok(0) }

//@ lookup_in_ring
//~ maps of this kind have no elements to look up
#[rex_map]
static M: RexRingBuf = RexRingBuf::new(4096, 0);
pub fn f(obj: &xdp::xdp) { obj.bpf_map_lookup_elem(&M, &()); }

//@ lookup_in_stack_trace
//~ maps of this kind have no elements to look up
#[rex_map]
static M: RexStackTrace<u32, [u64; 8]> = RexStackTrace::new(1, 0);
pub fn f(obj: &xdp::xdp) { obj.bpf_map_lookup_elem(&M, &0); }

//@ lookup_in_perf_event_array
//~ maps of this kind have no elements to look up
#[rex_map]
static M: RexPerfEventArray<u64> = RexPerfEventArray::new(1, 0);
pub fn f(obj: &xdp::xdp) { obj.bpf_map_lookup_elem(&M, &0); }

//@ push_to_hash
//~ maps of this kind cannot be pushed to or popped from
#[rex_map]
static M: RexHashMap<u32, u64> = RexHashMap::new(1, 0);
pub fn f(obj: &xdp::xdp) { let _ = obj.bpf_map_push_elem(&M, &1, 0); }

//@ pop_from_array
//~ maps of this kind cannot be pushed to or popped from
#[rex_map]
static M: RexArrayMap<u64> = RexArrayMap::new(1, 0);
pub fn f(obj: &xdp::xdp) { obj.bpf_map_pop_elem(&M); }

//@ delete_from_queue
//~ maps of this kind have no elements to delete
#[rex_map]
static M: RexQueue<u64> = RexQueue::new(1, 0);
pub fn f(obj: &xdp::xdp) { let _ = obj.bpf_map_delete_elem(&M, &()); }

//@ lookup_with_other_key
//~ mismatched types
#[rex_map]
static M: RexHashMap<u32, u64> = RexHashMap::new(1, 0);
pub fn f(obj: &xdp::xdp) { obj.bpf_map_lookup_elem(&M, &1u64); }

//@ lookup_outlives_key
//~ cannot return value referencing local variable `key`
#[rex_map]
static M: RexHashMap<u32, u64> = RexHashMap::new(1, 0);
pub fn f() -> Option<&'static mut u64> { let key = 1; M.get_mut(&key) }

//@ cast_to_function
//~ `fn()` is not plain data
pub fn f(bytes: &[u8]) { (*convert_slice_to_struct::<fn()>(bytes))(); }

//@ cast_to_bool
//~ `bool` is not plain data
pub fn f(bytes: &[u8]) -> Option<bool> { try_read(bytes) }

//@ cast_field_to_char
//~ `char` is not plain data
#[repr(C)]
pub struct S { a: u32 }
pub fn f(bytes: &[u8]) -> char { read_field!(bytes, 0, S, a, char) }

//@ zeroed_reference
//~ is not plain data
pub fn f() -> &'static u8 { zeroed() }

//@ forged_text
//~ `rex::utils::Text<8>: Copy` is not satisfied
pub fn f(bytes: &[u8]) -> Option<Text<8>> { try_read(bytes) }

//@ text_of_value ok
#[rex_map]
static M: RexArrayMap<[u8; 8]> = RexArrayMap::new(1, 0);
pub fn f() -> usize {
    let value = M.get_mut(&0).unwrap();
    let text = Text::<8>::prefix_of(&value[..]);
    value[7] = 0xf0;
    text.chars().count()
}

//@ bytes_with_padding
//~ is not plain data without padding bytes
pub fn f(value: &(u8, u16)) -> &[u8] { as_bytes(value) }

//@ bytes_of_a_cell
//~ the trait bound `Cell<u32>: Copy` is not satisfied
pub fn f(value: &core::cell::Cell<u32>) -> &[u8] { as_bytes(value) }

//@ bytes_of_an_integer ok
pub fn f(value: &u32) -> &[u8] { as_bytes(value) }

//@ view_of_any_packet ok
use rex::sched_cls::{__sk_buff, sched_cls};
use rex::xdp::{HeaderError, udphdr, xdp, xdp_md};
fn port(header: &mut AlignedMut<'_, udphdr>) -> u16 { header.dest = 5; header.source }
pub fn f(xdp: &xdp, tc: &sched_cls, md: &mut xdp_md, skb: &mut __sk_buff) -> core::result::Result<u16, HeaderError> {
    xdp.read_ip_header(md)?;
    tc.read_ip_header(skb)?;
    let plain = port(&mut xdp.udp_header(md));
    let other = port(&mut xdp.try_udp_header(md)?);
    let third = port(&mut tc.try_udp_header(skb)?);
    Ok(plain + other + third)
}

//@ mutable_view_with_padding
//~ is not plain data without padding bytes
pub fn f(bytes: &mut [u8]) { convert_slice_to_struct_mut::<(u8, u16)>(bytes).0 = 1; }

//@ read_kernel_into_reference
//~ is not plain data
pub fn f(obj: &kprobe::kprobe, at: u64) { let mut r = &0u8; let _ = obj.bpf_probe_read_kernel(&mut r, at as *const ()); }

//@ read_kernel_from_xdp
//~ no method named `bpf_probe_read_kernel`
pub fn f(obj: &xdp::xdp) { let mut n = 0u64; let _ = obj.bpf_probe_read_kernel(&mut n, 8 as *const ()); }

//@ task_from_tc
//~ no method named `bpf_get_current_task`
pub fn f(obj: &sched_cls::sched_cls) { obj.bpf_get_current_task(); }

//@ implement_plain
//~ requires an `unsafe impl` declaration
pub struct S(bool);
impl NoRef for S {}

//@ own_record
//~ `Mine` is not the record of an event
pub struct Mine(u64);
#[rex_tracepoint]
fn p(_: &tracepoint::tracepoint<Mine>, _: &'static Mine) -> Result { Ok(0) }

//@ implement_record
//~ the trait bound `Mine: rex::tracepoint::sealed::Sealed` is not satisfied
pub struct Mine(u64);
impl tracepoint::TracepointContext for Mine {}

//@ implement_streamer
//~ the trait bound `Mine: utils::sealed::PerfEventStreamer` is not satisfied
pub struct Mine;
impl PerfEventStreamer for Mine {
    type Context = u64;
    fn output_event<T: Copy + Plain>(&self, _: &u64, _: &'static RexPerfEventArray<T>, _: &T, _: PerfEventMaskedCPU) -> Result { Ok(0) }
}

//@ implement_map_kind
//~ only traits defined in the current crate can be implemented
impl Lookup for Kind<27> {}

//@ make_record
//~ cannot construct `RawSyscallsExitCtx` with struct literal syntax due to private fields
pub fn f() -> tracepoint::RawSyscallsExitCtx { tracepoint::RawSyscallsExitCtx { id: 1, ret: 2 } }

//@ make_record_from_other
//~ field `_common` of struct `RawSyscallsExitCtx` is private
pub fn f(o: tracepoint::RawSyscallsExitCtx) -> tracepoint::RawSyscallsExitCtx { tracepoint::RawSyscallsExitCtx { id: 1, ..o } }

//@ make_program_object
//~ cannot construct `rex::xdp::xdp` with struct literal syntax due to private fields
pub fn f() -> xdp::xdp { xdp::xdp {} }

//@ default_context
//~ the trait bound `PtRegs: Default` is not satisfied
pub fn f(regs: &mut pt_regs::PtRegs) { core::mem::take(regs); }

//@ copy_registers
//~ cannot move out of `*regs`
pub fn f(regs: &pt_regs::PtRegs) -> pt_regs::PtRegs { *regs }

//@ assign_registers
//~ mismatched types
pub fn f(task: &task_struct::TaskStruct, regs: &mut pt_regs::PtRegs) { *regs = task.get_pt_regs(); }

//@ swap_registers
//~ cannot borrow data in dereference of `TaskRegisters` as mutable
pub fn f(task: &task_struct::TaskStruct, regs: &mut pt_regs::PtRegs) { core::mem::swap(regs, &mut *task.get_pt_regs()); }

//@ read_registers ok
pub fn f(task: &task_struct::TaskStruct, regs: &mut pt_regs::PtRegs) -> u64 { regs.rip() + task.get_pt_regs().rip() }

//@ take_packet
//~ the trait bound `XdpData<'_>: Default` is not satisfied
pub fn f(ctx: &mut xdp::xdp_md) { core::mem::take(&mut ctx.data_slice); }

//@ move_packet
//~ cannot move out of `ctx.data_slice`
pub fn f<'a>(ctx: &mut xdp::xdp_md<'a>) -> xdp::XdpData<'a> { ctx.data_slice }

//@ packet_across_adjust_tail
//~ cannot borrow `*ctx` as mutable more than once
pub fn f(obj: &xdp::xdp, ctx: &mut xdp::xdp_md) -> u8 {
    let bytes = &mut ctx.data_slice[..];
    let _ = obj.bpf_xdp_adjust_tail(ctx, -10);
    bytes[bytes.len() - 1]
}

//@ packet_outlives_context
//~ explicit lifetime required in the type of `ctx`
pub fn f<'a>(ctx: &mut xdp::xdp_md<'a>) -> &'a [u8] { &ctx.data_slice }

//@ packet_around_adjust_tail ok
pub fn f(obj: &xdp::xdp, ctx: &mut xdp::xdp_md) -> u8 {
    let last = ctx.data_slice[ctx.data_slice.len() - 1];
    let _ = obj.bpf_xdp_adjust_tail(ctx, -10);
    last + ctx.data_slice[0]
}

//@ header_across_adjust_tail
//~ cannot borrow `*ctx` as mutable more than once
pub fn f(obj: &xdp::xdp, ctx: &mut xdp::xdp_md) {
    let mut header = obj.eth_header(ctx);
    let _ = obj.bpf_xdp_adjust_tail(ctx, -10);
    header.h_proto = 0;
}

//@ packet_across_clone_redirect
//~ cannot borrow `*skb` as mutable because it is also borrowed as immutable
pub fn f(obj: &sched_cls::sched_cls, skb: &mut sched_cls::__sk_buff) -> u8 {
    let bytes = &skb.data_slice[..];
    let _ = obj.bpf_clone_redirect(skb, 1, 0);
    bytes[0]
}

//@ two_mutable_headers
//~ cannot borrow `*ctx` as mutable more than once
pub fn f(obj: &xdp::xdp, ctx: &mut xdp::xdp_md) {
    let mut a = obj.eth_header(ctx);
    let b = obj.ip_header(ctx);
    a.h_proto = b.tot_len;
}

//@ lock_field_under_guard
//~ cannot use `account.lock.val` because it was mutably borrowed
pub struct Account { lock: spinlock::bpf_spin_lock, n: u32 }
pub fn f(account: &mut Account) -> u32 {
    let _guard = spinlock::rex_spinlock_guard::new(&mut account.lock);
    account.lock.val
}

//@ lock_twice
//~ cannot borrow `account.lock` as mutable more than once
pub struct Account { lock: spinlock::bpf_spin_lock, n: u32 }
pub fn f(account: &mut Account) {
    let _a = spinlock::rex_spinlock_guard::new(&mut account.lock);
    let _b = spinlock::rex_spinlock_guard::new(&mut account.lock);
}

//@ fields_beside_a_lock ok
pub struct Account { lock: spinlock::bpf_spin_lock, n: u32 }
pub fn f(account: &mut Account) -> u32 {
    let _guard = spinlock::rex_spinlock_guard::new(&mut account.lock);
    account.n += 1;
    account.n
}

//@ guard_in_static
//~ cannot be shared between threads safely
static KEPT: core::sync::atomic::AtomicBool = core::sync::atomic::AtomicBool::new(false);
static GUARD: core::cell::OnceCell<spinlock::rex_spinlock_guard<'static>> = core::cell::OnceCell::new();

//@ guard_sent
//~ cannot be sent between threads safely
fn send<T: Send>(_: T) {}
pub fn f(lock: &mut spinlock::bpf_spin_lock) { send(spinlock::rex_spinlock_guard::new(lock)); }

//@ entry_after_submit
//~ borrow of moved value: `entry`
pub fn f(ring: &'static RexRingBuf) {
    let mut entry = ring.reserve(8).unwrap();
    entry.submit(0);
    entry[0] = 1;
}

//@ entry_bytes_after_submit
//~ cannot move out of `entry` because it is borrowed
pub fn f(ring: &'static RexRingBuf) {
    let mut entry = ring.reserve(8).unwrap();
    let bytes = &mut entry[..];
    entry.submit(0);
    bytes[0] = 1;
}

//@ entry_discarded_twice
//~ use of moved value: `entry`
pub fn f(ring: &'static RexRingBuf) {
    let entry = ring.reserve(8).unwrap();
    entry.discard(0);
    entry.discard(0);
}

//@ task_outlives_owner
//~ cannot return value referencing local variable `owner`
pub fn f() -> Option<&'static task_struct::TaskStruct> {
    let owner = task_struct::OwnedTaskStruct::from_pid(1)?;
    Some(&*owner)
}

//@ name_outlives_task
//~ cannot return value referencing local variable `task`
pub fn f(obj: &kprobe::kprobe) -> &'static core::ffi::CStr {
    let task = obj.bpf_get_current_task().unwrap();
    task.get_comm().unwrap()
}

//@ clone_owner
//~ no method named `clone`
pub fn f(owner: task_struct::OwnedTaskStruct) { let _ = owner.clone(); }

//@ context_kept
//~ borrowed data escapes outside of function
pub fn keep(_: &'static mut pt_regs::PtRegs) {}
pub fn f(regs: &mut pt_regs::PtRegs) { keep(regs) }

//@ forged_marker
//~ private
#[used]
static MARKER: program::Marker = program::Marker { magic: *b"REXPROGRAMv1\0\0\0\0", name: core::ptr::null() };

//@ marker_of_other_type
//~ mismatch
pub fn f(_: &kprobe::kprobe, _: &mut pt_regs::PtRegs) -> Result { Ok(0) }
static MARKER: program::Marker = xdp::program("f", f);

//@ marker_of_other_section
//~ a kprobe's section is `kprobe` or `kprobe/SYMBOL`
pub fn f(_: &kprobe::kprobe, _: &mut pt_regs::PtRegs) -> Result { Ok(0) }
static MARKER: program::Marker = kprobe::program("f", "xdp", f);

//@ wrong_context
//~ type mismatch in function arguments
#[rex_xdp]
fn p(_: &kprobe::kprobe, _: &mut pt_regs::PtRegs) -> Result { Ok(0) }

//@ wrong_result
//~ to return
#[rex_xdp]
fn p(_: &xdp::xdp, _: &mut xdp::xdp_md) -> u32 { 0 }

//@ one_parameter
//~ this function takes 1
#[rex_xdp]
fn p(_: &mut xdp::xdp_md) -> Result { Ok(0) }

//@ three_parameters
//~ this function takes 3
#[rex_xdp]
fn p(_: &xdp::xdp, _: &mut xdp::xdp_md, _: fn(u8) -> u8) -> Result { Ok(0) }

//@ generic_program
//~ a program cannot have generic parameters
#[rex_tc]
fn p<T>(_: &sched_cls::sched_cls, _: &mut sched_cls::__sk_buff) -> Result { Ok(0) }

//@ async_program
//~ a program is a plain `fn`, without `async`
#[rex_xdp]
async fn p(_: &xdp::xdp, _: &mut xdp::xdp_md) -> Result { Ok(0) }

//@ program_on_struct
//~ this attribute goes on a function
#[rex_xdp]
struct P;

//@ unknown_option
//~ unknown option `funktion`; the options are: function
#[rex_kprobe(funktion = "f")]
fn p(_: &kprobe::kprobe, _: &mut pt_regs::PtRegs) -> Result { Ok(0) }

//@ option_without_value
//~ option `function` is written `function = "..."`
#[rex_kprobe(function)]
fn p(_: &kprobe::kprobe, _: &mut pt_regs::PtRegs) -> Result { Ok(0) }

//@ option_with_number
//~ option `function` is written `function = "..."`
#[rex_kprobe(function = 5)]
fn p(_: &kprobe::kprobe, _: &mut pt_regs::PtRegs) -> Result { Ok(0) }

//@ option_twice
//~ option `function` is given twice
#[rex_kprobe(function = "a", function = "b")]
fn p(_: &kprobe::kprobe, _: &mut pt_regs::PtRegs) -> Result { Ok(0) }

//@ function_is_a_path
//~ the name of a kernel function is expected here
#[rex_kprobe(function = "a/b")]
fn p(_: &kprobe::kprobe, _: &mut pt_regs::PtRegs) -> Result { Ok(0) }

//@ all_the_attributes ok
/// With a comment, an attribute, a visibility, paths as types and a trailing comma.
#[rex_kprobe(function = "vfs_read",)]
#[inline]
pub(crate) fn p(_obj: &kprobe::kprobe, regs: &mut self::pt_regs::PtRegs,) -> core::result::Result<i32, i32> {
    Ok(regs.rax() as i32)
}
