// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! XDP programs: a packet as the driver got it. Verdicts are XDP_ABORTED, XDP_DROP, XDP_PASS, XDP_TX
//! and XDP_REDIRECT.

use crate::base_helper::base_helpers;
use crate::generated::{fields, functions};
use crate::header::header_methods;
use crate::program::program_constructor;
use crate::utils::{Result, result};
use crate::view::Bytes;

pub use crate::generated::kernel::{ethhdr, iphdr, tcphdr, udphdr};
pub use crate::header::HeaderError;
pub use crate::linux::bpf::{XDP_ABORTED, XDP_DROP, XDP_PASS, XDP_REDIRECT, XDP_TX};
pub use crate::linux::r#in::{IPPROTO_TCP, IPPROTO_UDP};
pub use crate::packet::XdpData;

/// The program object of XDP programs.
#[allow(non_camel_case_types)]
pub struct xdp {
    _private: (),
}

/// The context of XDP programs.
#[allow(non_camel_case_types)]
pub struct xdp_md<'a> {
    /// The packet's bytes, those of its first buffer if it has several.
    pub data_slice: XdpData<'a>,
    /// The kernel's struct xdp_buff.
    buffer: *mut u8,
}

impl xdp {
    pub(crate) const NEW: Self = xdp { _private: () };
}

program_constructor! {
    /// What `#[rex_xdp]` registers.
    xdp, "xdp", &mut xdp_md, |function, context| {
        let buffer = context.cast::<u8>();
        // SAFETY: the runtime runs an XDP program with a struct xdp_buff, which is the program's for
        // this run.
        let mut ctx = xdp_md { data_slice: unsafe { XdpData::new(buffer) }, buffer };
        function(&xdp::NEW, &mut ctx)
    }
}

base_helpers!(xdp, pointers: false);
header_methods!(
    xdp,
    xdp_md,
    Bytes,
    |ctx, offset| Bytes(&mut ctx.data_slice[offset..]),
    |ctx| Ok::<&mut [u8], HeaderError>(&mut ctx.data_slice)
);

impl xdp {
    /// Moves the packet's end by `offset` bytes. Bytes that are added are zeroes.
    ///
    /// # Errors
    /// `-EINVAL` when the packet would get shorter than an Ethernet header or not fit its buffer.
    #[inline]
    pub fn bpf_xdp_adjust_tail(&self, ctx: &mut xdp_md, offset: i32) -> Result {
        // SAFETY: it is a struct xdp_buff; no slice of the packet is borrowed, as `ctx` is not.
        let status =
            unsafe { functions::bpf_xdp_adjust_tail(ctx.buffer.cast(), i64::from(offset)) };
        // SAFETY: as when the context was made.
        ctx.data_slice = unsafe { XdpData::new(ctx.buffer) };
        result(status)
    }
}

impl xdp_md<'_> {
    /// The packet's length in bytes, that of its first buffer if it has several.
    #[inline]
    pub fn data_length(&self) -> usize {
        self.data_slice.len()
    }

    /// The address of the metadata before the packet.
    #[inline]
    pub fn data_meta(&self) -> usize {
        // SAFETY: it is a struct xdp_buff.
        unsafe { fields::xdp_buff::data_meta(self.buffer) as usize }
    }

    /// The index of the interface that the packet came in by; 0 when there is none.
    #[inline]
    pub fn ingress_ifindex(&self) -> u32 {
        // SAFETY: it is a struct xdp_buff; its queue's description, and that's device, are alive
        // during the run where they exist.
        unsafe {
            let queue = fields::xdp_buff::rxq(self.buffer);
            if queue.is_null() {
                return 0;
            }
            let device = fields::xdp_rxq_info::dev(queue);
            if device.is_null() { 0 } else { fields::net_device::ifindex(device) as u32 }
        }
    }

    /// The number of the receive queue; 0 when there is none.
    #[inline]
    pub fn rx_queue_index(&self) -> u32 {
        // SAFETY: as for `ingress_ifindex`.
        unsafe {
            let queue = fields::xdp_buff::rxq(self.buffer);
            if queue.is_null() { 0 } else { fields::xdp_rxq_info::queue_index(queue) }
        }
    }

    /// [`rx_queue_index`](Self::rx_queue_index) by the name that programs know it by.
    #[inline]
    pub fn rx_qeueu_index(&self) -> u32 {
        self.rx_queue_index()
    }

    /// The interface that the packet leaves by: 0, as it is known after XDP programs only.
    #[inline]
    pub fn egress_ifindex(&self) -> u32 {
        0
    }
}

impl iphdr {
    /// The source address, in network byte order.
    #[inline(always)]
    pub fn saddr(&mut self) -> &mut u32 {
        &mut self.saddr
    }

    /// The destination address, in network byte order.
    #[inline(always)]
    pub fn daddr(&mut self) -> &mut u32 {
        &mut self.daddr
    }
}

/// The checksum of an IPv4 header without options (RFC 1071), as the field `check` takes it. Sets the
/// field to zero.
#[inline]
pub fn compute_ip_checksum(header: &mut iphdr) -> u16 {
    header.check = 0;
    let mut sum = 0u32;
    for word in crate::utils::as_bytes(header).chunks_exact(2) {
        sum += u32::from(u16::from_ne_bytes([word[0], word[1]]));
    }
    // The sum of ten words has at most 20 bits: the second fold leaves 16.
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    !(sum as u16)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::utils::{as_bytes, try_read};

    /// The definition, with as many folds as it takes.
    fn reference(bytes: &[u8]) -> u16 {
        let mut sum: u32 =
            bytes.chunks(2).map(|w| u32::from(u16::from_be_bytes([w[0], w[1]]))).sum();
        while sum > 0xffff {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        !(sum as u16)
    }

    #[test]
    fn checksums() {
        // A header with a checksum known to be right.
        let bytes = [
            0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11, 0xb8, 0x61, 0xc0, 0xa8,
            0x00, 0x01, 0xc0, 0xa8, 0x00, 0xc7,
        ];
        let mut header: iphdr = try_read(&bytes).unwrap();
        assert_eq!(compute_ip_checksum(&mut header).to_be_bytes(), 0x61b8u16.to_be_bytes());
        for pattern in [[0u8; 20], [0xff; 20], [0xfe; 20]] {
            let mut header: iphdr = try_read(&pattern).unwrap();
            let sum = compute_ip_checksum(&mut header);
            assert_eq!(u16::from_be(sum), reference(as_bytes(&header)));
        }
        // A sum that carries again after the first fold.
        let mut header: iphdr = try_read(&[0xff; 20]).unwrap();
        header.tos = 0;
        header.ttl = 1;
        let sum = compute_ip_checksum(&mut header);
        assert_eq!(u16::from_be(sum), reference(as_bytes(&header)));
    }

    #[test]
    fn header_fields() {
        let mut header: iphdr = crate::utils::zeroed();
        header.set_version(4);
        header.set_ihl(5);
        *header.saddr() = 0x0102_0304u32.to_be();
        assert_eq!(as_bytes(&header)[0], 0x45);
        assert_eq!(as_bytes(&header)[12..16], [1, 2, 3, 4]);
        let mut tcp: tcphdr = crate::utils::zeroed();
        tcp.set_doff(5);
        tcp.set_syn(1);
        assert_eq!(as_bytes(&tcp)[12..14], [0x50, 0x02]);
    }
}
