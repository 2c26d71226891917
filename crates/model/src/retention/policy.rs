//! The rules of an archive: as texts, and parsed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use bytesize::ByteSize;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::event::{Camera, Day};

/// For how long recordings are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// A day expires when it lies more than this many days (at least one) before today.
    Days(u32),
    /// Age expires nothing. As the rule of one camera: no rule expires anything of it.
    Forever,
}

/// The space to keep free on the archive's disk.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MinFree {
    /// In bytes.
    Bytes(u64),
    /// In percent of the disk, above 0 and below 100.
    Percent(f64),
}

impl MinFree {
    /// The mark in bytes on a disk of this size.
    pub fn mark(self, total: u64) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes,
            #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            Self::Percent(percent) => (total as f64 * percent / 100.0) as u64,
        }
    }
}

/// The rules of an archive. Without a rule nothing expires.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// For cameras without a rule of their own.
    pub keep: Option<Keep>,
    /// For single cameras.
    pub cameras: BTreeMap<Camera, Keep>,
    /// The largest size of the archive, in bytes.
    pub max_size: Option<u64>,
    /// The largest size of single cameras, in bytes.
    pub camera_sizes: BTreeMap<Camera, u64>,
    /// The space to keep free.
    pub min_free: Option<MinFree>,
    /// Rules of size and space never take a day that lies less than this many days before today.
    pub floor_days: u32,
    /// A pass that would retire more than this share of the archive is held, from above 0 to 1; 1 never holds.
    pub max_share: f64,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            keep: None,
            cameras: BTreeMap::new(),
            max_size: None,
            camera_sizes: BTreeMap::new(),
            min_free: None,
            floor_days: 1,
            max_share: 0.5,
        }
    }
}

/// Rules as texts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Rules {
    /// Each `[CAMERA=]N` or `[CAMERA=]forever`.
    pub keep_days: Vec<String>,
    /// Each `[CAMERA=]SIZE`.
    pub max_size: Vec<String>,
    /// A size, or a percentage `N%`.
    pub min_free: Option<String>,
    /// A number of days from 1.
    pub floor_days: Option<String>,
    /// A share above 0, up to 1.
    pub max_share: Option<String>,
}

impl Rules {
    /// Whether there are no rules.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Adds the rules of `weaker` that are not set here: for all cameras, and for each camera by itself.
    #[must_use]
    pub fn or(self, weaker: Self) -> Self {
        Self {
            keep_days: with_unset(self.keep_days, weaker.keep_days),
            max_size: with_unset(self.max_size, weaker.max_size),
            min_free: self.min_free.or(weaker.min_free),
            floor_days: self.floor_days.or(weaker.floor_days),
            max_share: self.max_share.or(weaker.max_share),
        }
    }
}

/// Adds the texts of `weaker` for cameras, and for all, that `stronger` lacks.
fn with_unset(mut stronger: Vec<String>, weaker: Vec<String>) -> Vec<String> {
    let camera_of = |text: &str| text.split_once('=').map(|(camera, _)| camera.to_owned());
    let set: Vec<Option<String>> = stronger.iter().map(|text| camera_of(text)).collect();
    stronger.extend(weaker.into_iter().filter(|text| !set.contains(&camera_of(text))));
    stronger
}

impl Policy {
    /// Whether any rule can expire anything.
    pub fn can_expire(&self) -> bool {
        self.keep.iter().chain(self.cameras.values()).any(|keep| matches!(keep, Keep::Days(_))) || self.looks_at_space()
    }

    /// Whether a rule counts the bytes of the archive or of a camera.
    pub fn has_size_rule(&self) -> bool {
        self.max_size.is_some() || !self.camera_sizes.is_empty()
    }

    /// Whether a rule names a camera.
    pub fn names_cameras(&self) -> bool {
        self.named().next().is_some()
    }

    /// Whether a rule of size or space is among them.
    pub fn looks_at_space(&self) -> bool {
        self.has_size_rule() || self.min_free.is_some()
    }

