//! `owlery serve URL`: what lost hosts have copied is listed from a folder and from a real S3 server, each event once; a store that goes away
//! comes back; damaged objects hide no others; and what makes no sense there is refused.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::s3_server::{OWNER, S3Server};
use crate::world::{Daemon, Ran, World, days_ago, event_id, program, wait_until};

/// The events that each host makes: camera, days ago, name.
const EVENTS: [(&str, u64, &str); 9] = [
    ("Camera1", 50, "10-00-00"),
    ("Camera1", 50, "11-00-00"),
    ("Camera1", 51, "23-59-58"),
    ("Camera1", 52, "00-00-01"),
    ("Camera1", 60, "10-00-00"),
    ("Camera2", 50, "10-00-00"),
    ("Camera2", 51, "12-00-00"),
    ("Camera2", 300, "09-00-00"),
    ("Camera2", 300, "09-30-00"),
];

/// Copies the events of a host to a store, and loses its disk. The first event is saved.
fn copy_and_lose(url: &str, host: &str) {
    let world = World::new();
    for (nth, (camera, days, name)) in EVENTS.into_iter().enumerate() {
        let event = world.event(event_id(camera, days, name)).old();
        if nth == 0 {
            event.saved().make()
        } else {
            event.make()
        };
    }
    let file = world.outside("etc").join("owlery.toml");
    fs::write(&file, format!("[stores.nas]\nurl = \"{url}\"\nhost = \"{host}\"\n")).unwrap();
    let mut push = program();
    push.args(["store", "push"]).arg(&world.root).args(["nas", "--config"]).arg(&file).envs(keys());
    let ran = Ran::of(push);
    assert_eq!(ran.code, 0, "{ran:?}");
}

/// The credentials of the server, for the environment.
fn keys() -> [(&'static str, &'static str); 2] {
    [("AWS_ACCESS_KEY_ID", OWNER[0]), ("AWS_SECRET_ACCESS_KEY", OWNER[1])]
}

/// `owlery serve URL`, with a short time between two looks at the indexes.
fn command(url: &str) -> Command {
    let mut command = program();
    command.args(["serve", url, "--listen", "127.0.0.1:0"]).envs(keys()).env("OWLERY_LIMITS", "bucket=200ms");
    command
}

fn folder_url(folder: &Path) -> String {
    format!("file://{}", folder.display())
}

fn ids(events: &[Value]) -> Vec<String> {
    events.iter().map(|event| event["id"].as_str().unwrap().to_owned()).collect()
}

/// All events by pages of this size.
fn paged(daemon: &Daemon, query: &str, limit: usize) -> Vec<String> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = daemon.get(&format!("/api/v1/events?limit={limit}{query}{cursor}"));
        assert_eq!(page.status, 200, "{}", page.text());
        let page = page.json();
        found.extend(ids(page["events"].as_array().unwrap()));
        let Some(next) = page["next"].as_str() else { return found };
        cursor = format!("&cursor={}", next.replace(':', "%3A"));
    }
}

/// The events of these hosts, by id.
fn expected(hosts: &[&str]) -> BTreeSet<String> {
    let of_host = |host: &&str| EVENTS.map(|(camera, days, name)| event_id(format!("{host}:{camera}"), days, name));
    hosts.iter().flat_map(of_host).collect()
}

fn set(ids: &[String]) -> BTreeSet<String> {
    ids.iter().cloned().collect()
}

