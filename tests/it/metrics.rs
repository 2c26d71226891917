//! `/metrics` of a real daemon: read by a real Prometheus, described by the documentation, and true.

mod guards;
mod requests;
mod scrape;

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::world::{Daemon, PATIENCE, Response, World, event_id, today, wait_for};
use scrape::{Scrape, wait_for_metrics};

fn doc(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("doc").join(name)
}

/// A daemon with all metrics.
fn serve_all_known(world: &World) -> Daemon {
    for days in [4, 3, 2] {
        world.old_event("Camera1", days, "10-00-00");
    }
    let config = world.outside("etc").join("owlery.toml");
    let nas = world.outside("nas");
    fs::write(&config, format!("[stores.nas]\nurl = \"file://{}\"\ncopy = \"complete\"\n", nas.display())).unwrap();
    let config = ["--config", config.to_str().unwrap()];
    let flags = ["--keep-days", "45", "--check-interval", "300ms", "--finish"];
    let daemon = world.serve(&[flags.as_slice(), &config].concat());
    wait_for_metrics(&daemon, "everything known", |scrape| {
        scrape.has("owlery_disk_seconds_until_full")
            && scrape.has("owlery_verify_seconds")
            && scrape.has("owlery_retention_check_timestamp_seconds")
            && scrape.has("owlery_store_waiting_events{store=\"nas\"}")
    });
    daemon
}

/// The metrics that `doc/metrics.md` lists, and their kinds.
fn documented() -> BTreeSet<(String, String)> {
    let text = fs::read_to_string(doc("metrics.md")).unwrap();
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `"));
    let named = rows.filter_map(|row| {
        let (name, rest) = row.split_once('`')?;
        Some((name.to_owned(), rest.split('|').nth(1)?.trim().to_owned()))
    });
    named.collect()
}

/// And no others.
#[test]
fn the_documentation_lists_every_metric() {
    let world = World::new();
    let daemon = serve_all_known(&world);
    let told: BTreeSet<(String, String)> = Scrape::of(&daemon).kinds.into_iter().collect();
    let kind = |(name, kind): (String, String)| {
        let kind = if name.ends_with("_info") { "gauge".to_owned() } else { kind };
        (name, kind)
    };
    assert_eq!(told, documented().into_iter().map(kind).collect());
}

#[test]
fn promtool_accepts_the_metrics() {
    let world = World::new();
    let daemon = serve_all_known(&world);
    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    promtool.stdin.take().unwrap().write_all(Scrape::of(&daemon).text.as_bytes()).unwrap();
    let checked = promtool.wait_with_output().unwrap();
    assert!(checked.status.success() && checked.stderr.is_empty(), "{checked:?}");
}

/// Prometheus accepts `doc/prometheus-alerts.yml`.
#[test]
fn the_alert_rules_fire_when_they_should() {
    let checked = Command::new("promtool").args(["check", "rules"]).arg(doc("prometheus-alerts.yml")).output().unwrap();
    assert!(checked.status.success(), "{checked:?}");
    let stories = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/alerts-test.yml");
    let tested = Command::new("promtool").args(["test", "rules"]).arg(stories).output().unwrap();
    assert!(tested.status.success(), "{tested:?}");
}

/// The metrics that a text asks for, without what a histogram adds to its name.
fn asked_for(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let named = words.filter(|word| word.starts_with("owlery_") || word.starts_with("process_"));
    let bare = |word: &str| {
        let bare = ["_bucket", "_sum", "_count"].into_iter().find_map(|suffix| word.strip_suffix(suffix));
        bare.unwrap_or(word).to_owned()
    };
    named.map(bare).collect()
}

#[test]
fn dashboard_and_alerts_ask_for_what_there_is() {
    let names: BTreeSet<String> = documented().into_iter().map(|(name, _)| name).collect();
    let alerts = fs::read_to_string(doc("prometheus-alerts.yml")).unwrap();
    let asked = asked_for(&alerts);
    assert!(asked.len() > 10 && asked.is_subset(&names), "{:?}", asked.difference(&names));

    let dashboard: Value = serde_json::from_slice(&fs::read(doc("grafana-dashboard.json")).unwrap()).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let rows = panels.iter().filter(|panel| panel["type"] == "row").map(|row| row["title"].as_str().unwrap());
    assert_eq!(rows.collect::<Vec<_>>(), ["Archive", "Retention", "Watch", "HTTP", "Media", "Stores"]);
    assert_eq!(dashboard["templating"]["list"][0]["type"], "datasource");
    let mut ids = BTreeSet::new();
    let mut shown = BTreeSet::new();
    for panel in panels {
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{panel}");
        let targets = panel["targets"].as_array().map_or(&[][..], Vec::as_slice);
        assert!(panel["type"] == "row" || !targets.is_empty(), "{panel}");
        for target in targets {
            assert_eq!(target["datasource"]["uid"], "${datasource}");
            shown.extend(asked_for(target["expr"].as_str().unwrap()));
        }
    }
    assert!(shown.is_subset(&names), "{:?}", shown.difference(&names));
    let left: Vec<&String> = names.difference(&shown).collect();
    assert_eq!(
        left,
        ["owlery_build_info", "owlery_retention_enabled", "owlery_scrape_complete", "process_start_time_seconds"]
    );
}

