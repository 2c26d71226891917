//! What lies in a folder of a store, sorted, and its pages.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use object_store::path::Path;

use crate::client::Client;
use crate::error::Result;

/// The longest path of a folder, in bytes. S3 has no longer key.
const MAX_LENGTH: usize = 1024;

/// A folder of a store, below the store's prefix: parts between slashes; without any it is the root. No part is empty, `.` or
/// `..`, or has a control character or a backslash.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Folder(Box<str>);

/// What lies directly in a folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// The names of its folders, in the order of their bytes.
    pub folders: Vec<String>,
    /// Its objects, in the order of the bytes of their names.
    pub objects: Vec<Object>,
}

/// An object of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its name in the folder.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// When it was written last, as the store says.
    pub modified: DateTime<Utc>,
}

/// A part of a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page<'a> {
    /// The folders of the page, which come before all objects.
    pub folders: &'a [String],
    /// The objects of the page.
    pub objects: &'a [Object],
    /// Whether the listing has more after this page.
    pub has_more: bool,
}

impl Folder {
    /// Its path below the store's prefix, without slashes at its ends; empty for the root.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Folder {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_plain = |part: &str| {
            !matches!(part, "" | "." | "..") && !part.chars().any(|char| char.is_control() || char == '\\')
        };
        if text.is_empty() || (text.len() <= MAX_LENGTH && text.split('/').all(is_plain)) {
            return Ok(Self(text.into()));
        }
        Err(format!(
            "{text:?} is no folder of a store: write its names with / between them, such as host/camera, without .."
        ))
    }
}

impl fmt::Display for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Client {
    /// What lies directly in a folder. A folder that does not exist is an empty one: a store knows no folders, only keys.
    ///
    /// # Errors
    /// The store is out of reach, or refuses.
    pub async fn browse(&self, folder: &Folder) -> Result<Listing> {
        // A checked folder is a valid path. `Path::from` would encode it, and find nothing.
        let below = Path::parse(folder.as_str()).map_err(|error| self.wrong(&Path::default(), error.to_string()))?;
        let whole: Path = self.prefix().parts().chain(below.parts()).collect();
        let found = self.list_folder(&whole).await?;
        let name = |path: &Path| path.filename().map(str::to_owned);
        let objects = found.objects.into_iter().filter_map(|object| {
            Some(Object { name: name(&object.location)?, bytes: object.size, modified: object.last_modified })
        });
        Ok(Listing::new(found.common_prefixes.iter().filter_map(name).collect(), objects.collect()))
    }
}

impl Listing {
    /// A listing of names in any order.
    pub fn new(mut folders: Vec<String>, mut objects: Vec<Object>) -> Self {
        folders.sort_unstable();
        objects.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        Self { folders, objects }
    }

    /// At most `limit` entries after a token of [`Page::next`], or from the beginning. A token whose entry is gone is valid.
    pub fn page(&self, after: Option<&str>, limit: usize) -> Page<'_> {
        let folders_before = |name: &str| self.folders.partition_point(|folder| folder.as_str() <= name);
        let objects_before = |name: &str| self.objects.partition_point(|object| object.name.as_str() <= name);
        let (first_folder, first_object) = match after {
            None => (0, 0),
            Some(token) => match token.strip_suffix('/') {
                Some(folder) => (folders_before(folder), 0),
                None => (self.folders.len(), objects_before(token)),
            },
        };
        let folders = self.folders.get(first_folder..).unwrap_or_default();
        let objects = self.objects.get(first_object..).unwrap_or_default();
        let of_folders = folders.len().min(limit);
        let of_objects = objects.len().min(limit - of_folders);
        Page {
            folders: folders.get(..of_folders).unwrap_or_default(),
            objects: objects.get(..of_objects).unwrap_or_default(),
            has_more: of_folders < folders.len() || of_objects < objects.len(),
        }
    }
}

