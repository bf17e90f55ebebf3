// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! The attributes of the crate `rex`. They parse no more of an item than they need, pass it on as it
//! is, and add a registration in terms of safe functions of `rex`, where the types are checked: what a
//! macro emits has no more power than what its user could write.

extern crate proc_macro;

mod emit;
mod parse;

use parse::{Function, MapStatic, Options};
use proc_macro::TokenStream;

/// Turns `fn(&kprobe, &mut PtRegs) -> Result` into a kprobe program; with `function = "symbol"` the
/// loader knows where to attach it.
#[proc_macro_attribute]
pub fn rex_kprobe(options: TokenStream, item: TokenStream) -> TokenStream {
    let section = match Options::parse(options, &["function"]).and_then(|options| {
        options.value("function").map_or(Ok(String::from("kprobe")), |function| {
            Ok(format!("kprobe/{}", function.symbol()?))
        })
    }) {
        Ok(section) => section,
        Err(error) => return error.emit(item),
    };
    program("kprobe", Some(&section), item)
}

/// Turns `fn(&tracepoint<C>, &'static C) -> Result` into a tracepoint program; the type `C` of the
/// event's record says which event it is.
#[proc_macro_attribute]
pub fn rex_tracepoint(options: TokenStream, item: TokenStream) -> TokenStream {
    program_without_options("tracepoint", options, item)
}

/// Turns `fn(&perf_event, &bpf_perf_event_data) -> Result` into a perf event program.
#[proc_macro_attribute]
pub fn rex_perf_event(options: TokenStream, item: TokenStream) -> TokenStream {
    program_without_options("perf_event", options, item)
}

/// Turns `fn(&xdp, &mut xdp_md) -> Result` into an XDP program.
#[proc_macro_attribute]
pub fn rex_xdp(options: TokenStream, item: TokenStream) -> TokenStream {
    program_without_options("xdp", options, item)
}

/// Turns `fn(&sched_cls, &mut __sk_buff) -> Result` into a traffic control program.
#[proc_macro_attribute]
pub fn rex_tc(options: TokenStream, item: TokenStream) -> TokenStream {
    program_without_options("sched_cls", options, item)
}

/// Makes a static of one of the types in `rex::map` a map of the object, by the static's name.
#[proc_macro_attribute]
pub fn rex_map(options: TokenStream, item: TokenStream) -> TokenStream {
    let parsed = Options::parse(options, &[]).and_then(|_| MapStatic::parse(item.clone()));
    match parsed {
        Ok(map) => emit::map(map),
        Err(error) => error.emit(item),
    }
}

fn program_without_options(module: &str, options: TokenStream, item: TokenStream) -> TokenStream {
    match Options::parse(options, &[]) {
        Ok(_) => program(module, None, item),
        Err(error) => error.emit(item),
    }
}

/// Adds the registration of a program to its function. `module` is the module of `rex` that the
/// program type lives in.
fn program(module: &str, section: Option<&str>, item: TokenStream) -> TokenStream {
    match Function::parse(item.clone()) {
        Ok(function) => emit::program(module, section, &function, item),
        Err(error) => error.emit(item),
    }
}