/// Motion's clock is ahead: the age of the newest event was less than nothing.
#[test]
fn ages_of_events_ahead_are_not_negative() {
    let world = World::new();
    world.event(format!("Camera1/{}/10-00-00", today() + chrono::Days::new(2))).old().make();
    let daemon = world.serve(&[]);
    let has_ages = |scrape: &Scrape| scrape.has("owlery_camera_newest_event_age_seconds{camera=\"Camera1\"}");
    let scrape = wait_for_metrics(&daemon, "ages", has_ages);
    for age in ["newest", "oldest"] {
        assert_eq!(scrape.count(&format!("owlery_camera_{age}_event_age_seconds{{camera=\"Camera1\"}}")), 0);
    }
}

#[test]
fn the_numbers_are_those_of_the_api() {
    let world = World::sample("direct");
    let daemon = world.serve(&["--undo-window", "1d"]);
    let is_measured = |scrape: &Scrape| {
        let mut unmeasured = scrape.series.iter().filter(|(name, _)| name.contains("unmeasured_events"));
        scrape.has("owlery_camera_events{camera=\"Camera1\"}") && unmeasured.all(|(_, count)| *count == 0.0)
    };
    let scrape = wait_for_metrics(&daemon, "everything measured", is_measured);
    let cameras = daemon.get("/api/v1/cameras").json();
    let listed = cameras["cameras"].as_array().unwrap();
    assert_eq!(listed.len(), 2);
    for camera in listed {
        let name = camera["name"].as_str().unwrap();
        let of = |metric: &str| scrape.count(&format!("owlery_camera_{metric}{{camera=\"{name}\"}}"));
        assert_eq!(Some(of("events")), camera["events"].as_u64(), "{name}");
        assert_eq!(Some(of("saved_events")), camera["saved"].as_u64(), "{name}");
        assert_eq!(Some(of("bytes")), camera["bytes"].as_u64(), "{name}");
        assert_eq!(of("day_directories"), 1, "{name}");
        assert!(of("oldest_event_age_seconds") >= of("newest_event_age_seconds"), "{name}");
        assert!(!scrape.has(&format!("owlery_camera_overdue_seconds{{camera=\"{name}\"}}")), "there is no rule of age");
    }
    assert_eq!(Some(scrape.count("owlery_disk_size_bytes")), cameras["forecast"]["disk"]["total"].as_u64());
    let counts =
        ["owlery_ready", "owlery_scrape_complete", "owlery_alerts", "owlery_queue_passes", "owlery_walk_problems"];
    assert_eq!(counts.map(|name| scrape.count(name)), [1, 1, 0, 0, 0]);

    let event = "Camera1/2026-11-21/05-44-39";
    let bytes = daemon.event(event).unwrap()["bytes"].as_u64().unwrap();
    assert_eq!(world.run("delete", &[event]).code, 0);
    let scrape = Scrape::of(&daemon);
    let queue = ["passes", "events", "bytes"].map(|what| scrape.count(&format!("owlery_queue_{what}")));
    assert_eq!(queue, [1, 1, bytes]);
    let deleted = ["passes", "retired_events", "retired_bytes"]
        .map(|what| scrape.count(&format!("owlery_{what}_total{{kind=\"hand\"}}")));
    assert_eq!(deleted, [1, 1, bytes]);
    assert_eq!(scrape.count("owlery_passes_total{kind=\"rule\"}"), 0);
    assert_eq!(scrape.count("owlery_camera_events{camera=\"Camera1\"}"), 3);
}

#[test]
fn removals_are_counted_as_they_happen() {
    let world = World::new();
    world.event(event_id("Camera1", 60, "10-00-00")).frames(5).old().make();
    world.old_event("Camera1", 3, "10-00-00");
    let daemon = world.serve(&["--keep-days", "45", "--max-share", "1"]);
    // Within one scrape the queue is read before the counters.
    let is_done =
        |scrape: &Scrape| scrape.count("owlery_reaped_passes_total") == 1 && scrape.count("owlery_queue_passes") == 0;
    let scrape = wait_for_metrics(&daemon, "it is removed", is_done);
    // Five frames, the movie, the directories of event, day, camera and pass, and the manifest.
    assert_eq!(scrape.count("owlery_reaped_entries_total"), 11, "{}", scrape.text);
    assert!(scrape.count("owlery_reaped_bytes_total") > 700, "{}", scrape.text);
}