    /// The rules as texts.
    pub fn parse(rules: &Rules) -> Result<Self> {
        let mut policy = Self::default();
        for text in &rules.keep_days {
            let wrong =
                || Error::Config(format!("--keep-days {text:?} is not a number of days (1 or more) or \"forever\""));
            let (camera, value) = of_camera("--keep-days", text)?;
            let keep = match value {
                "forever" => Keep::Forever,
                days => days.parse().ok().filter(|days| *days > 0).map(Keep::Days).ok_or_else(wrong)?,
            };
            match camera {
                Some(camera) => {
                    policy.cameras.insert(camera, keep);
                }
                None => policy.keep = Some(keep),
            }
        }
        for text in &rules.max_size {
            let (camera, value) = of_camera("--max-size", text)?;
            check_unit("--max-size", value, ["GB", "TB"])?;
            let bytes = size("--max-size", value)?;
            match camera {
                Some(camera) => {
                    policy.camera_sizes.insert(camera, bytes);
                }
                None => policy.max_size = Some(bytes),
            }
        }
        policy.min_free = rules.min_free.as_deref().map(str::parse).transpose()?;
        if let Some(text) = &rules.floor_days {
            let days = text.parse().ok().filter(|days| *days > 0);
            policy.floor_days = days
                .ok_or_else(|| Error::Config(format!("--floor-days {text:?} is not a number of days (1 or more)")))?;
        }
        if let Some(text) = &rules.max_share {
            policy.max_share = text.parse().map_err(|_| {
                Error::Config(format!("--max-share {text:?} is not a share above 0, up to 1 (0.5 is 50%)"))
            })?;
        }
        policy.check()?;
        Ok(policy)
    }

    /// Refuses invalid values, and rules that contradict each other.
    pub fn check(&self) -> Result<()> {
        let wrong = |text: &str| Err(Error::Config(text.to_owned()));
        if self.keep.iter().chain(self.cameras.values()).any(|keep| *keep == Keep::Days(0)) {
            return wrong("--keep-days takes a number of days (1 or more) or \"forever\"");
        }
        if self.max_size.iter().chain(self.camera_sizes.values()).any(|bytes| *bytes == 0) {
            return wrong("--max-size takes a size above 0");
        }
        match self.min_free {
            Some(MinFree::Bytes(0)) => return wrong("--min-free takes a size above 0"),
            Some(MinFree::Percent(percent)) if !(percent > 0.0 && percent < 100.0) => {
                return wrong("--min-free takes a percentage above 0% and below 100%");
            }
            _ => {}
        }
        if self.floor_days == 0 {
            return wrong("--floor-days takes a number of days (1 or more)");
        }
        if !(self.max_share > 0.0 && self.max_share <= 1.0) {
            return wrong("--max-share takes a share above 0, up to 1 (0.5 is 50%)");
        }
        if let Some(camera) = self.camera_sizes.keys().find(|camera| self.is_kept_forever(camera)) {
            return Err(Error::Config(format!("{camera} is kept forever, so it cannot have a --max-size")));
        }
        Ok(())
    }

    /// The part about these cameras only: neither rules of other cameras, nor those of the whole archive's size and
    /// space.
    #[must_use]
    pub fn within(&self, cameras: &BTreeSet<Camera>) -> Self {
        let mut policy = Self { max_size: None, min_free: None, ..self.clone() };
        policy.cameras.retain(|camera, _| cameras.contains(camera));
        policy.camera_sizes.retain(|camera, _| cameras.contains(camera));
        policy
    }

    /// The rule of age for a camera.
    pub(super) fn keep_of(&self, camera: &Camera) -> Option<Keep> {
        self.cameras.get(camera).copied().or(self.keep)
    }

    /// The first day that the rule of age keeps of a camera; `None` without such a rule.
    pub fn kept_from(&self, camera: &Camera, today: Day) -> Option<Day> {
        match self.keep_of(camera)? {
            Keep::Days(days) => Some(today.back(u64::from(days))),
            Keep::Forever => None,
        }
    }

    /// Whether no rule takes anything of a camera.
    pub(super) fn is_kept_forever(&self, camera: &Camera) -> bool {
        self.cameras.get(camera) == Some(&Keep::Forever)
    }

    /// The cameras that rules name.
    pub(super) fn named(&self) -> impl Iterator<Item = &Camera> {
        self.cameras.keys().chain(self.camera_sizes.keys())
    }
}

