//! The sidecar of an entry: a JSON file beside its bytes. The first five keys are common to other programs that keep such
//! directories; what is ours alone is below `owlery`. Keys that are not known are kept when a sidecar is written again.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::media::{DEFAULT_NAME, DEFAULT_TYPE, Label};
use crate::name::Hash;
use crate::time::Use;

/// A larger sidecar is damaged, in bytes.
pub(crate) const MAX_BYTES: u64 = 64 * 1024;

/// A later use, after the year 2100, is none.
const MAX_SECONDS: u64 = 4_102_444_800;

/// What a sidecar says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sidecar {
    pub key: Arc<str>,
    pub label: Label,
    /// The size of the data; `None` if the sidecar does not say it.
    pub size: Option<u64>,
    pub used: Use,
    /// When the entry was stored first, in seconds since 1970; `None` in a sidecar of another program.
    pub created: Option<u64>,
    /// When its bytes were written, in seconds since 1970.
    pub modified: Option<u64>,
    pub hits: u64,
    /// The SHA-256 of the data.
    pub sha256: Option<Hash>,
    /// Whether the data were synced before the sidecar was written.
    pub is_synced: bool,
}

/// Parses a sidecar. The error is what is wrong with it.
pub(crate) fn parse(bytes: &[u8]) -> Result<Sidecar, String> {
    let value: Value = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let Value::Object(map) = value else { return Err("it is not a JSON object".to_owned()) };
    let key = map.get("url").and_then(Value::as_str).filter(|key| crate::is_valid_key(key));
    let key: Arc<str> = key.ok_or("it has no valid \"url\"")?.into();
    let text =
        |name: &str, default| map.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).unwrap_or(default);
    let own = map.get("owlery");
    let own_number = |name: &str| own.and_then(|own| own.get(name)).and_then(Value::as_u64);
    let seconds = map.get("ts").and_then(whole_seconds).unwrap_or(0);
    // Our own time of use is finer, but another program may have used the entry since, and then says so in `ts` alone.
    let used = own_number("used_us").map(Use).filter(|used| used.seconds() == seconds);
    Ok(Sidecar {
        label: Label::new(text("mimetype", DEFAULT_TYPE), text("filename", DEFAULT_NAME)),
        size: map.get("size").and_then(Value::as_u64),
        used: used.unwrap_or(Use::from_seconds(seconds)),
        created: own_number("created"),
        modified: own_number("modified"),
        hits: own_number("hits").unwrap_or(0),
        sha256: own.and_then(|own| own.get("sha256")).and_then(Value::as_str).and_then(Hash::parse),
        // The bytes of another program's entry cannot be verified, so there is nothing to compare.
        is_synced: own.and_then(|own| own.get("synced")).and_then(Value::as_bool).unwrap_or(true),
        key,
    })
}

/// Seconds since 1970; other programs write fractions, and texts.
fn whole_seconds(value: &Value) -> Option<u64> {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a cast of a float saturates
    let floor = |seconds: f64| seconds.max(0.0) as u64;
    let number = value.as_u64().or_else(|| value.as_f64().map(floor));
    let number = number.or_else(|| {
        let text = value.as_str()?.trim();
        text.parse::<f64>().ok().filter(|seconds| seconds.is_finite()).map(floor)
    });
    // Milliseconds, say: as the latest use it would stay the latest for ever.
    number.filter(|seconds| *seconds < MAX_SECONDS)
}

