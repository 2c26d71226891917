//! Rebuilds when a file of the page is added to `ui/`, which the crate embeds. A new file at the top of it comes with a change of another:
//! something has to name it. What is installed for the page's tests is not watched.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let entries = std::fs::read_dir("ui").into_iter().flatten().flatten();
    for name in entries.filter_map(|entry| entry.file_name().into_string().ok()) {
        if name != "node_modules" && name != "tests" {
            println!("cargo::rerun-if-changed=ui/{name}");
        }
    }
}
