//! Where a store lies, as text: `s3://BUCKET/PREFIX?endpoint=…&region=…&virtual-hosted=…` or `file:///FOLDER`. A text that is not
//! exactly one of these is refused and never repaired. Errors do not repeat the text, because it may hold a password.

use std::fmt;
use std::path::{Component, Path, PathBuf};
use std::str::FromStr;

use owlery_model::suggest::hint;
use url::{Host, Url};

use crate::upload::sha256;

/// How many digits of a digest tell one place from another.
const PLACE_DIGITS: usize = 16;

/// What may follow the `?` of an s3 URL.
const KEYS: [&str; 3] = ["endpoint", "region", "virtual-hosted"];

/// The URL of a store. Its text form has a fixed order of keys and is read back as the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreUrl {
    place: Place,
    text: String,
}

/// The kind of a store, and where it lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A bucket of a server that speaks S3.
    S3(Bucket),
    /// A folder of this host: an absolute path without `..`. On a disk that is mounted, name a folder below the mount point: it
    /// is missing while the disk is, and nothing is written to the wrong disk.
    File(PathBuf),
}

/// A bucket of a server that speaks S3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    name: String,
    prefix: String,
    endpoint: Option<Endpoint>,
    region: Option<String>,
    is_virtual_hosted: bool,
}

/// A server: `http` or `https`, host, port, and a plain path.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Endpoint(Url);

impl StoreUrl {
    /// A name for folders of what a host keeps of this place, together with what else tells it from others: 16 hexadecimal digits.
    pub fn place_id(&self, with: &[&str]) -> String {
        let lines = std::iter::once(self.text.as_str()).chain(with.iter().copied());
        let mut id = sha256(lines.collect::<Vec<_>>().join("\n").as_bytes());
        id.truncate(PLACE_DIGITS);
        id
    }

    /// The kind of the store, and where it lies.
    pub fn place(&self) -> &Place {
        &self.place
    }
}

impl Bucket {
    /// The bucket's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What all keys begin with, without slashes at its ends; empty for the whole bucket.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The region; `None` if the URL has none.
    pub fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    /// Whether the bucket is a part of the host's name, and not of the path.
    pub fn is_virtual_hosted(&self) -> bool {
        self.is_virtual_hosted
    }

    /// Whether requests may travel without TLS: only if the URL has an endpoint that says `http://`.
    pub fn allows_http(&self) -> bool {
        self.endpoint.as_ref().is_some_and(|endpoint| endpoint.0.scheme() == "http")
    }

    /// The URL that requests of the bucket are made for: with the bucket in the host if it is virtual-hosted, else without it.
    /// `None` if the URL has no endpoint, which is AWS.
    pub fn request_endpoint(&self) -> Option<String> {
        let mut url = self.endpoint.as_ref()?.0.clone();
        if let (true, Some(host)) = (self.is_virtual_hosted, url.host_str()) {
            let host = format!("{}.{host}", self.name);
            // The parser has tried this host already.
            let _ = url.set_host(Some(&host));
        }
        Some(url.as_str().trim_end_matches('/').to_owned())
    }

