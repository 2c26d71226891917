//! Rebuilds when a file is added to `ui/`, which the crate embeds.

fn main() {
    println!("cargo::rerun-if-changed=ui");
}
