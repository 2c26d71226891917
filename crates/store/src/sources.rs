//! Where the credentials of a store come from. The first of these that has some is used: `owlery store login`; the systemd
//! credential `store-NAME`; the AWS environment variables; the credentials file of the `aws` tools.

use std::path::{Path, PathBuf};

use crate::credentials::Credentials;
use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::files::{self, FileStamp, Links};
use crate::name::StoreName;
use crate::vault::Vault;

/// The profile of a credentials file without `AWS_PROFILE`.
const DEFAULT_PROFILE: &str = "default";

/// The sources of all stores.
#[derive(Debug)]
pub(crate) struct Sources {
    vault: Vault,
    environment: Environment,
}

/// The state of all files that the credentials of a store could come from. It changes with each of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stamp(Vec<Option<FileStamp>>);

impl Sources {
    pub(crate) fn new(vault: Vault, environment: Environment) -> Self {
        Self { vault, environment }
    }

    /// The logins.
    pub(crate) fn vault(&self) -> &Vault {
        &self.vault
    }

    /// The state of the files. Take it before [`Sources::find`], so that a change in between is noticed later.
    pub(crate) fn stamp(&self, store: &StoreName) -> Stamp {
        let vault = [Some(self.vault.login_path(store)), Some(self.vault.key_path())];
        let others = [self.systemd_path(store), self.aws_path()];
        Stamp(vault.into_iter().chain(others).map(|path| files::stamp(&path?)).collect())
    }

    /// The credentials of a store. Only this reads and decrypts them.
    ///
    /// # Errors
    /// [`Error::Credentials`] if the first source that has some cannot be used, or if none has any; then it names the four ways.
    pub(crate) fn find(&self, store: &StoreName) -> Result<Credentials> {
        if let Some(found) = self.vault.read(store)? {
            return Ok(found);
        }
        if let Some(path) = self.systemd_path(store)
            && let Some(found) = read(store, &path, DEFAULT_PROFILE)?
        {
            return Ok(found);
        }
        if let Some(found) = self.of_variables(store)? {
            return Ok(found);
        }
        if let Some(found) = self.of_aws_file(store)? {
            return Ok(found);
        }
        let why = format!(
            "there are none; run `owlery store login ROOT {store}`, or give the service the systemd credential store-{store}, or \
             set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write ~/.aws/credentials"
        );
        Err(wrong(store, why))
    }

    fn systemd_path(&self, store: &StoreName) -> Option<PathBuf> {
        Some(Path::new(self.environment.get("CREDENTIALS_DIRECTORY")?).join(format!("store-{store}")))
    }

    fn aws_path(&self) -> Option<PathBuf> {
        if let Some(path) = self.environment.get("AWS_SHARED_CREDENTIALS_FILE") {
            return Some(path.into());
        }
        Some(Path::new(self.environment.get("HOME")?).join(".aws/credentials"))
    }

    /// A variable as text.
    fn text(&self, store: &StoreName, variable: &str) -> Result<Option<&str>> {
        let Some(value) = self.environment.get(variable) else { return Ok(None) };
        value
            .to_str()
            .map(Some)
            .ok_or_else(|| wrong(store, format!("the variable {variable} is no text; set it again")))
    }

    fn of_variables(&self, store: &StoreName) -> Result<Option<Credentials>> {
        let (access, secret) = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY");
        let missing = |has, lacks| {
            Err(wrong(store, format!("the variable {has} is set, and {lacks} is not; set both or neither")))
        };
        match (self.text(store, access)?, self.text(store, secret)?) {
            (None, None) => Ok(None),
            (Some(_), None) => missing(access, secret),
            (None, Some(_)) => missing(secret, access),
            (Some(access), Some(secret)) => {
                let made = Credentials::new(access, secret, self.text(store, "AWS_SESSION_TOKEN")?);
                made.map(Some)
                    .map_err(|why| wrong(store, format!("in the AWS environment variables, {why}; set them again")))
            }
        }
    }

    fn of_aws_file(&self, store: &StoreName) -> Result<Option<Credentials>> {
        let Some(path) = self.aws_path() else { return Ok(None) };
        let profile = self.text(store, "AWS_PROFILE")?;
        read(store, &path, profile.unwrap_or(DEFAULT_PROFILE))
    }
}

/// The credentials of a file; `None` if there is no file.
fn read(store: &StoreName, path: &Path, profile: &str) -> Result<Option<Credentials>> {
    let shown = path.display();
    let unreadable = |error| wrong(store, format!("cannot read {shown}: {error}; check who owns it, and its mode"));
    let Some((_, bytes)) = files::read(path, Links::Follow).map_err(unreadable)? else { return Ok(None) };
    let text = std::str::from_utf8(&bytes).map_err(|_| "it is no text".to_owned());
    let parsed = text.and_then(|text| Credentials::parse(text, profile));
    parsed.map(Some).map_err(|why| wrong(store, format!("cannot understand {shown}: {why}; correct the file")))
}

