// SPDX-License-Identifier: Apache-2.0
fn main() {
    std::fs::write("/tmp/rexc-attack-build-script-ran", "").unwrap();
}
