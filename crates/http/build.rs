//! Rebuilds when a file is added to `ui/dist/`, which the crate embeds.

fn main() {
    println!("cargo::rerun-if-changed=ui");
}
