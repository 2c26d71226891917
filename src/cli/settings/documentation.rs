//! The table of settings in `doc/configuration.md`. `UPDATE_DOC=1 cargo test --lib the_documentation` rewrites it.

use std::path::Path;

use super::declaration::{self, Kind, Setting};

const BEGIN: &str =
    "<!-- Generated from src/cli/settings/declaration.rs by `UPDATE_DOC=1 cargo test --lib the_documentation` -->\n";
const END: &str = "<!-- End of the generated table -->\n";

/// The table in Markdown, a line a setting.
fn table() -> String {
    let lines = declaration::ALL.iter().map(|setting| line(setting));
    ["| flag | meaning | default |\n|---|---|---|\n".to_owned()].into_iter().chain(lines).collect()
}

fn line(setting: &Setting) -> String {
    let value = if setting.value.is_empty() { String::new() } else { format!(" {}", setting.value) };
    let detail = if setting.detail.is_empty() { String::new() } else { format!(". {}", setting.detail) };
    let unset = if setting.kind == Kind::Switch { "off" } else { "none" };
    let cells = [format!("`--{}{value}`", setting.name), setting.help.to_owned() + &detail];
    let cells = cells.map(|cell| cell.replace('|', "\\|"));
    format!("| {} | {} | {} |\n", cells[0], cells[1], setting.default.unwrap_or(unset))
}

#[test]
fn the_documentation_has_the_declared_settings() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("doc/configuration.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).expect("it has the first mark");
    let (found, after) = rest.split_once(END).expect("it has the second mark");
    if std::env::var_os("UPDATE_DOC").is_some() {
        std::fs::write(&path, [before, BEGIN, "\n", &table(), "\n", END, after].concat()).unwrap();
        return;
    }
    assert_eq!(found.trim(), table().trim(), "update it with UPDATE_DOC=1 cargo test --lib the_documentation");
}