fn wrong(store: &StoreName, why: String) -> Error {
    Error::Credentials { store: store.clone(), why }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    struct World {
        dir: tempfile::TempDir,
        store: StoreName,
    }

    impl World {
        fn new() -> Self {
            Self { dir: tempfile::tempdir().unwrap(), store: "nas".parse().unwrap() }
        }

        fn path(&self, below: &str) -> String {
            self.dir.path().join(below).to_str().unwrap().to_owned()
        }

        fn put(&self, below: &str, text: &str) {
            let path = self.dir.path().join(below);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }

        fn sources(&self, variables: &[(&str, &str)]) -> Sources {
            let home = [("HOME", self.path("home")), ("CREDENTIALS_DIRECTORY", self.path("systemd"))];
            let all = home.into_iter().chain(variables.iter().map(|(name, value)| (*name, (*value).to_owned())));
            Sources::new(Vault::new(&self.dir.path().join("state")), all.collect())
        }

        fn found(&self, variables: &[(&str, &str)]) -> String {
            match self.sources(variables).find(&self.store) {
                Ok(found) => found.access_key().to_owned(),
                Err(error) => error.to_string(),
            }
        }
    }

    #[test]
    fn the_first_source_that_has_some_is_used() {
        let world = World::new();
        let none = world.found(&[]);
        for way in ["store login ROOT nas", "systemd credential store-nas", "AWS_ACCESS_KEY_ID", "~/.aws/credentials"] {
            assert!(none.contains(way), "{none}");
        }
        world.put("home/.aws/credentials", "[default]\naws_access_key_id = file\naws_secret_access_key = s\n");
        assert_eq!(world.found(&[]), "file");
        let variables = [("AWS_ACCESS_KEY_ID", "variable"), ("AWS_SECRET_ACCESS_KEY", "s")];
        assert_eq!(world.found(&variables), "variable");
        world.put("systemd/store-other", "access_key = other\nsecret_key = s");
        assert_eq!(world.found(&variables), "variable");
        world.put("systemd/store-nas", "access_key = systemd\nsecret_key = s");
        assert_eq!(world.found(&variables), "systemd");
        let vault = Vault::new(&world.dir.path().join("state"));
        vault.login(&world.store, &Credentials::new("login", "s", None).unwrap()).unwrap();
        assert_eq!(world.found(&variables), "login");
    }

    #[test]
    fn the_file_and_the_profile_of_aws_can_be_chosen() {
        let world = World::new();
        world.put("other", "[one]\naws_access_key_id = one\naws_secret_access_key = s\n[default]\n");
        let file = world.path("other");
        assert_eq!(world.found(&[("AWS_SHARED_CREDENTIALS_FILE", &file), ("AWS_PROFILE", "one")]), "one");
        let two = world.found(&[("AWS_SHARED_CREDENTIALS_FILE", &file), ("AWS_PROFILE", "two")]);
        assert!(two.contains(&file) && two.contains("no section [two]"), "{two}");
    }

    #[test]
    fn an_unusable_source_is_not_skipped() {
        let world = World::new();
        let half = world.found(&[("AWS_SECRET_ACCESS_KEY", "hidden")]);
        assert!(half.contains("AWS_ACCESS_KEY_ID is not; set both") && !half.contains("hidden"), "{half}");
        let empty = world.found(&[("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "hidden hidden")]);
        assert!(empty.contains("environment variables") && !empty.contains("hidden"), "{empty}");
        world.put("systemd/store-nas", "access_key = a");
        assert!(world.found(&[]).contains("cannot understand"), "{}", world.found(&[]));
        fs::remove_file(world.path("systemd/store-nas")).unwrap();
        world.put("systemd/store-nas/folder", "");
        assert!(world.found(&[]).contains("no regular file"), "{}", world.found(&[]));
    }

    #[test]
    fn each_file_changes_the_stamp() {
        let world = World::new();
        let sources = world.sources(&[]);
        let mut last = sources.stamp(&world.store);
        assert_eq!(sources.stamp(&world.store), last);
        for file in ["home/.aws/credentials", "systemd/store-nas", "state/stores/nas.login", "state/stores/key"] {
            world.put(file, "x");
            let now = sources.stamp(&world.store);
            assert_ne!(now, last, "{file}");
            last = now;
        }
        world.put("state/stores/other.login", "x");
        assert_eq!(sources.stamp(&world.store), last);
    }
}
