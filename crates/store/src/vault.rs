//! The logins that `owlery store login` keeps: a file `stores/NAME.login` of the state directory for each store, encrypted with
//! XChaCha20-Poly1305 under the key in `stores/key`. A backup without that key has no secret.
//!
//! A login is the byte 1 (the version), 24 bytes of nonce, and the encrypted text with its tag. The version and the store's name
//! are authenticated with it, so a file that another store's login was copied to is refused.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use owlery_state::state_file::{give, make_folder};
use owlery_state::{give_state, remove_file, write_state};
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::credentials::Credentials;
use crate::error::{Error, Result};
use crate::files::{Links, read};
use crate::name::StoreName;
use crate::upload::sha256;

/// The first byte of a login.
const VERSION: u8 = 1;
const KEY_LENGTH: usize = 32;
const NONCE_LENGTH: usize = 24;

/// Held while a process copies to a store.
#[derive(Debug)]
pub struct CopyLock(#[expect(dead_code, reason = "the lock lasts as long as the file is open")] File);

/// The logins of a state directory.
#[derive(Debug, Clone)]
pub struct Vault {
    folder: PathBuf,
}

impl Vault {
    /// The logins of this state directory. Reads and makes nothing.
    pub fn new(state_dir: &Path) -> Self {
        Self { folder: state_dir.join("stores") }
    }

    /// Keeps the credentials of a store, in place of those that it had. When it returns, a power cut does not undo it.
    ///
    /// # Errors
    /// [`Error::Credentials`] if the folder or a file cannot be written, or if others may read the key.
    pub fn login(&self, store: &StoreName, credentials: &Credentials) -> Result<()> {
        self.make_folder(store)?;
        let key = match self.key(store)? {
            Some(key) => key,
            None => self.make_key(store)?,
        };
        let path = self.login_path(store);
        let nonce: [u8; NONCE_LENGTH] = random().map_err(|error| failed(store, "encrypt", &path, &error))?;
        let text = credentials.to_text();
        let payload = Payload { msg: text.as_bytes(), aad: &context(store) };
        let sealed = cipher(&key).encrypt(XNonce::from_slice(&nonce), payload);
        let sealed = sealed.map_err(|_| failed(store, "encrypt", &path, &io::Error::other("it is too long")))?;
        let bytes = [&[VERSION], nonce.as_slice(), &sealed].concat();
        let name = format!("{store}.login");
        write_state(&self.folder, &name, &bytes, 0o600).map_err(|error| wrong(store, error.chain()))
    }

    /// Removes the login of a store; false if it has none.
    ///
    /// # Errors
    /// [`Error::Credentials`] if the file cannot be removed.
    pub fn logout(&self, store: &StoreName) -> Result<bool> {
        let path = self.login_path(store);
        remove_file(&path).map_err(|error| failed(store, "remove", &path, &error))
    }

    /// The credentials of a store; `None` if it has no login.
    ///
    /// # Errors
    /// [`Error::Credentials`] if a file cannot be read, is damaged, or belongs to another store or another key; or if others may
    /// read the key.
    pub fn read(&self, store: &StoreName) -> Result<Option<Credentials>> {
        let path = self.login_path(store);
        let found = read(&path, Links::Refuse).map_err(|error| failed(store, "read", &path, &error))?;
        let Some((_, bytes)) = found else { return Ok(None) };
        let again = |what: &str| wrong(store, format!("{} {what}; run `owlery store login` again", path.display()));
        let Some(key) = self.key(store)? else {
            return Err(again(&format!("cannot be decrypted, because {} is missing", self.key_path().display())));
        };
        let Some((&VERSION, rest)) = bytes.split_first() else { return Err(again("is damaged")) };
        let Some((nonce, sealed)) = rest.split_at_checked(NONCE_LENGTH) else { return Err(again("is damaged")) };
        let payload = Payload { msg: sealed, aad: &context(store) };
        let text = cipher(&key).decrypt(XNonce::from_slice(nonce), payload);
        let text = text.map_err(|_| again("is damaged, or of another store or key"))?;
        let text = String::from_utf8(text).map_err(|_| again("is damaged"))?;
        Credentials::parse(&text, "default").map(Some).map_err(|_| again("is damaged"))
    }

    /// Locks the copying to a store at this URL. A crash leaves no lock behind.
    pub(crate) fn lock(&self, store: &StoreName, url: &str) -> Result<CopyLock> {
        self.make_folder(store).map_err(|error| match error {
            Error::Credentials { why, .. } => {
                Error::Config(format!("cannot lock the store {store}: {why}; --state-dir names another place"))
            }
            other => other,
        })?;
        let place = sha256(url.as_bytes());
        let path = self.folder.join(format!("{}.lock", place.get(..16).unwrap_or(&place)));
        let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path);
        let file = file.map_err(|error| Error::io("open", &path, error))?;
        give(&path);
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(CopyLock(file)),
            Err(Errno::WOULDBLOCK) => Err(Error::Busy(store.clone())),
            Err(error) => Err(Error::io("lock", &path, error)),
        }
    }

    /// The file of a store's login, whether it exists or not.
    pub(crate) fn login_path(&self, store: &StoreName) -> PathBuf {
        self.folder.join(format!("{store}.login"))
    }

    /// The file of the key, whether it exists or not.
    pub(crate) fn key_path(&self) -> PathBuf {
        self.folder.join("key")
    }

    /// The folder of what is known of a store, beside its login; it is made if it does not exist.
    pub(crate) fn make_folder_of(&self, store: &StoreName) -> Result<PathBuf> {
        self.make_folder(store)?;
        let folder = self.folder_of(store);
        make_folder(&folder).map_err(|error| wrong(store, error.chain()))?;
        Ok(folder)
    }

    /// The same, whether it exists or not.
    pub(crate) fn folder_of(&self, store: &StoreName) -> PathBuf {
        self.folder.join(format!("{store}.state"))
    }

    fn make_folder(&self, store: &StoreName) -> Result<()> {
        if self.folder.is_dir() {
            return Ok(());
        }
        let state_dir = self.folder.parent().unwrap_or(Path::new("/"));
        make_folder(state_dir).map_err(|error| wrong(store, error.chain()))?;
        // "Recursive" so that it is no error if another process was faster.
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&self.folder);
        made.map_err(|error| failed(store, "make", &self.folder, &error))?;
        give(&self.folder);
        Ok(())
    }

    /// The key; `None` if there is none.
    fn key(&self, store: &StoreName) -> Result<Option<[u8; KEY_LENGTH]>> {
        let path = self.key_path();
        let found = read(&path, Links::Refuse).map_err(|error| failed(store, "read", &path, &error))?;
        let Some((metadata, bytes)) = found else { return Ok(None) };
        let path = path.display();
        if metadata.permissions().mode() & 0o077 != 0 {
            let why = format!(
                "others may read the key {path}; run `chmod 600 {path}`, and change the credentials if they did"
            );
            return Err(wrong(store, why));
        }
        let damaged = |_| {
            let cure = "remove it, and run `owlery store login` for each store again";
            wrong(store, format!("the key {path} is damaged; {cure}"))
        };
        bytes.try_into().map(Some).map_err(damaged)
    }

    /// Makes the key. If another process makes one at the same time, both use the one that was there first.
    fn make_key(&self, store: &StoreName) -> Result<[u8; KEY_LENGTH]> {
        let path = self.key_path();
        let make = || -> io::Result<Option<[u8; KEY_LENGTH]>> {
            let key = random()?;
            // A temporary file has the mode 0600.
            let mut file = tempfile::Builder::new().prefix(".key.").suffix(".tmp").tempfile_in(&self.folder)?;
            file.write_all(&key)?;
            give_state(&self.folder, file.as_file());
            file.as_file().sync_all()?;
            match file.persist_noclobber(&path) {
                Ok(_) => std::fs::File::open(&self.folder)?.sync_all().map(|()| Some(key)),
                Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(None),
                Err(error) => Err(error.error),
            }
        };
        match make().map_err(|error| failed(store, "make", &path, &error))? {
            Some(key) => Ok(key),
            None => self.key(store)?.ok_or_else(|| {
                wrong(
                    store,
                    format!("the key {} was removed meanwhile; run `owlery store login` again", path.display()),
                )
            }),
        }
    }
}