impl Page<'_> {
    /// The token of the next page: the last name of this one, with a slash if it is a folder. `None` after the last page.
    pub fn next(&self) -> Option<String> {
        let last = || match (self.objects.last(), self.folders.last()) {
            (Some(object), _) => Some(object.name.clone()),
            (None, folder) => folder.map(|folder| format!("{folder}/")),
        };
        self.has_more.then(last).flatten()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use object_store::memory::InMemory;
    use object_store::{ObjectStore, ObjectStoreExt};
    use proptest::prelude::*;

    use super::*;

    fn folder(text: &str) -> Folder {
        text.parse().unwrap()
    }

    fn object(name: &str) -> Object {
        Object { name: name.into(), bytes: 1, modified: DateTime::UNIX_EPOCH }
    }

    fn listing(folders: &[&str], objects: &[&str]) -> Listing {
        let folders = folders.iter().map(ToString::to_string).collect();
        Listing::new(folders, objects.iter().map(|name| object(name)).collect())
    }

    #[test]
    fn only_plain_folders_are_accepted() {
        for good in ["", "a", "host/camera 1/2026-11-29", "ä", "a%2e.b"] {
            assert_eq!(folder(good).to_string(), good);
        }
        let long = "x".repeat(MAX_LENGTH + 1);
        for bad in ["/", "/a", "a/", "a//b", ".", "..", "a/../b", "a/.", "a\nb", "a\0", "a\u{85}", "a\\b", &long] {
            assert!(bad.parse::<Folder>().is_err(), "{bad:?}");
        }
    }

    #[tokio::test]
    async fn a_folder_is_listed_below_the_prefix() {
        let memory = Arc::new(InMemory::new());
        for key in [
            "p/host/b/1",
            "p/host/a/2",
            "p/host/z",
            "p/host/y",
            "p/other",
            "host/wrong",
            "p/hostile/x",
            "p/host/50% ä/3",
        ] {
            memory.put(&Path::parse(key).unwrap(), "12".into()).await.unwrap();
        }
        let store: Arc<dyn ObjectStore> = memory;
        let client = Client::new("nas".parse().unwrap(), Arc::clone(&store), Path::from("p"));
        let found = client.browse(&folder("host")).await.unwrap();
        assert_eq!(found.folders, ["50% ä", "a", "b"]);
        let names: Vec<_> = found.objects.iter().map(|object| (object.name.as_str(), object.bytes)).collect();
        assert_eq!(names, [("y", 2), ("z", 2)]);
        assert_eq!(client.browse(&folder("")).await.unwrap().folders, ["host", "hostile"]);
        assert_eq!(client.browse(&folder("host/50% ä")).await.unwrap().objects.len(), 1);
        assert_eq!(client.browse(&folder("none")).await.unwrap(), Listing::default());
        let whole = Client::new("nas".parse().unwrap(), store, Path::default());
        assert_eq!(whole.browse(&folder("")).await.unwrap().folders, ["host", "p"]);
    }

    #[test]
    fn pages_go_on_where_the_last_one_ended() {
        let all = listing(&["b", "a"], &["b", "a", "c"]);
        let first = all.page(None, 1);
        assert_eq!(
            (first.folders, first.objects.len(), first.next().unwrap().as_str()),
            (&["a".to_owned()][..], 0, "a/")
        );
        let second = all.page(Some("a/"), 2);
        assert_eq!(
            (second.folders.len(), second.objects[0].name.as_str(), second.next().as_deref()),
            (1, "a", Some("a"))
        );
        let last = all.page(Some("a"), 2);
        assert_eq!((last.folders.len(), last.objects.len(), last.next()), (0, 2, None));
        assert_eq!(all.page(Some("aa/"), 1).folders, ["b"], "the folder of the token is gone");
        assert_eq!(all.page(Some("zz"), 9).next(), None);
        let none = all.page(None, 0);
        assert_eq!((none.has_more, none.next()), (true, None));
        assert_eq!(Listing::default().page(None, 5).next(), None);
    }

    proptest! {
        #[test]
        fn pages_have_each_entry_once(
            folders in proptest::collection::btree_set("[ab]{1,3}", 0..8),
            objects in proptest::collection::btree_set("[ab]{1,3}", 0..8),
            limit in 1_usize..5,
        ) {
            let all = Listing::new(folders.into_iter().collect(), objects.iter().map(|name| object(name)).collect());
            let (mut seen, mut after) = (Listing::default(), None);
            loop {
                let page = all.page(after.as_deref(), limit);
                prop_assert!(page.folders.len() + page.objects.len() <= limit);
                seen.folders.extend_from_slice(page.folders);
                seen.objects.extend_from_slice(page.objects);
                after = page.next();
                if after.is_none() {
                    break;
                }
            }
            prop_assert_eq!(seen, all);
        }
    }
}
