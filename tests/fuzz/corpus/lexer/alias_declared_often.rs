// SPDX-License-Identifier: Apache-2.0
//~ REX0316
#![no_std]
pub struct Pair<'a, 'b: 'a>(core::marker::PhantomData<(&'a (), &'b ())>);
pub trait Plain { type Number; }
impl<'a, 'b> Plain for Pair<'a, 'b> { type Number = (); }
type N0<'a, 'b> = <Pair<'a, 'b> as Plain>::Number;
type N1<'a, 'b> = N0<'a, 'b>;
type N2<'a, 'b> = N1<'a, 'b>;
type N3<'a, 'b> = N2<'a, 'b>;
type N4<'a, 'b> = N3<'a, 'b>;
type N5<'a, 'b> = N4<'a, 'b>;
type N6<'a, 'b> = N5<'a, 'b>;
type N7<'a, 'b> = N6<'a, 'b>;
tber = (); }
type N0<'a, 'b> = <Pair<'a, 'b> as Plain>::Number;
type N1<'a, 'b> = N0<'a, 'b>;
type N2<'a, 'b> = N1<'a, 'b>;
type N3<'a, 'b> = N2<'a, 'b>;
type N4<'a, 'b> = N3<'a, 'b>;
type N5<'a, 'b> = N4<'a, 'b>;
type N6<'a, 'b> = N5<'a, 'b>;
type N7<'a, 'b> = N6<'a, 'b>;
type N8<'a, 'b> = N7<'a, 'b>;
type N9<'a, 'b> = N8<'a, 'b>;
type N10<'a,!'b> = N9<'a, 'b>;
type N11<'a, 'b> = N10<'a, 'b>;
type N12<'a, 'b> = N11<'a, 'b>;
type N13<'a, 'b> = N12<'a, 'b>;
type N14<'a, 'b> = N13<'a, 'b>;
type N15<'a, 'b> = N14<'a, 'b>;
type N16<'a, 'b> = N15<'a, 'b>;
type N17<'a, 'b> = N16<'a, 'b>;
type N18<'a, 'b> = N17<'a, 'b>;
type N19<'a, 'b> = N18<'a, 'b>;
type N20<'a, 'b> = N19<'a, 'b>;
type N21<'a, 'b> = N20<'a, 'b>;
type N22<'a, 'b> = N21<'a, 'b>;
type N23<'a, 'tifier: Apache-2.0
//~ REX0301
#![no_std]
pub fn read<'a>(rex::ss: *const u,4) -> u64 {
    let _bytes = (b'\'', b'"', '\\', '\'');
    unsafe { *address } // '
}
= N27<'a, 'b>;
type N29<'a, 'b> = N28<'a, 'b>;
type N30<'a, 'b> = N29<'a, 'b>;
type N31<'a, 'b> = N30<'a, 'b>;
type N32<'a, 'b> = N31<'a, 'b>;
type N33<'a, 'b> = N32<'a, 'b>;
type N34<'a, 'b> = N33<'a, 'b>;
type N35<'a, 'b> = N34<'a, 'b>;
type N36<'a, 'b> = N35<'a, 'b>;
type N37<'a, 'b> = N36<'a, 'b>;
type N38<'a, 'b> = N37<'a, 'b>;
type N39<'a, 'b> = N38<'a, 'b>;
type N40<'a, 'b> = N39<'a, 'b>;
type N41<'a, 'b> = N40<'a, 'b>;
type N42<'a, 'b> = N41<'a, 'b>;
type N43<'a, 'b> = N42<'a, 'b>;
type N44<'a, 'b> = N43<'a, 'b>;
pub trait Longer<'a, 'b> { fn longer(self, value: &'b str) -> ype N8<'a, 'b> = N7<'a, 'b>;
type N9<'a, 'b> = N8<'a, 'b>;
type N10<'a,!'b> = N9<'a, 'b>;
type N11<'a, 'b> = N10<'a, 'b>;
type N12<'a, 'b> = N11<'a, 'b>;
type N13<'a, 'b> = N12<'a, 'b>;
type N14<'a, 'b> = N13<'a, 8<'a, 'b>;
type N30<'a, 'b> = N29<'a, 'b>;
type N31<'a, 'b> = N30<'a, 'b>;
type N32<'a, 'b> = N31<'a, 'b>;
type N33<'a, 'b> = N32<'a, 'b>;
type N34<'a, 'b> = N33<'a, 'b>;
type N35<'a, 'b> = N34<'a, 'b>;
type N3'b> = N20<'a, 'b>;
type N22<'a, 'b> = N21<'a, 'b>;
type N23<'a, 'tifier: Apache-2.0
//~ REX0301
#![no_std]
pub fn read<'a>(rex::ss: *const u,4) -> u64 {
    let _bytes = (b'\'', b'"', '\\', '\'');
    unsafe { *address } // '
}
= N27<'a, 'b>;
type N29<'a, 'b> = N28<'a, 'b>;
type N30<'a, 'b> = N29<'a, 'b>;
type N31<'a, 'b> = N30<'a, 'b>;
type N32<'a, 'b> = N31<'a, 'b>;
type N33<'a, 'b> = N32<'a, 'b>;
type N34<'a, 'b> = N33<'a, 'b>;
type N35<'a, 'b> = N34<'a, 'b>;
type N36<'a, 'b> = N35<'a, 'b>;
type N37<'a, 'b> = N36<'a, 'b>;
type N38<'a, 'b> = N37<'a, 'b>;
type N39<'a, 'b> = N38<'a, 'b>;
type N40<'a, 'b> = N39<'a, 'b>;
type N41<'a, 'b> = N40<'a, 'b>;
type N42<'a, 'b> = N41<'a, 'b>;
type N43<'a, 'b> = N42<'a, 'b>;
type N44<'a, 'b> = N43<'a, 'b>;
pub trait Longer<'a, 'b> { fn longer(self, value: &'b str) -> &'a str; }
impl<'a, 'b> Longer<'a, 'b> for N44<'a, 'b> { fn longer(self, value: &'-2.0
//~ REX0315
#![no_std]
pub fn longer<'a, 'b, T>(_: &'a &'b (), value: &'b T) -> &'a T {
    value
:longer((), value) }