    fn text(&self) -> String {
        let mut text = format!("s3://{}", self.name);
        if !self.prefix.is_empty() {
            text.push('/');
            text.push_str(&self.prefix);
        }
        let endpoint = self.endpoint.as_ref().map(|endpoint| endpoint.0.as_str().trim_end_matches('/'));
        let pairs = [
            ("endpoint", endpoint),
            ("region", self.region()),
            ("virtual-hosted", self.is_virtual_hosted.then_some("true")),
        ];
        let present = pairs.into_iter().filter_map(|(key, value)| Some(format!("{key}={}", value?)));
        let query = present.collect::<Vec<_>>().join("&");
        if query.is_empty() { text } else { format!("{text}?{query}") }
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for StoreUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // The parser of URLs would drop or resolve these without a word.
        if text.chars().any(char::is_control) || text.trim() != text || text.contains('\\') {
            return Err("the URL has spaces at an end, a control character or a backslash; remove it".into());
        }
        if text.to_lowercase().replace("%2e", ".").split(['/', '?', '#']).any(|part| part == "." || part == "..") {
            return Err("the URL has a part `.` or `..`; write the whole path".into());
        }
        let url = Url::parse(text).map_err(|error| format!("the URL cannot be read: {error}; {}", forms()))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err("the URL has a user or a password; remove them, and run `owlery store login`".into());
        }
        if url.fragment().is_some() {
            return Err("the URL has a `#`; remove what begins there".into());
        }
        match url.scheme() {
            "s3" => {
                let bucket = bucket(&url)?;
                Ok(Self { text: bucket.text(), place: Place::S3(bucket) })
            }
            "file" => file(text, &url),
            other => Err(format!("the URL begins with {other}:, which is no kind of store; {}", forms())),
        }
    }
}

fn forms() -> &'static str {
    "it is s3://BUCKET/PREFIX or file:///FOLDER"
}

/// A folder of this host.
fn file(text: &str, url: &Url) -> Result<StoreUrl, String> {
    // `file:folder` and `file://folder` would be read as `/folder` and as a host.
    if !text.to_lowercase().starts_with("file:///") {
        return Err(
            "the folder is not absolute; write file:/// and the whole path, such as file:///mnt/nas/owlery".into()
        );
    }
    if url.query().is_some() {
        return Err("a URL of a folder has no `?`; remove it, or write it as %3F if it belongs to the name".into());
    }
    let path = url.to_file_path().map_err(|()| "the URL names another host; mount its folder here".to_owned())?;
    let is_plain = path.components().all(|part| matches!(part, Component::RootDir | Component::Normal(_)));
    if !is_plain || path.as_os_str().as_encoded_bytes().contains(&0) {
        return Err("the path has a part `..` or a NUL; write the whole path".into());
    }
    if path == Path::new("/") {
        return Err("the URL names the root of this host; name a folder, such as file:///mnt/nas/owlery".into());
    }
    let path: PathBuf = path.components().collect();
    let text = Url::from_file_path(&path).map_err(|()| "the path cannot be a URL; choose a plainer one".to_owned())?;
    Ok(StoreUrl { place: Place::File(path), text: text.into() })
}

/// A bucket, with what the query says.
fn bucket(url: &Url) -> Result<Bucket, String> {
    let name = url.host_str().unwrap_or_default();
    if !(3..=63).contains(&name.len()) || !is_plain(name, "-._") || url.port().is_some() {
        return Err(format!("the bucket has 3 to 63 letters, digits, -, . and _, and no port; {}", forms()));
    }
    let path = url.path().strip_prefix('/').unwrap_or(url.path());
    let prefix = path.strip_suffix('/').unwrap_or(path);
    if !prefix.is_empty() && !prefix.split('/').all(|part| !part.is_empty() && is_plain(part, "-._=")) {
        return Err("each part of the prefix has only letters, digits, -, ., _ and =; choose a plainer one".into());
    }
    let mut bucket = Bucket {
        name: name.to_owned(),
        prefix: prefix.to_owned(),
        endpoint: None,
        region: None,
        is_virtual_hosted: false,
    };
    let mut seen = Vec::new();
    for (key, value) in url.query_pairs() {
        if seen.contains(&key) {
            return Err(format!("the URL has {key:?} twice; remove one"));
        }
        match &*key {
            "endpoint" => bucket.endpoint = Some(endpoint(&value)?),
            "region" => bucket.region = Some(region(&value)?),
            "virtual-hosted" => bucket.is_virtual_hosted = flag(&key, &value)?,
            "allow-http" => {
                return Err(
                    "the URL has the key \"allow-http\"; remove it: an endpoint that begins with http:// says it"
                        .into(),
                );
            }
            other => {
                let keys = KEYS.join(", ");
                return Err(format!("the URL has the unknown key {other:?}{}; the keys are {keys}", hint(other, KEYS)));
            }
        }
        seen.push(key);
    }
    check_virtual_host(&bucket)?;
    Ok(bucket)
}