impl Sidecar {
    /// The sidecar as JSON. Keys of `before`, the file that it replaces, that are not ours are kept.
    pub(crate) fn to_json(&self, before: Option<&[u8]>) -> Vec<u8> {
        let before = before.and_then(|bytes| serde_json::from_slice(bytes).ok());
        let mut map: Map<String, Value> = before.unwrap_or_default();
        map.insert("url".into(), json!(&*self.key));
        map.insert("mimetype".into(), json!(&*self.label.mime_type));
        map.insert("filename".into(), json!(&*self.label.file_name));
        map.insert("size".into(), json!(self.size.unwrap_or(0)));
        map.insert("ts".into(), json!(self.used.seconds()));
        let mut own = json!({
            "used_us": self.used.0,
            "created": self.created.unwrap_or(0),
            "modified": self.modified.unwrap_or(0),
            "hits": self.hits,
            "synced": self.is_synced,
        });
        if let Some(sha256) = self.sha256 {
            own["sha256"] = json!(sha256.to_string());
        }
        map.insert("owlery".into(), own);
        let mut text = Value::Object(map).to_string().into_bytes();
        text.push(b'\n');
        text
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A sidecar of another program may lack everything but the key.
    #[test]
    fn missing_keys_have_defaults() {
        let sidecar = parse(br#"{"url":"http://x/1"}"#).unwrap();
        assert_eq!((&*sidecar.key, sidecar.label, sidecar.size), ("http://x/1", Label::default(), None));
        assert_eq!((sidecar.used, sidecar.created, sidecar.hits, sidecar.sha256), (Use(0), None, 0, None));
    }

    /// Times of other programs are integers, fractions or texts; keys of a wrong type count as missing.
    #[test]
    fn foreign_values_are_understood() {
        for (ts, seconds) in [
            ("12", 12),
            ("12.9", 12),
            ("\"12.5\"", 12),
            ("-3", 0),
            ("null", 0),
            ("\"x\"", 0),
            ("1764000000000", 0),
            ("1e300", 0),
            ("1e400", 0),
        ] {
            let text = format!(r#"{{"url":"k","ts":{ts},"size":"big","mimetype":7,"filename":null}}"#);
            let Ok(sidecar) = parse(text.as_bytes()) else {
                assert_eq!(ts, "1e400", "not a number of JSON");
                continue;
            };
            assert_eq!(
                (sidecar.used.seconds(), sidecar.size, sidecar.label),
                (seconds, None, Label::default()),
                "{ts}"
            );
        }
    }

    /// Without a key a sidecar describes nothing.
    #[test]
    fn unusable_sidecars_are_errors() {
        for text in ["", "{", "[]", "null", "{}", r#"{"url":""}"#, r#"{"url":7}"#, "\0\0\0", "{\"url\":\"k\"}x"] {
            assert!(parse(text.as_bytes()).is_err(), "{text:?}");
        }
    }

    /// What is written is read back, and another program's keys stay.
    #[test]
    fn written_sidecars_are_read_back() {
        let sidecar = Sidecar {
            key: "a \"b\"\n".into(),
            label: Label::new("image/jpeg", "a.jpg"),
            size: Some(3),
            used: Use(1_700_000_000_123_456),
            created: Some(5),
            modified: Some(6),
            hits: 7,
            sha256: Some(Hash::of(b"abc")),
            is_synced: false,
        };
        let text = sidecar.to_json(Some(br#"{"etag":"W/1","ts":1,"owlery":{"old":1}}"#));
        assert_eq!(parse(&text).unwrap(), sidecar);
        let value: Value = serde_json::from_slice(&text).unwrap();
        assert_eq!((&value["etag"], &value["ts"], &value["size"]), (&json!("W/1"), &json!(1_700_000_000), &json!(3)));
        assert_eq!(value["owlery"].get("old"), None);
        assert_eq!(parse(&sidecar.to_json(Some(b"damaged"))).unwrap(), sidecar);
        let touched = parse(text.strip_suffix(b"\n").unwrap().to_vec().as_slice()).unwrap();
        assert_eq!(touched.used, sidecar.used);
    }

    /// Another program that uses an entry says so in `ts`.
    #[test]
    fn a_use_by_another_program_counts() {
        let text = r#"{"url":"k","ts":1700000500,"owlery":{"used_us":1700000000123456}}"#;
        assert_eq!(parse(text.as_bytes()).unwrap().used, Use::from_seconds(1_700_000_500));
    }

    proptest! {
        /// No bytes make the parser panic.
        #[test]
        fn any_bytes_are_parsed(bytes in prop::collection::vec(any::<u8>(), 0..200), ts in any::<f64>()) {
            let _ = parse(&bytes);
            let _ = parse(format!(r#"{{"url":"k","ts":{ts}}}"#).as_bytes());
        }
    }
}
