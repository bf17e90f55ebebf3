// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! Traffic control programs: a packet on its way through a queueing discipline. Verdicts are TC_ACT_*.

use crate::base_helper::base_helpers;
use crate::generated::kernel::{ethhdr, iphdr, tcphdr, udphdr};
use crate::generated::{fields, functions};
use crate::header::header_methods;
use crate::packet::PacketPlace;
use crate::program::program_constructor;
use crate::utils::{Result, result, u16be};
use core::ffi::c_char;
use core::marker::PhantomData;

pub use crate::header::HeaderError;
pub use crate::linux::pkt_cls::{TC_ACT_OK, TC_ACT_REDIRECT, TC_ACT_SHOT};
pub use crate::packet::SkbData;

/// The program object of traffic control programs.
#[allow(non_camel_case_types)]
pub struct sched_cls {
    _private: (),
}

/// The context of traffic control programs.
#[allow(non_camel_case_types)]
pub struct __sk_buff<'a> {
    /// The packet's linear bytes.
    pub data_slice: SkbData<'a>,
}

/// The kernel's struct sock: something to compare the address of.
#[allow(non_camel_case_types)]
pub struct sock {
    _private: [u8; 0],
    address: PhantomData<*mut u8>,
}

impl sched_cls {
    pub(crate) const NEW: Self = sched_cls { _private: () };
}

program_constructor! {
    /// What `#[rex_tc]` registers.
    sched_cls, "tc", &mut __sk_buff, |function, context| {
        // SAFETY: the runtime runs a traffic control program with a struct sk_buff, which is the
        // program's for this run.
        let mut ctx = __sk_buff { data_slice: unsafe { SkbData::new(context.cast::<u8>()) } };
        function(&sched_cls::NEW, &mut ctx)
    }
}

base_helpers!(sched_cls, pointers: false);
header_methods!(
    sched_cls,
    __sk_buff,
    PacketPlace,
    |ctx, offset| PacketPlace::new(&mut ctx.data_slice.buffer, offset),
    |ctx| ctx.data_slice.try_mut().map_err(|_| HeaderError::NotWritable)
);

impl sched_cls {
    /// Sends a copy of the packet to an interface: out of it, or with flag BPF_F_INGRESS into it.
    ///
    /// # Errors
    /// `-EINVAL` for an unknown interface or flag, `-ENOMEM`, or what the device says.
    #[inline]
    pub fn bpf_clone_redirect(&self, ctx: &mut __sk_buff, ifindex: u32, flags: u64) -> Result {
        let buffer = &mut ctx.data_slice.buffer;
        // SAFETY: it is a struct sk_buff; no slice of the packet is borrowed, as `ctx` is not.
        let status = unsafe {
            functions::bpf_clone_redirect(buffer.kernel().cast(), u64::from(ifindex), flags)
        };
        buffer.reload();
        result(status)
    }
}

/// Defines methods that read a field of struct sk_buff.
macro_rules! fields {
    ($($(#[$attribute:meta])* $method:ident: $field:ident -> $type:ty, |$value:ident| $result:expr;)*) => {
        $(
            $(#[$attribute])*
            #[inline]
            pub fn $method(&self) -> $type {
                // SAFETY: it is a struct sk_buff.
                let $value = unsafe { fields::sk_buff::$field(self.kernel()) };
                $result
            }
        )*
    };
}

#[allow(clippy::len_without_is_empty)] // a field of the kernel's, not a container's length
impl<'a> __sk_buff<'a> {
    #[inline(always)]
    fn kernel(&self) -> *const u8 {
        self.data_slice.buffer.kernel()
    }

    fields! {
        /// The packet's length in bytes, pages included.
        len: len -> u32, |value| value;
        /// How many of the packet's bytes are in pages and not in `data_slice`.
        data_len: data_len -> u32, |value| value;
        /// Queueing priority.
        priority: priority -> u32, |value| value;
        /// The flow's hash; 0 when it was not computed.
        hash: hash -> u32, |value| value;
        /// The packet's mark.
        mark: mark -> u32, |value| value;
        /// The index of the interface that the packet came in by; 0 when it was made here.
        ingress_ifindex: skb_iif -> u32, |value| value as u32;
        /// EtherType.
        protocol: protocol -> u16be, |value| u16be(value);
        /// EtherType of the VLAN tag that is kept beside the packet.
        vlan_proto: vlan_proto -> u16be, |value| u16be(value);
        /// The VLAN tag that is kept beside the packet.
        vlan_tci: vlan_tci -> u16, |value| value;
        /// The transmit queue.
        queue_mapping: queue_mapping -> u16, |value| value;
        /// Traffic control index.
        tc_index: tc_index -> u16, |value| value;
    }

    /// The index of the packet's device; 0 when it has none.
    #[inline]
    pub fn ifindex(&self) -> u32 {
        // SAFETY: it is a struct sk_buff, and its device is alive during the run.
        unsafe {
            let device = fields::sk_buff::dev(self.kernel());
            if device.is_null() { 0 } else { fields::net_device::ifindex(device) as u32 }
        }
    }

    /// Five words that are the queueing discipline's classifiers' own.
    #[inline]
    pub fn cb(&self) -> [c_char; 20] {
        let offset = qdisc_data_offset();
        // SAFETY: it is a struct sk_buff.
        let bytes = unsafe { fields::sk_buff::cb(self.kernel()) };
        let mut data = [0; 20];
        for (to, from) in data.iter_mut().zip(bytes.iter().skip(offset)) {
            *to = *from as c_char;
        }
        data
    }

    /// The socket that the packet belongs to, if any.
    #[inline]
    pub fn sk(&self) -> Option<&'a sock> {
        // SAFETY: it is a struct sk_buff; the socket is alive during the run, and the type has no
        // content to read.
        unsafe { fields::sk_buff::sk(self.kernel()).cast::<sock>().as_ref() }
    }

    /// 0: not known here.
    #[inline]
    pub fn pkt_type(&self) -> u32 {
        0
    }

    /// 0: not known here.
    #[inline]
    pub fn vlan_present(&self) -> u32 {
        0
    }

    /// 0: not known here.
    #[inline]
    pub fn tc_classid(&self) -> u32 {
        0
    }

    /// 0: not known here.
    #[inline]
    pub fn napi_id(&self) -> u32 {
        0
    }

    /// 0: not known here.
    #[inline]
    pub fn data_meta(&self) -> u32 {
        0
    }
}

/// Offset of qdisc_skb_cb.data in sk_buff.cb.
#[inline(always)]
fn qdisc_data_offset() -> usize {
    offset!(qdisc_skb_cb, data)
}