/// Everything that two lost hosts have copied is listed, with where it is.
fn lists_lost_hosts(url: &str) {
    copy_and_lose(url, "front");
    copy_and_lose(url, "garage");
    let daemon = Daemon::start(command(url));
    let newest = daemon.get("/api/v1/events?limit=2").json();
    let newest = newest["events"].as_array().unwrap();
    assert!(newest.iter().all(|event| event["location"] == "bucket"), "{newest:?}");
    let day = days_ago(50);
    assert_eq!(ids(newest), ["garage", "front"].map(|host| format!("{host}:Camera1/{day}/11-00-00")));

    let all = paged(&daemon, "", 1000);
    assert_eq!((all.len(), set(&all)), (18, expected(&["front", "garage"])));
    assert_eq!(paged(&daemon, "", 1), all);
    assert_eq!(paged(&daemon, "", 3), all);
    let mut oldest = paged(&daemon, "&order=asc", 4);
    oldest.reverse();
    assert_eq!(oldest, all);

    let of_camera = paged(&daemon, "&camera=front%3ACamera2", 1);
    assert_eq!(of_camera.len(), 4, "{of_camera:?}");
    let saved = paged(&daemon, "&saved=true", 1);
    assert_eq!(set(&saved), ["front", "garage"].map(|host| format!("{host}:Camera1/{day}/10-00-00")).into());
    let between = paged(&daemon, &format!("&from={}&to={}", days_ago(52), days_ago(51)), 1);
    assert_eq!(between.len(), 6, "{between:?}");

    let cameras = daemon.get("/api/v1/cameras").json();
    let named =
        |name: &str| cameras["cameras"].as_array().unwrap().iter().find(|camera| camera["name"] == name).cloned();
    let camera = named("garage:Camera1").unwrap();
    assert_eq!((camera["events"].as_u64(), camera["saved"].as_u64()), (Some(5), Some(1)), "{cameras}");
    assert_eq!(camera["first_day"], *days_ago(60));
    let days = daemon.get("/api/v1/days").json();
    let days = days["days"].as_array().unwrap();
    assert_eq!(days.len(), 14, "{days:?}");
    let of_day = days.iter().find(|of| of["camera"] == "front:Camera1" && of["day"] == *day).unwrap();
    assert_eq!((of_day["hours"][10].as_u64(), of_day["hours"][11].as_u64()), (Some(1), Some(1)), "{of_day}");

    let reviewed = |body: serde_json::Value| daemon.send("POST", "/api/v1/reviewed", &body.to_string()).json();
    let front = serde_json::json!({"reviewed": true, "camera": ["front:Camera1", "front:Camera2"]});
    assert_eq!(reviewed(front), serde_json::json!({"events": 9}));
    assert!(paged(&daemon, "&reviewed=false", 2).iter().all(|id| id.starts_with("garage:")));
    assert_eq!(paged(&daemon, "&reviewed=true", 4).len(), 9);
    let days = daemon.get("/api/v1/days").json();
    let count = |day: &Value| day["reviewed"].as_u64().unwrap();
    assert_eq!(days["days"].as_array().unwrap().iter().map(count).sum::<u64>(), 9);
    assert_eq!(reviewed(serde_json::json!({"reviewed": true, "events": all})), serde_json::json!({"events": 9}));
    assert_eq!(paged(&daemon, "&reviewed=false", 2), Vec::<String>::new());
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn lost_hosts_are_listed_from_a_folder() {
    let world = World::empty();
    lists_lost_hosts(&folder_url(&world.outside("nas")));
}

#[test]
fn lost_hosts_are_listed_from_s3() {
    let s3 = S3Server::s3s_fs();
    lists_lost_hosts(&s3.url());
}

/// A host that appears later is found by itself.
#[test]
fn a_store_that_was_away_comes_back() {
    let world = World::empty();
    let nas = world.outside("nas");
    copy_and_lose(&folder_url(&nas), "front");
    let daemon = Daemon::start(command(&folder_url(&nas)));
    daemon.wait_for_log("1 hosts have copied 7 days of 2 cameras");
    wait_until("ready", || daemon.get("/readyz").status == 200); // the bucket can be known before that
    let away = world.outside("mnt").join("away");
    fs::rename(&nas, &away).unwrap();
    let newest = "/api/v1/events?limit=1";
    let response = daemon.get(newest);
    assert_eq!(response.status, 503, "{}", response.text());
    let detail = response.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("the store bucket has been out of reach since 2") && !detail.contains("nas"), "{detail}");
    wait_until("an outage", || daemon.get("/api/v1/stores").json()["stores"][0]["out_of_reach_since"].is_string());
    assert_eq!(daemon.get("/readyz").status, 200);
    fs::rename(&away, &nas).unwrap();
    wait_until("the page", || daemon.get(newest).status == 200);
    assert_eq!(set(&paged(&daemon, "", 2)), expected(&["front"]));

    copy_and_lose(&folder_url(&nas), "garage");
    wait_until("the other host", || set(&paged(&daemon, "", 100)) == expected(&["front", "garage"]));
    fs::remove_dir_all(nas.join("front")).unwrap();
    wait_until("one host", || set(&paged(&daemon, "", 100)) == expected(&["garage"]));
    assert_eq!(daemon.stop(), 0);
}