impl From<&Policy> for Rules {
    /// The rules as texts: [`Policy::parse`] makes the same policy of them.
    fn from(policy: &Policy) -> Self {
        let of = |camera: &Camera, value: String| format!("{camera}={value}");
        let ages = policy.cameras.iter().map(|(camera, keep)| of(camera, keep.to_string()));
        let sizes = policy.camera_sizes.iter().map(|(camera, bytes)| of(camera, format!("{bytes}B")));
        Self {
            keep_days: policy.keep.iter().map(ToString::to_string).chain(ages).collect(),
            max_size: policy.max_size.iter().map(|bytes| format!("{bytes}B")).chain(sizes).collect(),
            min_free: policy.min_free.map(|min_free| min_free.to_string()),
            floor_days: Some(policy.floor_days.to_string()),
            max_share: Some(policy.max_share.to_string()),
        }
    }
}

/// As [`Rules`].
impl Serialize for Policy {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Rules::from(self).serialize(serializer)
    }
}

impl fmt::Display for MinFree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "{bytes}B"),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

impl fmt::Display for Keep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Days(days) => days.fmt(f),
            Self::Forever => f.write_str("forever"),
        }
    }
}

/// `CAMERA=VALUE` or `VALUE`.
fn of_camera<'a>(flag: &str, text: &'a str) -> Result<(Option<Camera>, &'a str)> {
    let Some((camera, value)) = text.split_once('=') else { return Ok((None, text)) };
    let camera = camera.parse().map_err(|error| Error::Config(format!("{flag} {text:?}: {error}")))?;
    Ok((Some(camera), value))
}

/// Refuses a number without a unit, and suggests two possible meanings.
fn check_unit(flag: &str, text: &str, readings: [&str; 2]) -> Result<()> {
    let number = text.trim();
    let is_bare = number.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b',' | b'_'));
    if !is_bare || !number.bytes().any(|byte| byte.is_ascii_digit()) {
        return Ok(());
    }
    let [one, other] = readings;
    Err(Error::Config(format!("{flag} {text:?} has no unit: {number}{one} or {number}{other}?")))
}

fn size(flag: &str, text: &str) -> Result<u64> {
    let size: Result<ByteSize, _> = text.parse();
    let size = size.map_err(|_| Error::Config(format!("{flag} {text:?} is not a size such as 500GB or 2TiB")))?;
    Ok(size.as_u64())
}

impl FromStr for MinFree {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if let Some(percent) = text.strip_suffix('%') {
            let percent = percent.trim().parse().map(Self::Percent);
            return percent.map_err(|_| Error::Config(format!("--min-free {text:?} is not a percentage such as 10%")));
        }
        check_unit("--min-free", text, ["GB", "%"])?;
        size("--min-free", text).map(Self::Bytes)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_policy() -> impl Strategy<Value = Policy> {
        let camera = || "[A-Z][a-z]{0,3}".prop_map(|name| name.parse::<Camera>().unwrap());
        let keep = || prop_oneof![(1u32..10_000).prop_map(Keep::Days), Just(Keep::Forever)];
        let min_free = prop_oneof![(1u64..).prop_map(MinFree::Bytes), (0.001f64..99.999).prop_map(MinFree::Percent)];
        (
            prop::option::of(keep()),
            prop::collection::btree_map(camera(), keep(), 0..3),
            prop::option::of(1u64..),
            prop::collection::btree_map(camera(), 1u64.., 0..3),
            prop::option::of(min_free),
            (1u32..1000, 0.001f64..=1.0),
        )
            .prop_map(|(keep, cameras, max_size, camera_sizes, min_free, (floor_days, max_share))| Policy {
                keep,
                cameras,
                max_size,
                camera_sizes,
                min_free,
                floor_days,
                max_share,
            })
            .prop_filter("rules that contradict each other", |policy| policy.check().is_ok())
    }

    proptest! {
        #[test]
        fn printed_rules_parse_to_the_same_policy(policy in any_policy()) {
            prop_assert_eq!(Policy::parse(&Rules::from(&policy)).unwrap(), policy);
        }

        /// Nor a rule of the whole archive.
        #[test]
        fn a_restricted_policy_names_no_other_camera(policy in any_policy(), some in any::<bool>()) {
            let cameras: BTreeSet<Camera> = policy.named().filter(|camera| (camera.as_str() < "M") == some).cloned().collect();
            let within = policy.within(&cameras);
            prop_assert!(within.named().all(|camera| cameras.contains(camera)));
            prop_assert_eq!(within.named().collect::<BTreeSet<_>>().len(), cameras.len());
            prop_assert_eq!((within.max_size, within.min_free, within.keep), (None, None, policy.keep));
        }
    }
}
