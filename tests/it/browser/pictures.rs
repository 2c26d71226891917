//! The pictures of a day that belong to no event, on the page: a real motionEye tree with stills that belong to events, and copies
//! of them at other times.

use std::fs;

use serde_json::{Value, json};

use super::{Browser, CARDS};
use crate::embed::Embedded;
use crate::world::{Daemon, World};

const LAYOUT: [&str; 2] = ["--layout", "%Y-%m-%d/%H-%M-%S"];
/// The buttons of the days.
const OFFERS: &str = "return [...document.querySelectorAll('.day button:not([hidden])')].map(b => b.textContent)";
const NOTE: &str = "return document.querySelector('#pictures[open] #pictures-note')?.textContent ?? null";
const NAMES: &str = "return [...document.querySelectorAll('#pictures[open] .tile .name')].map(n => n.textContent)";
/// The tiles whose pictures are decoded.
const SHOWN: &str =
    "return [...document.querySelectorAll('.tile img:not([hidden])')].filter(i => i.naturalWidth > 0).length";
const WHOLE: &str = "const i = document.querySelector('#whole[open] #whole-stage img');
    return i !== null && i.naturalWidth > 0 && i.checkVisibility() && document.querySelector('#whole-title').textContent";
/// Why a picture is not shown.
const TOLD: &str = "return document.querySelector('#whole[open] #whole-stage p')?.textContent ?? null";
const SEARCH: &str = "return location.search";

fn motioneye() -> World {
    World::unpacked("versions/motioneye-0.44.0-flat", "motioneye-0.44.0-flat/media")
}

