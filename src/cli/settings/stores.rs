//! The tables `[stores.NAME]` of the configuration file. What their keys mean, and which there are, is up to the crate `store`.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::store::{CopyRule, OptionValue, StoreOptions, StoreUrl};
use crate::{Error, Result};

/// The tables of one file, by the stores' names.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(transparent)]
pub(in super::super) struct StoreTables(BTreeMap<String, BTreeMap<String, TableValue>>);

/// A value of a key.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged, expecting = "expected a text, true or false, or a list of texts")]
enum TableValue {
    Flag(bool),
    Text(String),
    List(Vec<String>),
}

impl From<&TableValue> for OptionValue {
    fn from(value: &TableValue) -> Self {
        match value {
            TableValue::Flag(flag) => Self::Flag(*flag),
            TableValue::Text(text) => Self::Text(text.clone()),
            TableValue::List(list) => Self::List(list.clone()),
        }
    }
}

/// The name of a store that the configuration does not name.
const UNNAMED: &str = "bucket";

/// The store with a URL, to be read: the configured one, for its name, users and credentials, or one of its own.
pub(super) fn bucket(configured: Vec<StoreOptions>, url: &StoreUrl) -> Result<StoreOptions> {
    let found = configured.into_iter().find(|store| store.url == *url);
    let store = match found {
        Some(found) => found,
        None => StoreOptions::new(UNNAMED.parse().map_err(Error::Config)?, url.clone()),
    };
    Ok(StoreOptions { active: true, copy: CopyRule::Off, ..store })
}

impl StoreTables {
    /// The stores that they configure, by name.
    pub(super) fn options(&self) -> Result<Vec<StoreOptions>> {
        let options = |(name, table): (&String, &BTreeMap<String, TableValue>)| {
            let values = table.iter().map(|(key, value)| (key, OptionValue::from(value)));
            StoreOptions::from_values(name, values).map_err(|error| Error::Config(error.to_string()))
        };
        self.0.iter().map(options).collect()
    }
}
