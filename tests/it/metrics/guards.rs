//! Each guard that a test can make hold: its name is shown while it holds, and each of its refusals is counted.

use std::fs;

use super::scrape::{Scrape, wait_for_metrics};
use crate::clock::faked;
use crate::world::{Daemon, Disk, World, event_id};

const OFTEN: [&str; 4] = ["--keep-days", "45", "--check-interval", "200ms"];

/// An archive of which a rule of 45 days takes one day of four.
fn mostly_fresh(camera: &str) -> World {
    let world = World::empty();
    for days in [60, 5, 4, 3] {
        world.old_event(camera, days, "10-00-00");
    }
    world
}

/// Waits until this guard and no other holds, and has refused more than once.
fn wait_until_held(daemon: &Daemon, guard: &str) -> Scrape {
    let scrape = wait_for_metrics(daemon, guard, |scrape| scrape.holding() == [guard] && scrape.refusals(guard) > 1);
    for other in scrape.series.keys().filter(|name| name.starts_with("owlery_refusals_total{")) {
        assert!(other.contains(guard) || scrape.value(other) == 0.0, "{other} is not at 0: {}", scrape.text);
    }
    scrape
}

#[test]
fn every_guard_starts_at_zero() {
    let world = mostly_fresh("Camera1");
    let daemon = world.serve(&OFTEN);
    let scrape = wait_for_metrics(&daemon, "a pass", |scrape| scrape.count("owlery_passes_total{kind=\"rule\"}") == 1);
    assert!(scrape.holding().is_empty());
    let of = |metric: &str| scrape.series.keys().filter(|name| name.starts_with(metric)).count();
    assert_eq!((of("owlery_refusals_total{"), of("owlery_guard_holding{")), (11, 11));
    for guard in ["configuration", "clock", "restored", "share", "marker", "disk", "today", "saved", "open", "reaping"]
    {
        assert_eq!(scrape.refusals(guard), 0, "{guard}");
    }
    assert_eq!(scrape.count("owlery_retired_events_total{kind=\"rule\"}"), 1);
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn share() {
    let world = World::new();
    world.old_event("Camera1", 60, "10-00-00");
    let daemon = world.serve(&OFTEN);
    let scrape = wait_until_held(&daemon, "share");
    assert_eq!(scrape.count("owlery_passes_total{kind=\"rule\"}"), 0);
    assert!(scrape.count("owlery_retention_check_timestamp_seconds") > 1_700_000_000, "refused is gone by too");
    assert!(scrape.value("owlery_camera_overdue_seconds{camera=\"Camera1\"}") >= 14.0 * 86_400.0);

    let held = world.run("plan", &["--json"]).json()["held"]["message"].as_str().unwrap().to_owned();
    let confirmed = world.run("expire", &["--confirm", held.rsplit(' ').next().unwrap()]);
    assert_eq!(confirmed.code, 0, "{confirmed:?}");
    let scrape = wait_for_metrics(&daemon, "it is let go", |scrape| scrape.holding().is_empty());
    assert_eq!(scrape.count("owlery_passes_total{kind=\"hand\"}"), 1);
    assert_eq!(scrape.count("owlery_camera_overdue_seconds{camera=\"Camera1\"}"), 0);
}

#[test]
fn configuration() {
    let world = mostly_fresh("Camera1");
    let daemon = world.serve(&["--keep-days", "Camera9=3", "--check-interval", "200ms"]);
    wait_until_held(&daemon, "configuration");
    assert_eq!(world.list().len(), 4);
}

#[test]
fn clock() {
    let world = mostly_fresh("Camera1");
    assert_eq!(world.run("scan", &[]).code, 0);
    let flags = ["--listen", "127.0.0.1:0", "--keep-days", "45", "--check-interval", "200ms", "--max-share", "1"];
    let mut command = faked(world.command("serve", flags));
    command.env("FAKETIME", "+400d");
    let daemon = Daemon::start(command);
    wait_until_held(&daemon, "clock");
    assert_eq!(world.tree().iter().filter(|path| path.ends_with("10-00-00")).count(), 4);
}

#[test]
fn marker() {
    let world = World::new();
    world.old_event("Camera1", 60, "10-00-00");
    // The reconcile misses the marker too, and then no pass is begun at all: so it does not come.
    let daemon = world.serve(&["--keep-days", "45", "--check-interval", "1h"]);
    wait_for_metrics(&daemon, "share", |scrape| scrape.holding() == ["share"]);
    let held = world.run("plan", &["--json"]).json()["held"]["message"].as_str().unwrap().to_owned();
    let (marker, away) = (world.path(".owlery/archive.json"), world.path(".owlery/away.json"));
    fs::rename(&marker, &away).unwrap();
    wait_for_metrics(&daemon, "both", |scrape| scrape.holding() == ["marker", "share"]);
    let confirmed = world.run("expire", &["--confirm", held.rsplit(' ').next().unwrap()]);
    assert_eq!(confirmed.code, 3, "{confirmed:?}");
    assert_eq!(Scrape::of(&daemon).refusals("marker"), 1);
    fs::rename(&away, &marker).unwrap();
    wait_for_metrics(&daemon, "it is back", |scrape| scrape.holding() == ["share"]);
}

#[test]
fn disk() {
    let world = World::new();
    let _disk = Disk::mount(world.path("Camera2"), "4M");
    world.old_event("Camera2", 3, "10-00-00");
    let daemon = world.serve(&["--keep-days", "45", "--max-share", "1", "--check-interval", "200ms"]);
    let _other = Disk::mount(world.path("Camera2"), "4M");
    world.old_event("Camera2", 60, "10-00-00");
    wait_until_held(&daemon, "disk");
}

/// They hold no pass.
#[test]
fn refused_requests_are_counted() {
    let world = mostly_fresh("Camera1");
    let daemon = world.serve(&[]);
    let id = event_id("Camera1", 5, "10-00-00");
    assert_eq!(world.run("save", &[&id]).code, 0);
    assert_eq!(world.run("delete", &[&id]).code, 3);
    assert_eq!(world.run("expire", &["--confirm", "0123456789abcdef"]).code, 3);
    let scrape = Scrape::of(&daemon);
    assert_eq!((scrape.refusals("saved"), scrape.refusals("confirmation")), (1, 1));
    assert!(scrape.holding().is_empty());
    assert_eq!(scrape.count("owlery_retention_enabled"), 0);
}
