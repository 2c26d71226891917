//! Commands to paste: messages print what to run, complete and quoted for a shell.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::retention::{Policy, Rules};

/// How `owlery` is run on one archive.
#[derive(Debug)]
pub struct CommandLine {
    /// The archive's root, quoted.
    root: String,
    /// ` --state-dir DIR`, quoted, if the state is not in the root.
    state: String,
    /// ` --camera-pattern REGEX`, quoted, if it is not the default.
    pattern: String,
    /// Other flags with which the archive was opened.
    others: String,
    /// The retention rules.
    rules: String,
    /// Whether a daemon runs in this process.
    is_served: AtomicBool,
}

impl CommandLine {
    /// For the archive at `root`, with its state directory if that is elsewhere, and with these flags.
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
            rules: String::new(),
            is_served: AtomicBool::new(false),
        }
    }

    /// Adds the given rules.
    #[must_use]
    pub fn with_rules(mut self, rules: &Rules) -> Self {
        let usual = Rules::from(&Policy::default());
        let each = |flag: &'static str, values: &[String]| -> Vec<(&str, String)> {
            values.iter().map(|value| (flag, value.clone())).collect()
        };
        let one = |flag: &'static str, value: &Option<String>, usual: &Option<String>| {
            value.clone().filter(|_| value != usual).map(|value| (flag, value))
        };
        let all = each("--keep-days", &rules.keep_days)
            .into_iter()
            .chain(each("--max-size", &rules.max_size))
            .chain(one("--min-free", &rules.min_free, &usual.min_free))
            .chain(one("--floor-days", &rules.floor_days, &usual.floor_days))
            .chain(one("--max-share", &rules.max_share, &usual.max_share));
        self.rules = all.fold(String::new(), |text, (flag, value)| text + " " + flag + " " + &quote(value.as_ref()));
        self
    }

    /// From now on a daemon runs, which commands connect to.
    pub fn serve(&self) {
        self.is_served.store(true, Ordering::Relaxed);
    }

    /// Beside a daemon a command takes all settings but the state directory from it.
    fn unless_served<'a>(&self, flags: &'a str) -> &'a str {
        if self.is_served.load(Ordering::Relaxed) { "" } else { flags }
    }

    /// The command that confirms a held pass.
    pub fn confirm(&self, id: &str) -> String {
        let flags = self.unless_served(&self.pattern).to_owned() + self.unless_served(&self.others);
        format!("owlery expire {}{}{flags} --confirm {id}", self.root, self.state)
    }

    /// The command that confirms a pass that no guard holds, so that it follows from the rules alone.
    pub fn confirm_by_rules(&self, id: &str) -> String {
        let flags = [&self.pattern, &self.others, &self.rules].map(|flags| self.unless_served(flags)).concat();
        format!("owlery expire {}{}{flags} --confirm {id}", self.root, self.state)
    }

    /// The command that accepts the root as the archive of its state directory.
    pub fn accept(&self) -> String {
        format!("owlery accept {}{}{}", self.root, self.state, self.unless_served(&self.pattern))
    }

    /// A listing command with these arguments of its own.
    pub fn list(&self, command: &str, words: &[String]) -> String {
        let flags = self.unless_served(&self.pattern);
        let words = words.iter().fold(String::new(), |text, word| text + " " + &quote(word.as_ref()));
        format!("owlery {command} {}{}{flags}{words}", self.root, self.state)
    }

    /// The command that restores a pass.
    pub fn restore(&self, pass: &str) -> String {
        format!("owlery restore {}{}{} {pass}", self.root, self.state, self.unless_served(&self.pattern))
    }
}

/// Quotes one word for a shell. Text that is not printable is written as `$'…'`, which bash, zsh and ksh understand; so
/// no byte of a name can have an effect on a terminal.
pub fn quote(word: &OsStr) -> String {
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
        assert_eq!(
            command.accept(),
            "owlery accept '/srv/my motion' --state-dir /var/lib/owlery --camera-pattern 'Cam[0-9]'"
        );
        let rules = Rules { keep_days: vec!["30".into(), "My cam=9".into()], ..Rules::from(&Policy::default()) };
        let command = command.with_rules(&rules);
        assert!(command.confirm_by_rules("0f").ends_with(" --keep-days 30 --keep-days 'My cam=9' --confirm 0f"));
        command.serve();
        assert!(command.confirm_by_rules("0f").ends_with(" --state-dir /var/lib/owlery --confirm 0f"));
        assert_eq!(command.restore("x"), "owlery restore '/srv/my motion' --state-dir /var/lib/owlery x");
    }
}
