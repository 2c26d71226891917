//! Writing metrics: each family with its help, and none without a value. `prometheus-client` writes OpenMetrics; [`classic`] converts it
//! to the older text format.

use std::fmt::{Result, Write};

use prometheus_client::encoding::{DescriptorEncoder, EncodeGaugeValue, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;

use crate::engine::HistogramSnapshot;

/// Labels: names and values.
pub(super) type Labels<'a, const N: usize> = [(&'static str, &'a str); N];

/// The output of a scrape.
pub(super) struct Exposition<'a>(pub DescriptorEncoder<'a>);

impl Exposition<'_> {
    /// A gauge.
    pub(super) fn gauge(&mut self, name: &str, help: &str, value: impl EncodeGaugeValue) -> Result {
        self.gauges(name, help, [([], value)])
    }

    /// A gauge, left out without a value.
    pub(super) fn gauge_if_known(&mut self, name: &str, help: &str, value: Option<impl EncodeGaugeValue>) -> Result {
        self.gauges(name, help, value.map(|value| ([], value)))
    }

    /// A gauge with labels.
    #[allow(clippy::redundant_closure_for_method_calls)] // the method alone is of one lifetime
    pub(super) fn gauges<'l, const N: usize, V: EncodeGaugeValue>(
        &mut self,
        name: &str,
        help: &str,
        rows: impl IntoIterator<Item = (Labels<'l, N>, V)>,
    ) -> Result {
        self.family(name, help, MetricType::Gauge, rows, |encoder, value| encoder.encode_gauge(value))
    }

    /// A counter; its name gets `_total`.
    pub(super) fn counter(&mut self, name: &str, help: &str, value: u64) -> Result {
        self.counters(name, help, [([], value)])
    }

    /// A counter with labels.
    pub(super) fn counters<'l, const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        rows: impl IntoIterator<Item = (Labels<'l, N>, u64)>,
    ) -> Result {
        self.family(name, help, MetricType::Counter, rows, |encoder, value| {
            encoder.encode_counter::<NoLabelSet, _, f64>(value, None)
        })
    }

    /// A counter of seconds; its name gets `_total`.
    pub(super) fn seconds_counter(&mut self, name: &str, help: &str, value: f64) -> Result {
        self.family(name, help, MetricType::Counter, [([], value)], |encoder, value| {
            encoder.encode_counter::<NoLabelSet, _, f64>(value, None)
        })
    }

    /// A histogram with labels.
    pub(super) fn histograms<'l, const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        rows: impl IntoIterator<Item = (Labels<'l, N>, HistogramSnapshot)>,
    ) -> Result {
        self.family(name, help, MetricType::Histogram, rows, |encoder, HistogramSnapshot { sum, buckets }| {
            let count = buckets.iter().map(|(_, count)| count).sum();
            encoder.encode_histogram::<NoLabelSet>(*sum, count, buckets, None)
        })
    }

    /// An info, whose value is always 1; its name gets `_info`.
    pub(super) fn info<const N: usize>(&mut self, name: &str, help: &str, labels: Labels<'_, N>) -> Result {
        self.0.encode_descriptor(name, help, None, MetricType::Info)?.encode_info(&labels)
    }

    fn family<'l, const N: usize, V>(
        &mut self,
        name: &str,
        help: &str,
        kind: MetricType,
        rows: impl IntoIterator<Item = (Labels<'l, N>, V)>,
        encode: impl Fn(&mut MetricEncoder<'_>, &V) -> Result,
    ) -> Result {
        let mut rows = rows.into_iter().peekable();
        if rows.peek().is_none() {
            return Ok(());
        }
        let mut encoder = self.0.encode_descriptor(name, help, None, kind)?;
        for (labels, value) in rows {
            if N == 0 {
                encode(&mut encoder, &value)?;
            } else {
                encode(&mut encoder.encode_family(&labels)?, &value)?;
            }
        }
        Ok(())
    }
}

/// Converts OpenMetrics to the text format 0.0.4, where `HELP` and `TYPE` of counters and infos have the suffix too.
pub(super) fn classic(open: &str) -> std::result::Result<String, std::fmt::Error> {
    let mut text = String::with_capacity(open.len() + 1024);
    let mut help = None;
    for line in open.lines() {
        if let Some(described) = line.strip_prefix("# HELP ") {
            help = described.split_once(' ');
        } else if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|typed| typed.split_once(' ')) {
            let (suffix, kind) = match kind {
                "counter" => ("_total", kind),
                "info" => ("_info", "gauge"),
                _ => ("", kind),
            };
            if let Some((_, help)) = help.take() {
                writeln!(text, "# HELP {name}{suffix} {help}")?;
            }
            writeln!(text, "# TYPE {name}{suffix} {kind}")?;
        } else if !line.starts_with("# ") {
            text.push_str(line);
            text.push('\n');
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_and_type_lines_get_the_suffix() {
        let open = "# HELP a Things.\n# TYPE a counter\na_total{b=\"# c\"} 1\n# HELP d Us.\n# TYPE d info\nd_info{v=\"1\"} 1\n\
                    # HELP e Now.\n# TYPE e gauge\ne 2\n# EOF\n";
        let text = "# HELP a_total Things.\n# TYPE a_total counter\na_total{b=\"# c\"} 1\n# HELP d_info Us.\n\
                    # TYPE d_info gauge\nd_info{v=\"1\"} 1\n# HELP e Now.\n# TYPE e gauge\ne 2\n";
        assert_eq!(classic(open).unwrap(), text);
    }
}
