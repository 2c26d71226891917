//! Commands to paste: messages tell a person what to run, whole and quoted for a shell.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// How `owlery` is to be run on one archive.
#[derive(Debug)]
pub(crate) struct CommandLine {
    /// The archive's root, quoted.
    root: String,
    /// ` --state-dir DIR`, quoted, where the state does not lie in the root.
    state: String,
    /// ` --camera-pattern REGEX`, quoted, where it is not the usual one.
    pattern: String,
    /// Other flags by which the archive was opened.
    others: String,
    /// Whether a daemon runs in this process.
    is_served: AtomicBool,
}

impl CommandLine {
    /// For the archive at `root`, with its state directory if that lies elsewhere, and with these flags.
    pub fn new(root: &Path, state_dir: Option<&Path>, flags: &[(&str, String)]) -> Self {
        let state_dir = state_dir.map(|dir| std::path::absolute(dir).unwrap_or_else(|_| dir.to_path_buf()));
        let (mut pattern, mut others) = (String::new(), String::new());
        for (flag, value) in flags {
            let to = if *flag == "--camera-pattern" { &mut pattern } else { &mut others };
            let _ = write!(to, " {flag} {}", quote(value.as_ref()));
        }
        Self {
            root: quote(root.as_ref()),
            state: state_dir.map_or_else(String::new, |dir| format!(" --state-dir {}", quote(dir.as_ref()))),
            pattern,
            others,
            is_served: AtomicBool::new(false),
        }
    }

    /// From now on a daemon runs, which commands ask.
    pub fn serve(&self) {
        self.is_served.store(true, Ordering::Relaxed);
    }

    /// A command beside a daemon takes all but the state directory from the daemon.
    fn unless_served<'a>(&self, flags: &'a str) -> &'a str {
        if self.is_served.load(Ordering::Relaxed) { "" } else { flags }
    }

    /// The command that confirms a held pass.
    pub fn confirm(&self, id: &str) -> String {
        let flags = self.unless_served(&self.pattern).to_owned() + self.unless_served(&self.others);
        format!("owlery expire {}{}{flags} --confirm {id}", self.root, self.state)
    }

    /// The command that takes a pass back.
    pub fn restore(&self, pass: &str) -> String {
        format!("owlery restore {}{}{} {pass}", self.root, self.state, self.unless_served(&self.pattern))
    }
}

/// One word for a shell. What is no printable text is written as `$'…'`, which bash, zsh and ksh understand; so no byte of a
/// name reaches a terminal that could mean something to it.
pub(crate) fn quote(word: &OsStr) -> String {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-+=:,@%".contains(byte);
    let bytes = word.as_bytes();
    match word.to_str() {
        Some(text) if !bytes.is_empty() && bytes.iter().all(is_plain) => text.to_owned(),
        Some(text) if !text.chars().any(char::is_control) => format!("'{}'", text.replace('\'', r"'\''")),
        _ => {
            let escaped = bytes.iter().fold(String::new(), |mut escaped, byte| {
                let _ = match byte {
                    b'\'' | b'\\' => write!(escaped, "\\{}", char::from(*byte)),
                    b' '..=b'~' => write!(escaped, "{}", char::from(*byte)),
                    other => write!(escaped, "\\{other:03o}"),
                };
                escaped
            });
            format!("$'{escaped}'")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_words_survive_a_shell() {
        for word in
            [&b"/srv/motion"[..], b"", b"it's a $(dir); `x`", b"T\xfcr", b"a\nb\x1b[31m\\'", "T\u{fc}r *".as_bytes()]
        {
            let quoted = quote(OsStr::from_bytes(word));
            assert!(!quoted.chars().any(char::is_control), "{quoted:?}");
            let script = format!("printf %s {quoted}");
            let printed = std::process::Command::new("bash").args(["-c", &script]).output().unwrap();
            assert_eq!(printed.stdout, word, "{quoted}");
        }
    }

    #[test]
    fn daemon_commands_name_only_the_state_directory() {
        let flags = [("--camera-pattern", "Cam[0-9]".to_owned())];
        let command = CommandLine::new(Path::new("/srv/my motion"), Some(Path::new("/var/lib/owlery")), &flags);
        assert_eq!(
            command.confirm("0f"),
            "owlery expire '/srv/my motion' --state-dir /var/lib/owlery --camera-pattern 'Cam[0-9]' --confirm 0f"
        );
        command.serve();
        assert_eq!(command.restore("x"), "owlery restore '/srv/my motion' --state-dir /var/lib/owlery x");
    }
}