/// Writes a file of a camera and a day.
fn write(world: &World, path: &str, bytes: &[u8]) {
    let path = world.path(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// A still of an event.
fn still(world: &World) -> Vec<u8> {
    fs::read(world.path("Camera2/2026-11-28/13-10-19.jpg")).unwrap()
}

fn serve(world: &World) -> Daemon {
    world.make_old();
    world.serve(&LAYOUT)
}

/// Presses a key.
fn press(browser: &Browser, key: &str) {
    let keys = json!({"actions": [{"type": "key", "id": "keys", "actions": [
        {"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]}]});
    browser.post("/actions", &keys);
}

/// The stills of events are theirs; the others are pictures of the day, also of a day without events, and each opens whole.
#[test]
fn loose_pictures_are_pictures_of_the_day() {
    let world = motioneye();
    let picture = still(&world);
    for path in
        ["Camera1/2026-11-28/15-00-00.jpg", "Camera1/2026-11-28/15-00-10.jpg", "Camera3/2026-11-28/16-00-00.jpg"]
    {
        write(&world, path, &picture);
    }
    write(&world, "Camera2/2026-11-26/12-00-00-snapshot.jpg", &picture);
    let daemon = serve(&world);
    let browser = Browser::open(&world, &daemon);
    browser.wait_for("both days", OFFERS, &json!(["3 files without an event", "1 file without an event"]));
    assert_eq!(browser.ask(&format!("{CARDS}.length")), json!(13), "none of them is an event");

    browser.click(".day button");
    browser.wait_for("those of the first camera", NAMES, &json!(["15-00-00.jpg", "15-00-10.jpg"]));
    assert_eq!(browser.ask(NOTE), json!("Camera1: 2 pictures"));
    browser.wait_for("they are shown", SHOWN, &json!(2));
    browser.click("#pictures-cameras button:last-child");
    browser.wait_for("those of the other", NAMES, &json!(["16-00-00.jpg"]));
    browser.click("#pictures-cameras button:first-child");
    browser.wait_for("the first again", SHOWN, &json!(2));

    browser.click(".tile");
    browser.wait_for("one of them, whole", WHOLE, &json!("Camera1, 15-00-00.jpg"));
    press(&browser, "\u{e014}"); // right
    browser.wait_for("the next", WHOLE, &json!("Camera1, 15-00-10.jpg"));
    browser.post("/back", &json!({}));
    browser.wait_for(
        "the grid, where one was",
        "return document.activeElement.querySelector('.name')?.textContent",
        &json!("15-00-10.jpg"),
    );
    assert_eq!(browser.ask(SEARCH), json!("?pictures=2026-11-28"));
    press(&browser, "\u{e00c}"); // escape
    browser.wait_for("the list", SEARCH, &json!(""));

    browser.post("/url", &json!({"url": format!("http://{}/?pictures=2026-11-26", daemon.address)}));
    browser.wait_for("a day without events, by its address", NOTE, &json!("Camera2: 1 picture"));
    browser.wait_for("its picture", SHOWN, &json!(1));
    browser.click("#pictures-close");
    browser.click("#cameras button:nth-child(2)");
    browser.wait_for("those of one camera", OFFERS, &json!(["2 files without an event"]));
    browser.click("#saved");
    browser.wait_for("none of them is saved", OFFERS, &json!([]));
    browser.assert_no_complaints();
}

/// A timelapse is counted, but is no picture. Bytes that are no picture are told, whatever they are.
#[test]
fn what_cannot_be_shown_is_told() {
    let world = motioneye();
    let picture = still(&world);
    write(&world, "Camera1/2026-11-28/15-00-00.jpg", &picture);
    write(&world, "Camera1/2026-11-28/15-00-10.jpg", b"<script>document.title = 'no picture'</script>");
    write(&world, "Camera1/2026-11-25/20261125-timelapse.avi", b"movie");
    let daemon = serve(&world);
    // The page asks for them once a minute.
    let loose = |day: &serde_json::Value| day["loose"].as_u64().unwrap();
    crate::world::wait_until("the files are counted", || {
        daemon.get("/api/v1/days").json()["days"].as_array().unwrap().iter().map(loose).sum::<u64>() == 3
    });
    let browser = Browser::open(&world, &daemon);
    browser.wait_for("both days", OFFERS, &json!(["2 files without an event", "1 file without an event"]));
    browser.click(".day button");
    let blank = "return [...document.querySelectorAll('.tile.failed .blank')].filter(b => b.checkVisibility()).length";
    browser.wait_for("one picture", SHOWN, &json!(1));
    browser.wait_for("and one that is none", blank, &json!(1));
    browser.click(".tile.failed");
    browser.wait_for("why", TOLD, &json!("This browser cannot show the picture."));

    browser.post("/url", &json!({"url": format!("http://{}/?pictures=2026-11-25", daemon.address)}));
    browser.wait_for("no pictures", NOTE, &json!("Camera1: no pictures, 1 other file"));
    assert_eq!(browser.ask("return document.title"), json!("Owlery"));
    browser.assert_no_complaints();
}

/// Thousands of pictures of a day are a page at a time, below a path too, and only those in view are loaded. One that was removed
/// meanwhile is told.
#[test]
fn many_pictures_are_pages() {
    let world = motioneye();
    let picture = still(&world);
    let name = |n: u32| format!("{:02}-{:02}-{:02}.jpg", 14 + n / 360, n / 6 % 60, n % 6 * 10);
    for n in 0..801 {
        write(&world, &format!("Camera1/2026-11-28/{}", name(n)), &picture);
    }
    world.make_old();
    let embedded = Embedded::start(&world);
    let url = format!("http://{}/cameras?pictures=2026-11-28", embedded.address);
    let browser = Browser::open_at(&world, &url);
    browser.post("/window/rect", &json!({"width": 500, "height": 900})); // most of the page is out of view
    let names = |range: std::ops::Range<u32>| range.map(name).collect::<Value>();
    browser.wait_for("a page", NAMES, &names(0..200));
    assert_eq!(browser.ask(NOTE), json!("Camera1: 801 pictures"));
    browser.wait_for("those in view", &format!("{SHOWN} > 0"), &json!(true));
    let loaded = browser.ask(SHOWN).as_u64().unwrap();
    assert!(loaded < 200, "{loaded}");
    browser.assert_no_complaints();
    fs::remove_file(world.path(format!("Camera1/2026-11-28/{}", name(800)))).unwrap();
    browser.click("#later");
    browser.wait_for("the next page", NAMES, &names(200..400));
    browser
        .ask("const page = document.querySelector('#page'); page.value = 4; page.dispatchEvent(new Event('change'))");
    browser.wait_for("the last page", NAMES, &names(800..801));
    browser.click(".tile");
    browser.wait_for("why", TOLD, &json!("The picture is not there any more."));
    let _the_404 = browser.complaints();
    browser.click("#previous");
    browser.wait_for("the one before", WHOLE, &json!(format!("Camera1, {}", name(799))));
    browser.click("#whole-close");
    browser.wait_for("its page", NAMES, &names(600..800));
    browser.assert_no_complaints();
    drop(browser);
    embedded.stop();
}