/// With indexes of an older Owlery, damaged manifests, and a lost index; and again from the same state directory.
#[test]
fn damaged_objects_hide_no_others() {
    let world = World::empty();
    let (nas, state) = (world.outside("nas"), world.outside("state"));
    let url = folder_url(&nas);
    for host in ["front", "garage", "old"] {
        copy_and_lose(&url, host);
    }
    fs::write(nas.join(format!("front/Camera1/{}/manifest.json", days_ago(51))), "{").unwrap();
    fs::remove_file(nas.join(format!("front/Camera1/{}/manifest.json", days_ago(52)))).unwrap();
    fs::write(nas.join("garage/.owlery/index.json"), "{").unwrap();
    let index = nas.join("old/.owlery/index.json");
    let mut of_old: Value = serde_json::from_slice(&fs::read(&index).unwrap()).unwrap();
    of_old.as_object_mut().unwrap().remove("sha256");
    for day in of_old["cameras"]
        .as_object_mut()
        .unwrap()
        .values_mut()
        .flat_map(|days| days.as_object_mut().unwrap().values_mut())
    {
        day.as_object_mut().unwrap().retain(|key, _| key == "events" || key == "bytes");
    }
    fs::write(&index, of_old.to_string()).unwrap();
    fs::create_dir(nas.join("lost+found")).unwrap();

    let mut all = expected(&["front", "garage", "old"]);
    all.retain(|id| ![days_ago(51), days_ago(52)].iter().any(|day| id.starts_with(&format!("front:Camera1/{day}"))));
    for _ in 0..2 {
        let mut command = command(&url);
        command.arg("--state-dir").arg(&state);
        let daemon = Daemon::start(command);
        wait_until("all events", || set(&paged(&daemon, "", 2)) == all);
        let days = daemon.get("/api/v1/days?camera=old%3ACamera1").json();
        let of_day = days["days"].as_array().unwrap().iter().find(|of| of["day"] == *days_ago(50)).unwrap().clone();
        assert!(of_day["events"] == 2, "{of_day}");
        daemon.wait_for_log("garage has no index that can be read");
        assert!(!daemon.log().contains("lost+found"), "{}", daemon.log());
        assert_eq!(daemon.stop(), 0);
    }
}

#[test]
fn what_makes_no_sense_there_is_refused() {
    let world = World::empty();
    let nas = world.outside("nas");
    let url = folder_url(&nas);
    let run = |words: &[&str]| {
        let mut command = program();
        command.args(words);
        Ran::of(command)
    };
    let root = world.root.to_str().unwrap();
    for (words, part) in [
        (&["serve", &url, "--keep-days", "4"][..], "--keep-days has no effect on `owlery serve URL`"),
        (&["serve", &url, "--layout", "%Y-%m-%d/%H-%M-%S"], "--layout has no effect"),
        (&["serve", &url, "--finish"], "--finish has no effect"),
        (&["serve", "s3://x"], "3 to 63 letters"),
        (&["list", &url], "`owlery serve URL` shows what is there"),
        (&["layout", "s3://bucket"], "`owlery layout` works on a folder"),
        (&["recall", &url, "--all"], "brings events back"),
        (&["serve", root, "--state-dir", root, "--listen", "no"], "not an address"),
    ] {
        let ran = run(words);
        assert!(ran.code == 2 && ran.stderr.contains(part), "{words:?} {ran:?}");
    }
    let missing = run(&["serve", &folder_url(&nas.join("none")), "--listen", "127.0.0.1:0"]);
    assert!(missing.code == 1 && missing.stderr.contains("mount its disk"), "{missing:?}");
    let own = world.outside("own");
    fs::write(own.join("archive.json"), "{}").unwrap();
    let ran = run(&["serve", &url, "--state-dir", own.to_str().unwrap()]);
    assert!(ran.code == 2 && ran.stderr.contains("it is that of an archive"), "{ran:?}");

    let empty = Daemon::start(command(&url));
    assert_eq!(empty.events().len(), 0);
    empty.wait_for_log("no host has copied anything there");
    assert_eq!(empty.stop(), 0);
}

/// The configured store with this URL gives its name and its users; what a host's configuration says about rules means nothing here.
#[test]
fn a_configured_store_is_known_by_its_url() {
    let world = World::empty();
    let nas = world.outside("nas");
    copy_and_lose(&folder_url(&nas), "front");
    let file = world.outside("etc").join("owlery.toml");
    let text = format!(
        "keep-days = [\"4\"]\nfinish = true\n[stores.offsite]\nurl = \"{}\"\nusers = [\"anna\"]\ncopy = \"complete\"\n\
         [stores.other]\nurl = \"file:///nowhere\"\n[users]\nanna = {{ role = \"admin\" }}\nbert = {{ role = \"admin\" }}\n\
         [proxy]\nfrom = [\"127.0.0.1/32\"]\nuser-header = \"X-User\"\n",
        folder_url(&nas)
    );
    fs::write(&file, text).unwrap();
    let mut command = command(&folder_url(&nas));
    command.arg("--config").arg(&file);
    let daemon = Daemon::start(command);
    let events = |user: &str| daemon.request("GET", "/api/v1/events", &[("X-User", user)]).json()["events"].clone();
    assert_eq!(events("anna").as_array().unwrap().len(), EVENTS.len());
    assert_eq!(events("anna")[0]["location"], "offsite");
    assert_eq!(events("bert").as_array().unwrap().len(), 0, "the store is not for him");
    let stores = daemon.request("GET", "/api/v1/stores", &[("X-User", "anna")]).json();
    assert_eq!(stores["stores"].as_array().unwrap().len(), 1, "{stores}");
    assert_eq!(daemon.stop(), 0);
    assert!(nas.join("front").exists());
}