#[test]
fn the_delay_of_new_events_is_measured() {
    let world = World::new();
    let daemon = world.serve(&[]);
    let of = |scrape: &Scrape, since: &str, what: &str| {
        scrape.value(&format!("owlery_visible_after_{since}_seconds_{what}"))
    };
    let before = Scrape::of(&daemon);
    assert!(before.has("owlery_watch_mode{mode=\"notify\"}"));
    world.event(event_id("Camera1", 0, "10-00-00")).make();
    world.event(event_id("Camera1", 0, "10-01-00")).make();
    let scrape = wait_for_metrics(&daemon, "both delays", |scrape| {
        ["notice", "change"].iter().all(|since| of(scrape, since, "count") > 0.0)
    });
    for since in ["notice", "change"] {
        let (sum, count) = (of(&scrape, since, "sum"), of(&scrape, since, "count"));
        assert!(sum > 0.0 && sum < count * PATIENCE.as_secs_f64(), "{since}: {sum} s for {count}");
        let all = scrape.value(&format!("owlery_visible_after_{since}_seconds_bucket{{le=\"+Inf\"}}"));
        assert!((all - count).abs() < 0.5, "{since}: {all} of {count}");
    }
    assert!(daemon.event(&event_id("Camera1", 0, "10-00-00")).is_some(), "what is counted can be seen");
    wait_for_metrics(&daemon, "all looked at", |scrape| scrape.count("owlery_watch_dirty_directories") == 0);
}

/// Without notifications the delay is measured from the directory's modification time.
#[test]
fn polling_measures_the_delay_by_file_times() {
    let world = World::new();
    world.old_event("Camera1", 0, "09-00-00");
    let daemon = world.serve(&["--poll", "100ms"]);
    world.event(event_id("Camera1", 0, "10-00-00")).make();
    let scrape =
        wait_for_metrics(&daemon, "a delay", |scrape| scrape.count("owlery_visible_after_change_seconds_count") > 0);
    assert_eq!(scrape.count("owlery_visible_after_notice_seconds_count"), 0);
    let modes = ["notify", "poll"].map(|mode| scrape.count(&format!("owlery_watch_mode{{mode=\"{mode}\"}}")));
    assert_eq!(modes, [0, 1]);
}

#[test]
fn a_missing_root_keeps_known_metrics() {
    let world = World::sample("direct");
    let daemon = world.serve(&["--check-interval", "100ms"]);
    let away = world.root.with_extension("away");
    fs::rename(&world.root, &away).unwrap();
    let scrape = wait_for_metrics(&daemon, "trouble", |scrape| {
        scrape.count("owlery_part_trouble{part=\"watch\"}") == 1 && !scrape.has("owlery_disk_size_bytes")
    });
    assert_eq!(scrape.count("owlery_ready"), 0);
    assert_eq!(scrape.count("owlery_camera_events{camera=\"Camera1\"}"), 4, "the catalog is still there");
    assert!(!scrape.has("owlery_queue_passes"), "{}", scrape.text);
    assert_eq!(scrape.count("owlery_scrape_complete"), 0);
    fs::rename(&away, &world.root).unwrap();
    wait_for_metrics(&daemon, "all well", |scrape| {
        scrape.count("owlery_ready") == 1 && scrape.count("owlery_scrape_complete") == 1
    });
}

/// A Prometheus that scrapes a daemon; ended when dropped.
struct Prometheus {
    child: Child,
    address: String,
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Prometheus {
    fn start(world: &World, daemon: &Daemon) -> Self {
        let folder = world.outside("prometheus");
        let scrape = format!("[{{targets: [\"{}\"]}}]", daemon.address);
        let config = format!(
            "global: {{scrape_interval: 1s, scrape_timeout: 1s}}\nrule_files: [\"{}\"]\n\
             scrape_configs: [{{job_name: owlery, static_configs: {scrape}}}]\n",
            doc("prometheus-alerts.yml").display()
        );
        fs::write(folder.join("prometheus.yml"), config).unwrap();
        // A port that is free now; it says no address that it has chosen itself.
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", folder.join("prometheus.yml").display()))
            .arg(format!("--storage.tsdb.path={}", folder.join("data").display()))
            .arg(format!("--web.listen-address={address}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(folder.join("log")).unwrap())
            .spawn()
            .unwrap();
        Self { child, address }
    }

    /// The value of the first series that a query finds, once there is one.
    fn query(&self, query: &str) -> Option<f64> {
        let mut stream = TcpStream::connect(&self.address).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let head = format!("GET /api/v1/query?query={query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).ok()?;
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut stream, &mut bytes).ok()?;
        let answer = Response::parse(&bytes);
        (answer.status == 200).then(|| answer.json())?["data"]["result"][0]["value"][1].as_str()?.parse().ok()
    }
}

#[test]
fn a_real_prometheus_scrapes_it() {
    let world = World::sample("direct");
    let daemon = world.serve(&[]);
    let prometheus = Prometheus::start(&world, &daemon);
    let up = wait_for("a scrape", || prometheus.query("up").filter(|up| *up > 0.0));
    assert!((up - 1.0).abs() < f64::EPSILON);
    let events = wait_for("events", || prometheus.query("sum(owlery_camera_events)"));
    assert!((events - 5.0).abs() < f64::EPSILON, "{events}");
    let scrapes = wait_for("a second scrape", || prometheus.query("owlery_http_requests_total{route=%22/metrics%22}"));
    assert!(scrapes >= 1.0, "{scrapes}");
    let bucket = "owlery_visible_after_notice_seconds_bucket{le=%22%2BInf%22}";
    assert!(wait_for("a histogram", || prometheus.query(bucket)) < 0.5, "nothing happened");
}
