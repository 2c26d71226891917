//! `owlery passwd`: makes a line for `[users]` or `[tokens]` of the configuration file. Nothing is stored.

use std::io::{BufRead, IsTerminal, Read, stdin};

use clap::Args;

use super::{Outcome, output};
use crate::error::{Error, Result};
use crate::event::Camera;
use crate::http::access::check_name;
use crate::http::access::password::Password;
use crate::http::secret::{self, Digest};

/// The fewest characters of a password.
const FEWEST: usize = 8;
/// The most bytes: more than fit into a login form are of no use.
const MOST: u64 = 1024;

#[derive(Debug, Args)]
pub(super) struct PasswdArgs {
    /// Whose line it is [default: your name on this host]
    name: Option<String>,
    /// What he may do: look (viewer), or change as well (admin)
    #[arg(long, value_name = "admin|viewer", default_value = "viewer")]
    role: String,
    /// A camera that he may see; repeatable [default: all]
    #[arg(long = "camera", value_name = "CAMERA")]
    cameras: Vec<String>,
    /// Make a token for a script instead of asking for a password
    #[arg(long)]
    token: bool,
}

pub(super) fn run(args: &PasswdArgs) -> Result<Outcome> {
    let own = || std::env::var("USER").ok().filter(|name| !name.is_empty());
    let name = args.name.clone().or_else(own).ok_or_else(|| Error::Config("say whose line it is: NAME".to_owned()))?;
    check_name(&name)?;
    let role: crate::http::Role = args.role.parse().map_err(|error| Error::Config(format!("--role: {error}")))?;
    let cameras = args.cameras.iter().map(|camera| camera.parse::<Camera>()).collect::<Result<Vec<_>>>()?;
    let proof = if args.token {
        let token = format!("owl_{}", secret::random()?);
        eprintln!("the token, which is shown only now: {token}\nshow it as `Authorization: Bearer {token}`");
        eprintln!("this line goes below [tokens] in the file that --config names:");
        format!("sha256 = {}", text(&Digest::of(&token).to_string()))
    } else {
        let password = ask()?;
        if stdin().is_terminal() {
            eprintln!("this line goes below [users] in the file that --config names:");
        }
        format!("password = {}", text(&Password::hash(&password)?))
    };
    let mut line = format!("{} = {{ {proof}, role = {}", key(&name), text(role.as_str()));
    if !cameras.is_empty() {
        let names: Vec<String> = cameras.iter().map(|camera| text(camera.as_str())).collect();
        line.push_str(&format!(", cameras = [{}]", names.join(", ")));
    }
    output::print_raw(&(line + " }\n"))?;
    Ok(Outcome::Done)
}

/// Asks twice at a terminal; else reads one line.
fn ask() -> Result<String> {
    let password = if stdin().is_terminal() {
        let ask = |what: &str| {
            rpassword::prompt_password(what).map_err(|e| Error::io("ask for a password at", "/dev/tty", e))
        };
        let password = ask("Password: ")?;
        check(&password)?;
        if ask("The same again: ")? != password {
            return Err(Error::Config("the two passwords differ".to_owned()));
        }
        password
    } else {
        let mut line = Vec::new();
        let fail = |e| Error::io("read a password from", "standard input", e);
        stdin().lock().take(MOST + 2).read_until(b'\n', &mut line).map_err(fail)?;
        let line = line.strip_suffix(b"\n").unwrap_or(&line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        String::from_utf8(line.to_vec()).map_err(|_| Error::Config("the password is not UTF-8".to_owned()))?
    };
    check(&password)?;
    Ok(password)
}

fn check(password: &str) -> Result<()> {
    if password.chars().count() < FEWEST {
        return Err(Error::Config(format!("a password has at least {FEWEST} characters")));
    }
    if password.len() as u64 > MOST || password.chars().any(char::is_control) {
        return Err(Error::Config(format!("a password has at most {MOST} bytes and no control characters")));
    }
    Ok(())
}

/// A text in TOML. What JSON escapes, TOML escapes alike, and there is no control character in it.
fn text(text: &str) -> String {
    serde_json::to_string(text).expect("a text is JSON")
}

/// A key in TOML, in quotes if it needs them.
fn key(name: &str) -> String {
    let is_bare = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    if is_bare { name.to_owned() } else { text(name) }
}
