// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! Where a packet's headers are.
//!
//! The methods named after a header take it at the fixed place where it is in a packet without VLAN tag
//! and IP options, whatever the packet is, and panic when the packet ends before it does. Those that
//! begin with `try_` look at what the packet is and say what is wrong with it.

use crate::generated::kernel::{ethhdr, iphdr};
use crate::linux::if_ether::ETH_P_IP;
use crate::linux::r#in::{IPPROTO_TCP, IPPROTO_UDP};
use crate::utils::{NoRef, too_short, try_read};

/// Why a packet has no such header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderError {
    /// The packet ends before the header does.
    TooShort,
    /// The packet is of another protocol.
    OtherProtocol,
    /// It is a later fragment of an IP packet; the header is in the first.
    Fragment,
    /// The IP header contradicts itself.
    Malformed,
    /// The packet is shared, and there is no memory for a copy to write to, or the run holds a lock.
    NotWritable,
}

type Found = core::result::Result<usize, HeaderError>;

const ETHERNET: usize = size_of::<ethhdr>();

/// Offset of the IP header without VLAN tag.
pub(crate) const IP_OFFSET: usize = ETHERNET;
/// Offset of the TCP or UDP header without VLAN tag and IP options.
pub(crate) const TRANSPORT_OFFSET: usize = ETHERNET + size_of::<iphdr>();

/// Bits of iphdr.frag_off that hold the offset of a fragment.
const FRAGMENT_OFFSET: u16 = 0x1fff;

/// Reads a header at a fixed offset.
#[inline(always)]
#[track_caller]
pub(crate) fn read<T: Copy + NoRef>(packet: &[u8], offset: usize) -> T {
    match packet.get(offset..).and_then(try_read) {
        Some(header) => header,
        None => too_short(packet.len(), offset + size_of::<T>()),
    }
}

/// Reads a header at an offset that the packet gave.
#[inline(always)]
pub(crate) fn try_at<T: Copy + NoRef>(
    packet: &[u8],
    offset: usize,
) -> core::result::Result<T, HeaderError> {
    packet.get(offset..).and_then(try_read).ok_or(HeaderError::TooShort)
}

/// The offset of the IPv4 header.
#[inline(always)]
pub(crate) fn find_ip(packet: &[u8]) -> Found {
    let ethernet: ethhdr = try_at(packet, 0)?;
    if u32::from(u16::from_be(ethernet.h_proto)) != ETH_P_IP {
        return Err(HeaderError::OtherProtocol);
    }
    Ok(IP_OFFSET)
}

/// The offset of what follows the IPv4 header, if that is `protocol` and begins in this packet.
#[inline(always)]
fn find_transport(packet: &[u8], protocol: u32) -> Found {
    let offset = find_ip(packet)?;
    let ip: iphdr = try_at(packet, offset)?;
    let length = usize::from(ip.ihl()) * 4;
    if ip.version() != 4 || length < size_of::<iphdr>() {
        return Err(HeaderError::Malformed);
    }
    if u32::from(ip.protocol) != protocol {
        return Err(HeaderError::OtherProtocol);
    }
    if u16::from_be(ip.frag_off) & FRAGMENT_OFFSET != 0 {
        return Err(HeaderError::Fragment);
    }
    Ok(offset + length)
}

/// The offset of the TCP header.
#[inline(always)]
pub(crate) fn find_tcp(packet: &[u8]) -> Found {
    find_transport(packet, IPPROTO_TCP)
}

/// The offset of the UDP header.
#[inline(always)]
pub(crate) fn find_udp(packet: &[u8]) -> Found {
    find_transport(packet, IPPROTO_UDP)
}

