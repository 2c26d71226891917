//! `owlery passwd`: prints a line for `[users]` or `[tokens]` of the configuration file. It stores nothing.

use std::io::{BufRead, IsTerminal, Read, stdin};

use clap::Args;

use super::{Outcome, output};
use crate::http::auth::secret::Digest;
use crate::http::auth::{Password, check_name, secret};
use crate::{Camera, Error, Result};

/// The minimum length of a password, in characters.
const MIN_PASSWORD_CHARS: usize = 8;
/// The limit of a password, in bytes: the login form accepts no more.
const MAX_PASSWORD_BYTES: u64 = 1024;

#[derive(Debug, Args)]
pub(super) struct PasswdArgs {
    /// Name of the user or token [default: your name on this host]
    name: Option<String>,
    /// Role: viewer (read only) or admin
    #[arg(long, value_name = "admin|viewer", default_value = "viewer")]
    role: String,
    /// A camera to give access to; repeatable [default: all]
    #[arg(long = "camera", value_name = "CAMERA")]
    cameras: Vec<String>,
    /// Make a token for a script instead of a user with a password
    #[arg(long)]
    token: bool,
}

pub(super) fn run(args: &PasswdArgs) -> Result<Outcome> {
    let own = || std::env::var("USER").ok().filter(|name| !name.is_empty());
    let name = args
        .name
        .clone()
        .or_else(own)
        .ok_or_else(|| Error::Config("NAME is required, since $USER is not set".to_owned()))?;
    check_name(&name)?;
    let role: crate::http::Role = args.role.parse().map_err(|error| Error::Config(format!("--role: {error}")))?;
    let cameras = args.cameras.iter().map(|camera| camera.parse::<Camera>()).collect::<Result<Vec<_>>>()?;
    let proof = if args.token {
        let token = format!("owl_{}", secret::random()?);
        eprintln!("the token, shown only once: {token}\nsend it as `Authorization: Bearer {token}`");
        eprintln!("add this line below [tokens] in the --config file:");
        format!("sha256 = {}", text(&Digest::of(&token).to_string()))
    } else {
        let password = read_password()?;
        if stdin().is_terminal() {
            eprintln!("add this line below [users] in the --config file:");
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

/// Reads a password: twice from a terminal, else one line of standard input.
fn read_password() -> Result<String> {
    let password = if stdin().is_terminal() {
        let prompt =
            |what: &str| rpassword::prompt_password(what).map_err(|e| Error::io("read a password from", "/dev/tty", e));
        let password = prompt("Password: ")?;
        check(&password)?;
        if prompt("Repeat the password: ")? != password {
            return Err(Error::Config("the passwords differ".to_owned()));
        }
        password
    } else {
        let mut line = Vec::new();
        let fail = |e| Error::io("read a password from", "standard input", e);
        stdin().lock().take(MAX_PASSWORD_BYTES + 2).read_until(b'\n', &mut line).map_err(fail)?;
        let line = line.strip_suffix(b"\n").unwrap_or(&line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        String::from_utf8(line.to_vec()).map_err(|_| Error::Config("the password is not UTF-8".to_owned()))?
    };
    check(&password)?;
    Ok(password)
}

fn check(password: &str) -> Result<()> {
    if password.chars().count() < MIN_PASSWORD_CHARS {
        return Err(Error::Config(format!("a password has at least {MIN_PASSWORD_CHARS} characters")));
    }
    if password.len() as u64 > MAX_PASSWORD_BYTES || password.chars().any(char::is_control) {
        return Err(Error::Config(format!(
            "a password has at most {MAX_PASSWORD_BYTES} bytes and no control characters"
        )));
    }
    Ok(())
}

/// A TOML string. JSON and TOML have the same escapes for text without control characters.
fn text(text: &str) -> String {
    serde_json::to_string(text).expect("a text is JSON")
}

/// A TOML key, quoted if needed.
fn key(name: &str) -> String {
    let is_bare = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    if is_bare { name.to_owned() } else { text(name) }
}