fn failed(store: &StoreName, op: &str, path: &Path, error: &io::Error) -> Error {
    wrong(store, format!("cannot {op} {}: {error}; check who owns it, and its mode", path.display()))
}

fn wrong(store: &StoreName, why: String) -> Error {
    Error::Credentials { store: store.clone(), why }
}

fn cipher(key: &[u8; KEY_LENGTH]) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.into())
}

/// What is authenticated with the text of a login.
fn context(store: &StoreName) -> Vec<u8> {
    format!("owlery store login {VERSION}:{store}").into_bytes()
}

/// Bytes of the kernel's random source.
fn random<const LENGTH: usize>() -> io::Result<[u8; LENGTH]> {
    let mut bytes = [0; LENGTH];
    let mut filled = 0;
    while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match rustix::rand::getrandom(rest, rustix::rand::GetRandomFlags::empty()) {
            Err(rustix::io::Errno::INTR) => {}
            other => filled += other?,
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs::{self, Permissions};
    use std::sync::Barrier;

    use super::*;

    fn name(text: &str) -> StoreName {
        text.parse().unwrap()
    }

    fn secret(text: &str) -> Credentials {
        Credentials::new("access", text, None).unwrap()
    }

    fn why(vault: &Vault, store: &str) -> String {
        vault.read(&name(store)).unwrap_err().to_string()
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn logins_are_kept_encrypted_and_for_the_owner() {
        let dir = tempfile::tempdir().unwrap();
        let vault = Vault::new(dir.path());
        assert_eq!((vault.read(&name("nas")).unwrap(), vault.logout(&name("nas")).unwrap()), (None, false));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "reading makes nothing");

        vault.login(&name("nas"), &secret("very-secret")).unwrap();
        vault.login(&name("key"), &secret("other-secret")).unwrap();
        assert_eq!(vault.read(&name("nas")).unwrap(), Some(secret("very-secret")));
        assert_eq!(vault.read(&name("key")).unwrap(), Some(secret("other-secret")));
        let mut names = BTreeSet::new();
        for entry in fs::read_dir(&vault.folder).unwrap() {
            let path = entry.unwrap().path();
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o7777, 0o600, "{path:?}");
            let bytes = fs::read(&path).unwrap();
            assert!(!bytes.windows(6).any(|part| part == b"secret"), "{path:?}");
            names.insert(path.file_name().unwrap().to_str().unwrap().to_owned());
        }
        assert_eq!(names, ["key", "key.login", "nas.login"].map(str::to_owned).into());
        assert_eq!(vault.folder.metadata().unwrap().permissions().mode() & 0o7777, 0o700);

        let before = fs::read(vault.login_path(&name("nas"))).unwrap();
        vault.login(&name("nas"), &secret("very-secret")).unwrap();
        assert_ne!(fs::read(vault.login_path(&name("nas"))).unwrap(), before, "each login has a nonce of its own");
        assert!(vault.logout(&name("nas")).unwrap());
        assert_eq!(vault.read(&name("nas")).unwrap(), None);
    }

    #[test]
    fn a_damaged_or_swapped_login_asks_for_another() {
        let dir = tempfile::tempdir().unwrap();
        let vault = Vault::new(dir.path());
        for store in ["one", "two"] {
            vault.login(&name(store), &secret("s")).unwrap();
        }
        let path = vault.login_path(&name("one"));
        let whole = fs::read(&path).unwrap();
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            assert!(why(&vault, "one").contains("owlery store login"), "{length}");
        }
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            fs::write(&path, bytes).unwrap();
            assert!(why(&vault, "one").contains("one.login is damaged"), "{at}");
        }
        fs::copy(vault.login_path(&name("two")), &path).unwrap();
        assert!(why(&vault, "one").contains("of another store"), "{}", why(&vault, "one"));
        vault.login(&name("one"), &secret("t")).unwrap();
        assert_eq!(vault.read(&name("one")).unwrap(), Some(secret("t")));
    }

    #[test]
    fn a_key_that_others_may_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let vault = Vault::new(dir.path());
        vault.login(&name("nas"), &secret("s")).unwrap();
        let key = vault.key_path();
        for mode in [0o604, 0o640, 0o660] {
            set_mode(&key, mode);
            let cure = format!("chmod 600 {}", key.display());
            assert!(why(&vault, "nas").contains(&cure), "{}", why(&vault, "nas"));
            assert!(vault.login(&name("nas"), &secret("s")).unwrap_err().to_string().contains(&cure));
        }
        set_mode(&key, 0o600);
        assert!(vault.read(&name("nas")).unwrap().is_some());
    }

    #[test]
    fn a_lost_or_damaged_key_is_an_error_with_a_cure() {
        let dir = tempfile::tempdir().unwrap();
        let vault = Vault::new(dir.path());
        vault.login(&name("nas"), &secret("s")).unwrap();
        let key = vault.key_path();
        fs::write(&key, "short").unwrap();
        assert!(why(&vault, "nas").contains("is damaged; remove it"), "{}", why(&vault, "nas"));
        fs::remove_file(&key).unwrap();
        assert!(why(&vault, "nas").contains("is missing; run `owlery store login` again"), "{}", why(&vault, "nas"));
        assert!(!key.exists(), "reading makes no key");
        fs::create_dir(&key).unwrap();
        assert!(why(&vault, "nas").contains("no regular file"), "{}", why(&vault, "nas"));
    }

    #[test]
    fn an_unusable_folder_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("stores"), "").unwrap();
        let error = Vault::new(dir.path()).login(&name("nas"), &secret("s")).unwrap_err().to_string();
        assert!(error.contains("the store nas") && error.contains("cannot make"), "{error}");
    }

    #[test]
    fn first_logins_at_the_same_time_share_one_key() {
        let dir = tempfile::tempdir().unwrap();
        let vault = Vault::new(dir.path());
        let stores = ["a", "b", "c", "d"].map(name);
        let barrier = Barrier::new(stores.len());
        std::thread::scope(|scope| {
            for store in &stores {
                let (vault, barrier) = (&vault, &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    vault.login(store, &secret("s")).unwrap();
                });
            }
        });
        for store in &stores {
            assert_eq!(vault.read(store).unwrap(), Some(secret("s")));
        }
    }
}