/// Defines the header methods of a program object: `$place` makes a place of type `$type` of a context and an
/// offset, `$bytes` gives the context's bytes to write to, or a `HeaderError`.
macro_rules! header_methods {
    ($object:ident, $context:ident, $type:ident,
     |$argument:ident, $offset:ident| $place:expr, |$other:ident| $bytes:expr) => {
        impl $object {
            header_methods! { @one $context, $type, $argument, $offset, $place, $other, $bytes,
                "Ethernet", ethhdr, eth_header, try_eth_header, read_eth_header, 0,
                |_packet: &[u8]| Ok::<usize, $crate::header::HeaderError>(0) }
            header_methods! { @one $context, $type, $argument, $offset, $place, $other, $bytes,
                "IPv4", iphdr, ip_header, try_ip_header, read_ip_header,
                $crate::header::IP_OFFSET, $crate::header::find_ip }
            header_methods! { @one $context, $type, $argument, $offset, $place, $other, $bytes,
                "TCP", tcphdr, tcp_header, try_tcp_header, read_tcp_header,
                $crate::header::TRANSPORT_OFFSET, $crate::header::find_tcp }
            header_methods! { @one $context, $type, $argument, $offset, $place, $other, $bytes,
                "UDP", udphdr, udp_header, try_udp_header, read_udp_header,
                $crate::header::TRANSPORT_OFFSET, $crate::header::find_udp }
        }
    };
    (@one $context:ident, $type:ident, $argument:ident, $offset_name:ident, $place:expr,
     $other:ident, $bytes:expr, $title:literal, $header:ident, $method:ident, $try_method:ident,
     $read_method:ident, $offset:expr, $find:expr) => {
        #[doc = concat!("The ", $title, " header, at its place in a packet without VLAN tag and IP options.")]
        ///
        /// # Panics
        /// When the packet is too short; and on changing it, when the packet cannot be made writable.
        #[inline]
        #[track_caller]
        pub fn $method<'b>(
            &self,
            $argument: &'b mut $context,
        ) -> $crate::utils::AlignedMut<'b, $header, $type<'b>> {
            let $offset_name = $offset;
            let header = $crate::header::read(&$argument.data_slice, $offset_name);
            $crate::utils::AlignedMut::new(header, $place)
        }

        #[doc = concat!("The ", $title, " header, where the packet has it, to look at and to change. Nothing of it panics:")]
        /// the packet is made writable here.
        ///
        /// # Errors
        /// Why it has none, or that it cannot be written to.
        #[inline]
        pub fn $try_method<'b>(
            &self,
            $argument: &'b mut $context,
        ) -> core::result::Result<$crate::utils::AlignedMut<'b, $header>, $crate::header::HeaderError>
        {
            let offset = ($find)(&$argument.data_slice)?;
            $crate::header::try_at::<$header>(&$argument.data_slice, offset)?;
            let $other = $argument;
            let bytes = $bytes?.get_mut(offset..).unwrap_or_default();
            let header = $crate::utils::try_read(bytes).ok_or($crate::header::HeaderError::TooShort)?;
            Ok($crate::utils::AlignedMut::new(header, $crate::view::Bytes(bytes)))
        }

        #[doc = concat!("A copy of the ", $title, " header, where the packet has it.")]
        ///
        /// # Errors
        /// Why it has none.
        #[inline]
        pub fn $read_method(
            &self,
            $argument: &$context,
        ) -> core::result::Result<$header, $crate::header::HeaderError> {
            let offset = ($find)(&$argument.data_slice)?;
            $crate::header::try_at(&$argument.data_slice, offset)
        }
    };
}
pub(crate) use header_methods;

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;
    use std::vec::Vec;

    /// An Ethernet, IPv4 and transport header with that much IP options.
    fn packet(protocol: u8, options: usize) -> Vec<u8> {
        let mut bytes = vec![0; TRANSPORT_OFFSET + options + 20];
        bytes[12..14].copy_from_slice(&[8, 0]);
        bytes[14] = 0x45 + (options / 4) as u8;
        bytes[23] = protocol;
        bytes
    }

    #[test]
    fn where_headers_are() {
        assert_eq!(find_ip(&packet(6, 0)), Ok(14));
        assert_eq!(find_tcp(&packet(6, 0)), Ok(34));
        assert_eq!(find_tcp(&packet(6, 40)), Ok(74));
        assert_eq!(find_udp(&packet(17, 8)), Ok(42));
    }

    #[test]
    fn what_is_wrong() {
        assert_eq!(find_udp(&packet(6, 0)), Err(HeaderError::OtherProtocol));
        assert_eq!(find_tcp(&packet(1, 0)), Err(HeaderError::OtherProtocol));
        let good = packet(6, 0);
        for length in 0..14 {
            assert_eq!(find_ip(&good[..length]), Err(HeaderError::TooShort));
        }
        for length in 14..34 {
            assert_eq!(find_tcp(&good[..length]), Err(HeaderError::TooShort));
        }
        let mut vlan = good.clone();
        vlan[12..14].copy_from_slice(&[0x81, 0]);
        assert_eq!(find_tcp(&vlan), Err(HeaderError::OtherProtocol));
        for first in [0x44, 0x40, 0x65] {
            let mut bad = good.clone();
            bad[14] = first;
            assert_eq!(find_tcp(&bad), Err(HeaderError::Malformed));
        }
        let mut fragment = good.clone();
        fragment[21] = 1;
        assert_eq!(find_tcp(&fragment), Err(HeaderError::Fragment));
        let mut first = good.clone();
        first[20] = 0x60; // do not fragment, more fragments
        assert_eq!(find_tcp(&first), Ok(34));
    }

    #[test]
    fn every_prefix_of_every_first_byte() {
        // No length and no content makes it panic.
        for first in 0..=255u8 {
            let mut bytes = packet(17, 0);
            bytes[14] = first;
            for length in 0..bytes.len() {
                if let Ok(offset) = find_udp(&bytes[..length]) {
                    let header = try_at::<crate::xdp::udphdr>(&bytes[..length], offset);
                    assert_eq!(header.is_ok(), offset + 8 <= length);
                }
            }
        }
    }
}
