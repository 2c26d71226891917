//! Motion masks of real frames, and the search for a region: what each version of Motion recorded, computed apart from
//! this program from the frames' EXIF data.

use std::fs;
use std::time::Duration;

use owlery::{Archive, Depth, Options, Progress, Query};
use serde_json::json;

use crate::http::serve_measured;
use crate::world::{World, event_id, wait_until};

/// An event and its mask.
type Masked = (&'static str, &'static str);

/// The events of `direct` and their masks.
const DIRECT: [Masked; 5] = [
    ("Camera1/2026-11-21/05-44-39", "ffffffffffffffff"),
    ("Camera1/2026-11-21/05-44-52", "3c7e7effffffff00"),
    ("Camera1/2026-11-21/05-45-07", "c7efff7cfcf8f000"),
    ("Camera1/2026-11-21/05-45-26", "383878f8ffff0f00"),
    ("Camera2/2026-11-21/05-45-29", "c7c7e7f670783800"),
];

/// The events of an archive and their masks, after a walk of this depth into a temporary catalog.
fn masks(world: &World, depth: Depth) -> Vec<(String, String)> {
    let open = Archive::open(Options::new(&world.root)).unwrap().open_aside().unwrap();
    open.preload(depth, &Progress::default()).unwrap();
    let events = open.handle().events(&Query::new().limit(1000)).unwrap().events;
    let mask = |event: &owlery::Event| event.details.motion_mask.map_or_else(String::new, |mask| mask.to_string());
    let mut masks: Vec<(String, String)> = events.iter().map(|event| (event.id.to_string(), mask(event))).collect();
    masks.sort();
    masks
}

fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(id, mask)| ((*id).to_owned(), (*mask).to_owned())).collect()
}

/// Motion 4.5.1, 4.7.1, 5.0.0, and 4.5.1 under motionEye, which writes no description: the tag `SubjectArea` is enough.
#[test]
fn masks_of_every_motion_version_are_right() {
    let day = "2026-11-28";
    let samples: [(&str, &str, &[Masked]); 5] = [
        ("motion-4.5.1-sample", "direct", &[]),
        (
            "versions/motion-4.7.1-direct",
            "motion-4.7.1-direct",
            &[("Camera1 13-17-34", "c7efff7c7c787000"), ("Camera2 13-17-36", "38383c7ef7e7e700")],
        ),
        (
            "versions/motion-5.0.0-direct",
            "motion-5.0.0-direct",
            &[
                ("Camera1 12-53-32", "3c7cfcfcffffff0f"),
                ("Camera1 12-54-00", "effffffefefcf8e0"),
                ("Camera2 12-53-36", "e7e7f7f7f8787878"),
            ],
        ),
        (
            "versions/motion-5.0.0-pictures",
            "motion-5.0.0-pictures",
            &[
                ("CameraBest 12-59-57", "0000383838000000"),
                ("CameraCenter 12-59-57", "0000383838000000"),
                ("CameraFirst 13-00-00", "0006060600000000"),
                ("CameraNoMovie 13-00-01", "c7e7f7f6f8787878"),
                ("CameraRoi 13-25-09", "0000383838000000"),
            ],
        ),
        (
            "versions/motioneye-0.44.0-direct",
            "motioneye-0.44.0-direct/media",
            &[("Camera1 13-29-48", "ffffffffffffffff")],
        ),
    ];
    for (sample, part, expected) in samples {
        let mut found = masks(&World::unpacked(sample, part), Depth::Full);
        let mut expected = owned(expected);
        for (id, _) in &mut expected {
            *id = id.replace(' ', &format!("/{day}/"));
        }
        if part == "direct" {
            expected = owned(&DIRECT);
        }
        // Events of webp pictures and of movies alone have no mask.
        found.retain(|(_, mask)| !mask.is_empty());
        assert_eq!(found, expected, "{sample}");
    }
}