/// The bucket can only be a part of a host that has a name.
fn check_virtual_host(bucket: &Bucket) -> Result<(), String> {
    let Some(endpoint) = bucket.endpoint.as_ref().filter(|_| bucket.is_virtual_hosted) else { return Ok(()) };
    let host = format!("{}.{}", bucket.name, endpoint.0.host_str().unwrap_or_default());
    let is_named = matches!(endpoint.0.host(), Some(Host::Domain(_)));
    if is_named && endpoint.0.clone().set_host(Some(&host)).is_ok() {
        return Ok(());
    }
    Err("virtual-hosted=true needs an endpoint whose host has a name; remove it, or name the host".into())
}

fn endpoint(value: &str) -> Result<Endpoint, String> {
    let cure = "write it as https://HOST, https://HOST:PORT or http://HOST:PORT";
    let url = Url::parse(value).map_err(|error| format!("the endpoint cannot be read: {error}; {cure}"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("the endpoint has a user or a password; remove them, and run `owlery store login`".into());
    }
    let is_simple = url.query().is_none() && url.fragment().is_none() && is_plain(url.path(), "/-._");
    let host = url.host_str().unwrap_or_default();
    if !matches!(url.scheme(), "http" | "https") || !is_simple || host.is_empty() || !is_plain(host, "-._[]:") {
        return Err(format!("the endpoint is not a plain URL of a server; {cure}"));
    }
    // So that the text form, which has no slashes at its end, is read back as the same.
    Url::parse(url.as_str().trim_end_matches('/')).map(Endpoint).map_err(|error| format!("{error}; {cure}"))
}

fn region(value: &str) -> Result<String, String> {
    if value.is_empty() || !is_plain(value, "-_") {
        return Err(format!("{value:?} is not a region: it has letters, digits, - and _, such as eu-central-1"));
    }
    Ok(value.to_owned())
}

fn flag(key: &str, value: &str) -> Result<bool, String> {
    match value {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(format!("{key}={value:?} is not valid; it is true or false")),
    }
}

/// Whether a text has only letters and digits of ASCII, and these others.
fn is_plain(text: &str, others: &str) -> bool {
    text.chars().all(|char| char.is_ascii_alphanumeric() || others.contains(char))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parsed(text: &str) -> StoreUrl {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn refused(text: &str) -> String {
        text.parse::<StoreUrl>().unwrap_err()
    }

    fn bucket_of(text: &str) -> Bucket {
        match parsed(text).place {
            Place::S3(bucket) => bucket,
            Place::File(path) => panic!("{path:?}"),
        }
    }

    #[test]
    fn buckets_are_read() {
        let all = "s3://owlery-1/a/b.c?endpoint=http://nas:9000&region=eu-central-1&virtual-hosted=true";
        let bucket = bucket_of(all);
        assert_eq!((bucket.name(), bucket.prefix(), bucket.region()), ("owlery-1", "a/b.c", Some("eu-central-1")));
        assert!(bucket.is_virtual_hosted() && bucket.allows_http());
        assert_eq!(bucket.request_endpoint().unwrap(), "http://owlery-1.nas:9000");
        assert_eq!(parsed(all).to_string(), all);

        let least = bucket_of("s3://owlery");
        assert_eq!((least.prefix(), least.region(), least.request_endpoint()), ("", None, None));
        assert!(!least.is_virtual_hosted() && !least.allows_http());
        let encoded = "s3://owlery/?region=r&endpoint=https%3A%2F%2F%5B::1%5D:9000/gate/&virtual-hosted=false";
        assert_eq!(parsed(encoded).to_string(), "s3://owlery?endpoint=https://[::1]:9000/gate&region=r");
        assert!(!bucket_of(encoded).allows_http(), "only an explicit http:// permits it");
    }

    #[test]
    fn folders_are_read() {
        for (text, path) in [
            ("file:///mnt/nas/owlery", "/mnt/nas/owlery"),
            ("file:///mnt//nas/", "/mnt/nas"),
            ("file:///a%20b/ä", "/a b/ä"),
            ("FILE:///x%3Fy", "/x?y"),
        ] {
            assert_eq!(parsed(text).place(), &Place::File(path.into()), "{text}");
        }
        assert_eq!(parsed("file:///a b").to_string(), "file:///a%20b");
    }

    #[test]
    fn other_forms_are_refused_with_a_cure() {
        for (text, part) in [
            ("", "s3://BUCKET/PREFIX"),
            ("offsite", "s3://BUCKET/PREFIX"),
            ("gs://owlery/x", "begins with gs:"),
            ("s3:owlery", "3 to 63"),
            ("s3://ab", "3 to 63"),
            ("s3://owlery:9000/x", "no port"),
            ("s3://owlery//x", "plainer"),
            ("s3://owlery/a%2Fb", "plainer"),
            ("s3://owlery/a b", "plainer"),
            ("s3://owlery/../x", "whole path"),
            ("s3://owlery/%2E%2e/x", "whole path"),
            ("s3://owlery/x#y", "`#`"),
            ("s3://owlery?regoin=x", "did you mean \"region\"?"),
            ("s3://owlery?region=x&region=y", "twice"),
            ("s3://owlery?region=", "eu-central-1"),
            ("s3://owlery?virtual-hosted=yes", "true or false"),
            ("s3://owlery?allow-http=true", "begins with http://"),
            ("s3://owlery?endpoint=nas", "https://HOST"),
            ("s3://owlery?endpoint=ftp://nas", "https://HOST"),
            ("s3://owlery?endpoint=https://nas/a%2520b", "https://HOST"),
            ("s3://owlery?endpoint=http://[::1]&virtual-hosted=true", "has a name"),
            ("file:mnt/nas", "not absolute"),
            ("file://nas/owlery", "not absolute"),
            ("file:///", "name a folder"),
            ("file:///mnt/../etc", "whole path"),
            ("file:///mnt/x%2F..%2Fy", "`..`"),
            ("file:///mnt/%00", "NUL"),
            ("file:///mnt?x=y", "%3F"),
            ("file:///mnt\\nas", "backslash"),
            (" file:///mnt", "spaces"),
        ] {
            assert!(refused(text).contains(part), "{text}: {}", refused(text));
        }
    }

    #[test]
    fn a_password_is_refused_and_not_repeated() {
        for text in [
            "s3://anna:verysecret@owlery/x",
            "s3://owlery?endpoint=https://anna:verysecret@nas",
            "file://anna:verysecret@nas/x",
            "s3://owlery:verysecret",
        ] {
            assert!(!refused(text).contains("verysecret"), "{}", refused(text));
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in any::<String>()) {
            let _ = text.parse::<StoreUrl>();
        }

        #[test]
        fn what_is_printed_is_read_as_the_same(
            text in "(s3|file)://[a-z0-9./:@-]{0,8}[ -~/ä]{0,12}(\\?(endpoint=https?://[a-zA-Z0-9.:/%\\[\\]-]{0,12}|region=[a-z%+-]{0,6}|virtual-hosted=(true|false))(&(region=[a-z0-9]{1,4}|virtual-hosted=true))?)?"
        ) {
            if let Ok(url) = text.parse::<StoreUrl>() {
                let printed = url.to_string();
                let again = printed.parse::<StoreUrl>();
                prop_assert_eq!(again.as_ref(), Ok(&url), "{}", printed);
                if let Place::S3(bucket) = url.place() {
                    let request = bucket.request_endpoint();
                    prop_assert!(request.is_none_or(|request| Url::parse(&request).is_ok()));
                }
            }
        }
    }
}
