//! The parsed result of a scrape.

use std::collections::BTreeMap;

use crate::world::{Daemon, wait_for};

/// The metrics of one moment.
#[derive(Debug)]
pub struct Scrape {
    pub text: String,
    /// Every metric that was described, and its kind.
    pub kinds: BTreeMap<String, String>,
    /// Every series as it is written, `name{label="value"}`, and its value.
    pub series: BTreeMap<String, f64>,
}

impl Scrape {
    /// Asks a daemon.
    pub fn of(daemon: &Daemon) -> Self {
        let response = daemon.get("/metrics");
        assert_eq!(response.status, 200, "{}", response.text());
        assert_eq!(response.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
        Self::parse(response.text())
    }

    pub fn parse(text: String) -> Self {
        let (mut kinds, mut series) = (BTreeMap::new(), BTreeMap::new());
        for line in text.lines() {
            if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|line| line.split_once(' ')) {
                assert_eq!(kinds.insert(name.to_owned(), kind.to_owned()), None, "{name} is described once");
            } else if !line.starts_with('#') {
                let (name, value) = line.rsplit_once(' ').unwrap();
                assert_eq!(series.insert(name.to_owned(), value.parse().unwrap()), None, "{name} is there once");
            }
        }
        Self { text, kinds, series }
    }

    /// The value of a series; panics if there is none.
    pub fn value(&self, series: &str) -> f64 {
        *self.series.get(series).unwrap_or_else(|| panic!("there is no {series} in {}", self.text))
    }

    /// The same as a whole number.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::float_cmp)]
    pub fn count(&self, series: &str) -> u64 {
        let value = self.value(series);
        assert!(value >= 0.0 && value.trunc() == value, "{series} {value}");
        value as u64
    }

    pub fn has(&self, series: &str) -> bool {
        self.series.contains_key(series)
    }

    /// The guards that hold something back.
    pub fn holding(&self) -> Vec<&str> {
        let guards = self.series.iter().filter(|(_, value)| **value > 0.0);
        guards.filter_map(|(name, _)| name.strip_prefix("owlery_guard_holding{guard=\"")?.strip_suffix("\"}")).collect()
    }

    /// Refusals of a guard.
    pub fn refusals(&self, guard: &str) -> u64 {
        self.count(&format!("owlery_refusals_total{{guard=\"{guard}\"}}"))
    }
}

/// Waits until `check` is true of the metrics.
pub fn wait_for_metrics(daemon: &Daemon, what: &str, check: impl Fn(&Scrape) -> bool) -> Scrape {
    wait_for(what, || Some(Scrape::of(daemon)).filter(&check))
}