/// A catalog that is built anew takes the masks from the sidecars and reads no frame.
#[test]
fn own_sidecars_keep_the_masks() {
    let world = World::sample("direct");
    let ran = world.run("scan", &["--measure", "--sidecars", "all"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    fs::remove_dir_all(world.path(".owlery")).unwrap();
    assert_eq!(masks(&world, Depth::NamesOnly), owned(&DIRECT));
    // A sidecar of an earlier version has none; measuring finds it.
    let path = world.path(DIRECT[0].0).join(".details.json");
    let mut sidecar: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    assert_eq!(sidecar["owlery"]["motion_mask"], DIRECT[0].1);
    sidecar["owlery"].as_object_mut().unwrap().remove("motion_mask");
    fs::write(&path, sidecar.to_string()).unwrap();
    assert_eq!(masks(&world, Depth::NamesOnly)[0].1, "");
    assert_eq!(masks(&world, Depth::Full), owned(&DIRECT));
}

/// Without a daemon it measures what is new first; beside one it uses the daemon's catalog, whose view shows the masks.
#[test]
fn list_searches_a_region() {
    let world = World::sample("direct");
    let ids = |flags: &[&str]| -> Vec<String> {
        let ran = world.run("list", &[&["--json"], flags].concat());
        assert_eq!(ran.code, 0, "{ran:?}");
        ran.json()["events"].as_array().unwrap().iter().map(|event| event["id"].as_str().unwrap().to_owned()).collect()
    };
    let found = ["Camera2/2026-11-21/05-45-29", "Camera1/2026-11-21/05-45-07", "Camera1/2026-11-21/05-44-39"];
    assert_eq!(ids(&["--region", "0,0,0.125,0.125"]), found);
    assert!(!world.has(".owlery"), "listing leaves nothing behind");
    let daemon = serve_measured(&world, &[]);
    assert_eq!(ids(&["--region", "0,0,0.125,0.125"]), found);
    assert_eq!(ids(&["--region", "0,0,0.125,0.125", "--camera", "Camera1", "--order", "asc"]), [found[2], found[1]]);
    let more = world.run("list", &["--region", "0,0,0.125,0.125", "--limit", "1"]);
    assert!(more.stdout.contains("--region 0,0,0.125,0.125"), "the command for the next page: {more:?}");
    let catalog = rusqlite::Connection::open(world.path(".owlery/catalog.db")).unwrap();
    let mut view = catalog.prepare("SELECT id, motion_mask FROM event ORDER BY id").unwrap();
    let rows = view.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    assert_eq!(rows.map(Result::unwrap).collect::<Vec<(String, String)>>(), owned(&DIRECT));
    assert_eq!(daemon.stop(), 0);
    for bad in ["", "0,0,1", "0,0,2,1", "0.5,0,0.25,1", "a,b,c,d"] {
        let ran = world.run("list", &["--region", bad]);
        assert!(ran.code == 2 && ran.stderr.contains("--region"), "{bad:?}: {ran:?}");
    }
}

/// Frames that are not Motion's, and none at all, give no mask; such events are in no region.
#[test]
fn events_without_motion_data_are_in_no_region() {
    let world = World::new();
    world.event("Camera1/2025-03-01/10-00-00").frames(0).old().make();
    world.event("Camera1/2025-03-01/11-00-00").file("11-00-00-00.jpg", "not a picture").old().make();
    let daemon = serve_measured(&world, &[]);
    let page = daemon.get("/api/v1/events?region=0,0,1,1");
    assert_eq!((page.status, page.json()), (200, json!({"events": [], "next": null})));
    assert_eq!(daemon.events().len(), 2);
    assert_eq!(daemon.stop(), 0);
}

/// An event that was open when the daemon stopped is read to its frames once it is over, also if nothing changed since.
#[test]
fn events_left_open_are_read_after_a_restart() {
    let sample = World::sample("direct");
    let world = World::new();
    let id = event_id("Camera1", 0, "00-00-01");
    let dir = world.path(&id);
    fs::create_dir_all(&dir).unwrap();
    for entry in fs::read_dir(sample.path(DIRECT[0].0)).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_file() {
            fs::write(dir.join(entry.file_name()), fs::read(entry.path()).unwrap()).unwrap();
        }
    }
    let flags = ["--event-gap", "6s", "--sidecars", "off"];
    let daemon = world.serve(&flags);
    daemon.wait_for_event(&id, "is open", |event| event["state"] == "open" && !event["bytes"].is_null());
    assert_eq!(daemon.stop(), 0);
    let age = || dir.metadata().unwrap().modified().unwrap().elapsed().unwrap_or_default();
    wait_until("it is over", || age() > Duration::from_secs(10));
    let daemon = world.serve(&flags);
    let event = daemon.wait_for_event(&id, "is read", |event| !event["peak_change"].is_null());
    assert_eq!(event["state"], "complete");
}
