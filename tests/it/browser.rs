//! The page in a real Chromium, driven through chromedriver: what a person sees and what a click does.

mod pictures;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::embed::Embedded;
use crate::http::auth::{PASSWORD, serve_with, users};
use crate::world::{Daemon, PATIENCE, Response, World, days_ago, event_id, unfinished_mp4, wait_until};

/// Every event is shown with its thumbnail, and a click plays the movie.
#[test]
fn the_page_shows_events_and_plays_movies() {
    let world = World::sample("direct");
    let daemon = world.serve(&[]);
    let browser = Browser::open(&world, &daemon);

    let ids: Vec<Value> = daemon.events().iter().map(|event| event["id"].clone()).collect();
    browser.wait_for("the five events, newest first", CARDS, &json!(ids));
    browser.wait_for(
        "their pictures",
        "return [...document.images].every(i => i.complete && i.naturalWidth == 320)",
        &json!(true),
    );

    let more = "return getComputedStyle(document.querySelector('#more')).display";
    assert_eq!(browser.ask(more), json!("none"), "nothing is older");
    browser.click("button.event");
    browser.wait_for(
        "the movie plays",
        "const v = document.querySelector('#player[open] video');
         return v !== null && v.readyState >= 2 && v.duration > 1 && v.videoWidth == 320 && v.currentTime > 0",
        &json!(true),
    );
    browser.click("#close");
    browser.wait_for("it is put away", "return document.querySelector('video, #player[open]')", &Value::Null);

    browser.click("#cameras button:last-child");
    browser.wait_for("one camera's events", CARDS, &json!(["Camera2/2026-11-21/05-45-29"]));
    browser.assert_no_complaints();
}

/// A new event appears without a reload, and is marked while Motion records it.
#[test]
fn a_new_event_appears_and_is_marked_open() {
    let world = World::new();
    let daemon = world.serve(&[]);
    let browser = Browser::open(&world, &daemon);
    browser.wait_for("nothing", "return document.querySelector('#events').textContent", &json!("No events yet."));

    let id = event_id("Camera1", 0, "00-00-01");
    world.event(&id).make();
    browser.wait_for("the event", CARDS, &json!([id]));
    browser.wait_for("a badge", BADGES, &json!(["recording"]));

    let movie = world.path(&id).join("video.mp4");
    assert_eq!(world.run("ended", &[movie.to_str().unwrap()]).code, 0);
    browser.wait_for("no badge", BADGES, &json!([]));

    std::fs::remove_dir_all(world.path(&id)).unwrap();
    browser.wait_for("nothing again", CARDS, &json!([]));
}

/// The page shows the name of the signed-in user.
#[test]
fn a_user_signs_in_and_out() {
    let world = World::sample("direct");
    let daemon = serve_with(&world, &users());
    let browser = Browser::open(&world, &daemon);
    browser.wait_for("the login page", "return document.activeElement.id", &json!("name"));
    browser.assert_no_complaints();
    browser.type_into("#name", "anna");
    browser.type_into("#password", "wrong");
    browser.click("button");
    let alert = "return document.querySelector('[role=alert]')?.textContent ?? null";
    browser.wait_for("it says what is wrong", alert, &json!("Wrong name or password."));
    let _the_401 = browser.complaints();

    browser.type_into("#name", "anna");
    browser.type_into("#password", PASSWORD);
    browser.click("button");
    browser.wait_for("the events", &format!("{CARDS}.length"), &json!(5));
    let who = "return document.querySelector('#account:not([hidden])')?.textContent ?? null";
    browser.wait_for("who is signed in", who, &json!("anna Sign out"));
    browser.wait_for(
        "pictures, for which the cookie is needed",
        "return document.images.length > 0 && [...document.images].every(i => i.complete && i.naturalWidth == 320)",
        &json!(true),
    );
    assert_eq!(browser.ask("return document.cookie"), json!(""), "no script sees it");
    browser.assert_no_complaints();

    browser.click("#account button");
    browser.wait_for("the login page again", "return document.querySelector('#password') !== null", &json!(true));
    let url = format!("http://{}/?camera=Camera2", daemon.address);
    browser.post("/url", &json!({"url": url}));
    browser.wait_for("signed out", "return location.pathname", &json!("/login"));
    browser.type_into("#name", "anna");
    browser.type_into("#password", PASSWORD);
    browser.click("button");
    browser.wait_for("where one wanted to go", "return location.href", &json!(url));
}

#[test]
fn an_ended_session_leads_to_the_login() {
    let world = World::sample("direct");
    let daemon = serve_with(&world, &users());
    let browser = Browser::open(&world, &daemon);
    browser.wait_for("the login page", "return document.activeElement.id", &json!("name"));
    browser.type_into("#name", "anna");
    browser.type_into("#password", PASSWORD);
    browser.click("button");
    browser.wait_for("the events", &format!("{CARDS}.length"), &json!(5));
    let ended = "const done = arguments[0]; fetch('logout', {method: 'POST'}).then(r => done(r.status))";
    assert_eq!(browser.post("/execute/async", &json!({"script": ended, "args": []})), json!(204));
    browser.wait_for("the login page again", "return location.pathname", &json!("/login"));
}

/// The page works below a path of another application.
#[test]
fn the_page_works_below_a_path() {
    let world = World::sample("direct");
    let embedded = Embedded::start(&world);
    let browser = Browser::open_at(&world, &format!("http://{}/cameras", embedded.address));
    browser.wait_for("five events", &format!("{CARDS}.length"), &json!(5));
    browser.wait_for(
        "their pictures",
        "return [...document.images].every(i => i.complete && i.naturalWidth == 320)",
        &json!(true),
    );
    browser.click("button.event");
    browser.wait_for(
        "the movie",
        "const v = document.querySelector('#player[open] video'); return v !== null && v.readyState >= 2",
        &json!(true),
    );
    browser.assert_no_complaints();
    drop(browser);
    embedded.stop();
}

/// Events that arrived while the page was hidden are shown without a gap.
#[test]
fn events_missed_while_hidden_are_shown() {
    let (world, day) = (World::new(), days_ago(1));
    many(&world, &day, 0..130);
    let daemon = world.serve(&[]);
    let browser = Browser::open(&world, &daemon);
    browser.wait_for("a page", CARDS, &newest(&daemon, 60));
    browser.click("#more");
    browser.wait_for("two pages", CARDS, &newest(&daemon, 120));

    browser.ask(HIDE);
    many(&world, &day, 200..270);
    wait_until("more than a page is new", || daemon.events().len() == 200);
    browser.ask(SHOW);
    browser.wait_for("the newest two pages", CARDS, &newest(&daemon, 120));
    browser.click("#more");
    browser.wait_for("a third", CARDS, &newest(&daemon, 180));
}

/// A response that arrives late must not replace the result of a later request.
#[test]
fn a_late_response_replaces_nothing_newer() {
    let world = World::sample("direct");
    let daemon = world.serve(&[]);
    let browser = Browser::open(&world, &daemon);
    browser.wait_for("five events", &format!("{CARDS}.length"), &json!(5));
    browser.ask(
        "const real = window.fetch; window.late = false;
         window.fetch = async (path) => {
           const answer = await real(path);
           if (path.includes('camera=Camera1')) {
             await new Promise((resume) => setTimeout(resume, 1500));
             setTimeout(() => { window.late = true; }, 300);
           }
           return answer;
         }",
    );
    browser.click("#cameras button:nth-child(2)");
    browser.click("#cameras button:nth-child(3)");
    let second = json!(["Camera2/2026-11-21/05-45-29"]);
    browser.wait_for("the second camera's events", CARDS, &second);
    browser.wait_for("the first camera's answer", "return window.late", &json!(true));
    assert_eq!(browser.ask(CARDS), second);
}

/// A message says that older events could not be loaded; they appear later.
#[test]
fn a_failed_load_of_older_events_is_retried() {
    let (world, day) = (World::new(), days_ago(1));
    many(&world, &day, 0..70);
    let daemon = world.serve(&[]);
    let browser = Browser::open(&world, &daemon);
    browser.wait_for("a page", CARDS, &newest(&daemon, 60));
    browser.ask(
        "window.real = window.fetch;
         window.fetch = (path) => path.startsWith('api/v1/events') ? Promise.reject(new Error('no line')) : real(path)",
    );
    browser.click("#more");
    let status = "return document.querySelector('#status').textContent";
    browser.wait_for("a message", status, &json!("cannot reach the service (no line)"));
    browser.ask("window.fetch = window.real");
    browser.wait_for("all", CARDS, &newest(&daemon, 70));
    browser.wait_for("no message", status, &json!(""));
}

/// Many resets in a row cause few requests and remove nothing from the page.
#[test]
fn many_resets_cause_few_requests() {
    let (world, day) = (World::new(), days_ago(1));
    many(&world, &day, 0..130);
    let daemon = world.serve(&[]);
    let browser = Browser::open(&world, &daemon);
    browser.wait_for("a page", CARDS, &newest(&daemon, 60));
    browser.ask(
        "const Real = EventSource; EventSource = class extends Real { constructor(url) { super(url); window.stream = this; } };
         EventSource.OPEN = Real.OPEN; EventSource.CLOSED = Real.CLOSED;
         const real = window.fetch; window.asked = 0;
         window.fetch = (path) => { if (path.startsWith('api/v1/events')) window.asked++; return real(path); }",
    );
    browser.ask(HIDE);
    browser.ask(SHOW);
    browser.wait_for("a stream of ours", "return window.stream?.readyState === 1 && window.asked > 0", &json!(true));
    browser.click("#more");
    browser.wait_for("two pages", CARDS, &newest(&daemon, 120));
    let before = browser.ask("window.asked = 0; scrollTo(0, 1000); return scrollY");
    assert!(before.as_f64().unwrap() > 500.0);
    browser.ask("for (let n = 0; n < 20; n++) window.stream.dispatchEvent(new MessageEvent('reset'))");
    browser.wait_for("it is asked", "return window.asked > 0", &json!(true));
    browser.wait_for("the same", CARDS, &newest(&daemon, 120));
    let now = browser.ask("return [scrollY, window.asked]");
    assert!(now[0] == before && now[1].as_u64().unwrap() < 3, "{before} {now}");
}

/// A new event does not rebuild the others, and pushes out those for which there is no room.
#[test]
fn a_new_event_keeps_the_others_in_place() {
    let (world, day) = (World::new(), days_ago(1));
    many(&world, &day, 0..60);
    let daemon = world.serve(&[]);
    let browser = Browser::open(&world, &daemon);
    browser.wait_for("a page", CARDS, &newest(&daemon, 60));
    assert_eq!(browser.ask("return document.querySelector('#more').hidden"), json!(true));
    browser.ask("window.card = document.querySelectorAll('button.event')[5]; card.focus()");
    let kept = "return card.isConnected && card === document.activeElement && card.querySelector('.star').hidden";

    many(&world, &day, 100..101);
    daemon.wait_for_event(&format!("Camera1/{day}/01-40-00"), "is there", |_| true);
    browser.wait_for("the new one, without the oldest", CARDS, &newest(&daemon, 60));
    assert_eq!(browser.ask(kept), json!(true));
    browser.ask("window.button = document.querySelector('#cameras button:last-child')");
    browser.wait_for("it is counted", "return button.lastChild.textContent", &json!("61"));
    let saved = format!("/api/v1/events/Camera1/{day}/00-54-00/saved");
    assert_eq!(daemon.request("PUT", &saved, &[]).status, 200);
    browser.wait_for("a star in the same card", kept, &json!(false));
    assert_eq!(browser.ask("return card === document.activeElement"), json!(true));
    browser.click("#more");
    browser.wait_for("the oldest too", CARDS, &newest(&daemon, 61));
    assert_eq!(browser.ask("return button.isConnected"), json!(true));
}

/// An event whose movie cannot be played yet is a picture with links until it can.
#[test]
fn unplayable_movies_are_pictures_with_links() {
    let world = World::sample("direct");
    let daemon = world.serve(&[]);
    let browser = Browser::open(&world, &daemon);
    browser.wait_for("five events", &format!("{CARDS}.length"), &json!(5));
    let id = event_id("Camera1", 0, "00-00-01");
    let open = world.event(&id).movie("video.mp4", unfinished_mp4()).make();
    browser.wait_for("a badge", BADGES, &json!(["recording"]));

    browser.click("button.event");
    browser.wait_for(
        "why it does not play",
        "return document.querySelector('#player[open] #stage img + p')?.textContent",
        &json!("It is still being recorded. The movie can be played when that is over."),
    );
    let links = "return [...document.querySelectorAll('#player a')].map(a => [new URL(a.href).pathname, a.download])";
    let name = id.replace('/', " ");
    assert_eq!(
        browser.ask(links),
        json!([
            [format!("/media/{id}/video.mp4"), format!("{name}.mp4")],
            [format!("/api/v1/events/{id}.zip"), format!("{name}.zip")]
        ])
    );

    let movie = open.join("video.mp4");
    std::fs::copy(world.path("Camera1/2026-11-21/05-44-39/video.mp4"), &movie).unwrap();
    assert_eq!(world.run("ended", &[movie.to_str().unwrap()]).code, 0);
    browser.wait_for("it plays by itself", PLAYS, &json!(true));
}

#[test]
fn the_movie_of_an_interrupted_event_is_tried() {
    let world = World::sample("failures/sigkill-long-mp4");
    let daemon = world.serve(&[]);
    let browser = Browser::open(&world, &daemon);
    browser.wait_for("it was interrupted", BADGES, &json!(["interrupted"]));
    browser.ask(
        "new MutationObserver((changes) => { for (const { addedNodes: [added] } of changes) window.tried ||= added?.tagName === 'VIDEO'; })
         .observe(document.querySelector('#stage'), { childList: true })",
    );
    browser.click("button.event");
    browser.wait_for(
        "why it does not play",
        "return document.querySelector('#player[open] #stage img + p')?.textContent",
        &json!("The recording was interrupted, and its movie cannot be played."),
    );
    assert_eq!(browser.ask("return window.tried"), json!(true));
}

/// If there is nothing to show, the page says what it searched for.
#[test]
fn the_page_jumps_to_a_day() {
    let (world, day) = (World::new(), days_ago(9));
    many(&world, &day, 0..2);
    many(&world, &days_ago(1), 0..1);
    let daemon = world.serve(&[]);
    let browser = Browser::open(&world, &daemon);
    let all = newest(&daemon, 3);
    browser.wait_for("three events", CARDS, &all);
    let range = "const { min, max } = document.querySelector('#day'); return [min, max]";
    assert_eq!(browser.ask(range), json!([day, days_ago(1)]));

    let pick = |day: &str| {
        browser.ask(&format!("day.value = '{day}'; day.dispatchEvent(new Event('change'))"));
    };
    pick(&days_ago(2));
    browser.wait_for("those up to then", CARDS, &json!([all[1], all[2]]));
    many(&world, &days_ago(1), 10..11);
    many(&world, &days_ago(5), 0..1);
    let both = json!([event_id("Camera1", 5, "00-00-00"), all[1], all[2]]);
    browser.wait_for("a new one up to then, and none of later", CARDS, &both);

    let empty = "return document.querySelector('#events .empty')?.textContent";
    browser.click("#saved");
    browser.click("#cameras button:last-child");
    pick("");
    browser.wait_for("none saved", empty, &json!("No saved events of Camera1."));
    let count = "return document.querySelector('#cameras button:last-child small').textContent";
    browser.wait_for("the saved are counted", count, &json!("0"));
    browser.click("#saved");
    pick(&days_ago(20));
    let written =
        format!("return new Date('{}T12:00').toLocaleDateString(undefined, {{ dateStyle: 'full' }})", days_ago(20));
    let told = format!("No events of Camera1 up to {}.", browser.ask(&written).as_str().unwrap());
    browser.wait_for("none so old", empty, &json!(told));
}

#[test]
fn twenty_cameras_take_one_line_of_a_phone() {
    let world = World::empty();
    for camera in 1..=20 {
        world.event(format!("Camera{camera}/{}/00-00-01", days_ago(1))).frames(1).no_movie().old().make();
    }
    let daemon = world.serve(&[]);
    let browser = Browser::open(&world, &daemon);
    browser.post("/window/rect", &json!({"width": 375, "height": 844}));
    browser.wait_for("all cameras", "return document.querySelectorAll('#cameras button').length", &json!(21));
    let sizes = "const header = document.querySelector('body > header');
        return [header.offsetHeight, document.documentElement.scrollWidth - innerWidth]";
    let sizes = browser.ask(sizes);
    assert!(sizes[0].as_u64().unwrap() < 100 && sizes[1].as_i64().unwrap() <= 0, "{sizes}");
    browser.click("#cameras button:last-child");
    browser.wait_for("the last camera's", CARDS, &json!([event_id("Camera9", 1, "00-00-01")]));
}

/// Events that are over, a minute apart, without a movie.
/// Reported: reload and `?camera=` forgot the state, and Back left the page with the player open.
#[test]
fn the_address_keeps_what_is_shown() {
    let world = World::sample("direct");
    let daemon = world.serve(&[]);
    let id = "Camera2/2026-11-21/05-45-29";
    let browser = Browser::open_at(&world, &format!("http://{}/?camera=Camera2", daemon.address));
    browser.wait_for("one camera's events", CARDS, &json!([id]));
    let search = "return decodeURIComponent(location.search)";
    let player = "return document.querySelector('#player[open]') !== null";
    browser.click("button.event");
    browser.wait_for("the movie plays", PLAYS, &json!(true));
    assert_eq!(browser.ask(search), json!(format!("?camera=Camera2&event={id}")));
    browser.post("/refresh", &json!({}));
    browser.wait_for("the player after a reload", player, &json!(true));
    browser.post("/back", &json!({}));
    browser.wait_for("the list again", player, &json!(false));
    browser.wait_for("its camera", CARDS, &json!([id]));
    assert_eq!(browser.ask(search), json!("?camera=Camera2"));
    browser.click("button.event");
    browser.wait_for("the movie plays", PLAYS, &json!(true));
    browser.click("#close");
    browser.wait_for("the address without it", search, &json!("?camera=Camera2"));
    browser.click("#cameras button:first-child");
    browser.wait_for("all", "return document.querySelectorAll('button.event').length", &json!(5));
    browser.post("/back", &json!({}));
    browser.wait_for("one camera again", CARDS, &json!([id]));
    browser.assert_no_complaints();
}

/// A bookmark with an invalid day, or an impossible camera, showed "cannot reach the service" for ever.
#[test]
fn bad_addresses_say_what_is_wrong() {
    let world = World::sample("direct");
    let daemon = world.serve(&[]);
    let events = "return document.querySelectorAll('button.event').length";
    let page = |search: &str| format!("http://{}/?{search}", daemon.address);
    let browser = Browser::open_at(&world, &page("day=2026-99-99"));
    browser.wait_for("all events", events, &json!(5));
    browser.post("/url", &json!({"url": page("day=2026-02-30")}));
    browser.wait_for("all events", events, &json!(5));
    browser.post("/url", &json!({"url": page("camera=..")}));
    let told = "return document.querySelector('#events').textContent.startsWith('There is nothing to show: ')
         && document.querySelector('#status').textContent";
    browser.wait_for("what is wrong", told, &json!(""));
    browser.click("#cameras button:first-child");
    browser.wait_for("all events", events, &json!(5));
    browser.post("/url", &json!({"url": page("event=Camera1/2026-01-01/10-00-00")}));
    let status = "return document.querySelector('#status').textContent";
    browser.wait_for("what is gone", status, &json!("This event is not there any more."));
    browser.wait_for("all events", events, &json!(5));
}

/// Reported: the space bar closed the player, whose first button has the focus.
/// The times of events name no zone; the page names the one that they are in.
#[test]
fn the_page_names_its_time_zone() {
    let world = World::new();
    let mut serve = world.command("serve", ["--listen", "127.0.0.1:0"]);
    serve.env("TZ", "IST-5:30");
    let daemon = Daemon::start(serve);
    let browser = Browser::open(&world, &daemon);
    browser.wait_for("the zone", "return document.querySelector('#zone').textContent", &json!("UTC+05:30"));
    browser.assert_no_complaints();
}

#[test]
fn space_plays_and_pauses() {
    let world = World::sample("direct");
    let daemon = world.serve(&[]);
    let browser = Browser::open(&world, &daemon);
    browser.wait_for("the events", "return document.querySelectorAll('button.event').length", &json!(5));
    browser.click("button.event");
    browser.wait_for("the movie plays", PLAYS, &json!(true));
    let paused = "return document.querySelector('#player[open] video').paused";
    browser.ask("document.querySelector('video').loop = true");
    for is_paused in [true, false] {
        let keys = json!({"actions": [{"type": "key", "id": "keys", "actions": [
            {"type": "keyDown", "value": " "}, {"type": "keyUp", "value": " "}]}]});
        browser.post("/actions", &keys);
        browser.wait_for("paused, or not", paused, &json!(is_paused));
    }
}

/// Reported: pictures that were lost while the service was away never came back.
#[test]
fn pictures_come_back_with_the_service() {
    let world = World::sample("direct");
    let daemon = world.serve(&[]);
    let address = daemon.address.clone();
    let browser = Browser::open(&world, &daemon);
    let pictures = "return [...document.querySelectorAll('.event img')].filter(i => i.naturalWidth == 320).length";
    browser.wait_for("the pictures", pictures, &json!(5));
    assert_eq!(daemon.stop(), 0);
    browser.ask("document.querySelectorAll('.event img').forEach(i => { i.src = i.src + '?again'; })");
    browser.wait_for("they are lost", pictures, &json!(0));
    let again = world.command("serve", ["--listen", &address]);
    let _daemon = Daemon::start(again);
    browser.wait_for("they are back", pictures, &json!(5));
}

/// Reported: pictures were cropped to 4:3, and lengths counted the browser's summer time.
#[test]
fn pictures_are_whole_and_lengths_local() {
    let world = World::sample("direct");
    let daemon = world.serve(&[]);
    let browser = Browser::open(&world, &daemon);
    let fit = "const i = document.querySelector('.event img'); return i ? getComputedStyle(i).objectFit : ''";
    browser.wait_for("whole pictures", fit, &json!("contain"));
    browser.post(
        "/goog/cdp/execute",
        &json!({"cmd": "Emulation.setTimezoneOverride", "params": {"timezoneId": "Europe/Berlin"}}),
    );
    let length = "return import('./words.js').then(words => words.length({start: '2026-03-29T01:59:50', end: '2026-03-29T03:00:10'}))";
    browser.wait_for("the length", length, &json!("60 min 20 s"));
}

/// Reported: every press of "older events" asked for all of them again.
#[test]
fn older_events_are_asked_for_once() {
    let world = World::new();
    many(&world, &days_ago(3), 0..200);
    let daemon = world.serve(&[]);
    let browser = Browser::open(&world, &daemon);
    let count = "return document.querySelectorAll('button.event').length";
    browser.wait_for("a page", count, &json!(60));
    browser.ask(
        "window.asked = 0; const fetched = window.fetch;
         window.fetch = async (path, ...rest) => { const answer = await fetched(path, ...rest);
         if (String(path).startsWith('api/v1/events?')) window.asked += (await answer.clone().json()).events.length; return answer; }",
    );
    for all in [120, 180, 200] {
        browser.click("#more");
        browser.wait_for("one more page", count, &json!(all));
    }
    // The stream's beginning may ask for the first page once more.
    let asked = browser.ask("return window.asked").as_u64().unwrap();
    assert!((140..=260).contains(&asked), "{asked} events were asked for, of 140 more");
    browser.wait_for("their order", CARDS, &newest_of(&daemon, 200));
}

/// The ids of the newest events, of a page that is as large.
fn newest_of(daemon: &Daemon, count: usize) -> Value {
    let page = daemon.get(&format!("/api/v1/events?limit={count}")).json();
    page["events"].as_array().unwrap().iter().map(|event| event["id"].clone()).collect()
}

fn many(world: &World, day: &str, minutes: std::ops::Range<u32>) {
    for minute in minutes {
        let id = format!("Camera1/{day}/{:02}-{:02}-00", minute / 60, minute % 60);
        world.event(id).frames(1).no_movie().old().make();
    }
}

/// The ids of the newest events of the API.
fn newest(daemon: &Daemon, count: usize) -> Value {
    daemon.events().into_iter().take(count).map(|mut event| event["id"].take()).collect()
}

/// Hides the page's tab.
const HIDE: &str = "Object.defineProperty(document, 'hidden', { value: true, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'))";
/// Shows the page's tab again.
const SHOW: &str = "Object.defineProperty(document, 'hidden', { value: false, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'))";
const CARDS: &str = "return [...document.querySelectorAll('button.event')].map(b => b.dataset.id)";
const BADGES: &str = "return [...document.querySelectorAll('.badge:not([hidden])')].map(b => b.textContent)";
const PLAYS: &str = "const v = document.querySelector('#player[open] video'); return v !== null && v.currentTime > 0";

/// A Chromium with the page open in it; ended when dropped.
pub struct Browser {
    driver: Child,
    /// Where chromedriver listens.
    address: String,
    session: String,
}

impl Browser {
    /// Starts chromedriver; `None` if it ends before it listens.
    fn start_driver() -> Option<Self> {
        // A process group of their own, so that no part of Chromium can be left behind.
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver (the package chromium-driver)");
        let stdout = BufReader::new(driver.stdout.take().unwrap());
        let mut browser = Self { driver, address: String::new(), session: String::new() };
        let mut lines = stdout.lines().map_while(Result::ok);
        let port = lines
            .find_map(|line| Some(line.split_once("successfully on port ")?.1.trim_end_matches('.').to_owned()))?;
        browser.address = format!("127.0.0.1:{port}");
        Some(browser)
    }

    /// Plays the movie at this path to its end. The rate is one that the decoder keeps up with in debug builds, so that no frame
    /// decides whether the end is reached.
    pub fn plays_to_its_end(&self, path: &str) {
        self.ask(&format!(
            "const video = document.createElement('video');
             video.muted = true; video.playbackRate = 4; video.id = 'tried';
             document.querySelector('#tried')?.remove(); document.body.append(video);
             video.src = {path:?}; video.play(); return null"
        ));
        self.wait_for(
            &format!("{path} plays to its end"),
            "const v = document.querySelector('#tried');
             return v.error !== null ? v.error.message : v.ended && v.currentTime > 0.5 && v.videoWidth > 0",
            &json!(true),
        );
    }

    pub fn open(world: &World, daemon: &Daemon) -> Self {
        Self::open_at(world, &format!("http://{}/", daemon.address))
    }

    fn open_at(world: &World, url: &str) -> Self {
        // It takes a free port for one protocol and needs the same for the other; if that is in use, it ends.
        let mut browser = (0..5).find_map(|_| Self::start_driver()).expect("chromedriver says where it listens");
        let profile = format!("--user-data-dir={}", world.outside("profile").display());
        let options = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-first-run",
            "--window-size=1200,900",
            &profile,
        ];
        let session = browser.call(
            "POST",
            "/session",
            &json!({"capabilities": {"alwaysMatch": {
                "browserName": "chrome",
                "goog:chromeOptions": {"args": options},
                "goog:loggingPrefs": {"browser": "ALL"},
            }}}),
        );
        session["sessionId"].as_str().unwrap().clone_into(&mut browser.session);
        browser.post("/url", &json!({"url": url}));
        browser
    }

    /// One command of the `WebDriver` protocol.
    fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let response = self.send(method, path, body).unwrap();
        let mut answer = response.json();
        assert_eq!(response.status, 200, "{path} {body}: {answer}");
        answer["value"].take()
    }

    fn send(&self, method: &str, path: &str, body: &Value) -> std::io::Result<Response> {
        let body = body.to_string();
        let mut stream = TcpStream::connect(&self.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let head = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n", self.address);
        write!(stream, "{head}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len())?;
        read_response(BufReader::new(stream))
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        self.call("POST", &format!("/session/{}{path}", self.session), body)
    }

    /// Runs a script in the page; returns what it returns.
    fn ask(&self, script: &str) -> Value {
        self.post("/execute/sync", &json!({"script": script, "args": []}))
    }

    /// Waits until a script in the page returns this.
    pub fn wait_for(&self, what: &str, script: &str, wanted: &Value) {
        wait_until(&format!("{what}: {script} returns {wanted}"), || self.ask(script) == *wanted);
    }

    /// Clicks the first element that a CSS selector finds, as a mouse does: it must be visible and not covered.
    fn click(&self, selector: &str) {
        let element = self.post("/element", &json!({"using": "css selector", "value": selector}));
        let id = element.as_object().unwrap().values().next().unwrap().as_str().unwrap();
        self.post(&format!("/element/{id}/click"), &json!({}));
    }

    /// Types into a field, in place of what is in it.
    fn type_into(&self, selector: &str, text: &str) {
        let element = self.post("/element", &json!({"using": "css selector", "value": selector}));
        let id = element.as_object().unwrap().values().next().unwrap().as_str().unwrap();
        self.post(&format!("/element/{id}/clear"), &json!({}));
        self.post(&format!("/element/{id}/value"), &json!({"text": text}));
    }

    /// The console holds no error: no missing file, no script that failed, nothing that the page's policy forbids.
    fn assert_no_complaints(&self) {
        let bad = self.complaints();
        assert!(bad.is_empty(), "{bad:?}");
    }

    /// The errors in the console since it was asked last.
    fn complaints(&self) -> Vec<Value> {
        let log = self.post("/se/log", &json!({"type": "browser"}));
        log.as_array().unwrap().iter().filter(|entry| entry["level"] == "SEVERE").cloned().collect()
    }
}

/// Chromedriver keeps connections open whatever it is asked, so what counts is the length that it gives.
fn read_response(mut stream: impl BufRead) -> std::io::Result<Response> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        if stream.read_until(b'\n', &mut bytes)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    let length = Response::parse(&bytes).header("content-length").expect("a length").parse().unwrap();
    stream.take(length).read_to_end(&mut bytes)?;
    Ok(Response::parse(&bytes))
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Chromium is asked to end while there is a driver to ask it; then the driver goes, with all that it started.
        let _ = self.send("DELETE", &format!("/session/{}", self.session), &Value::Null);
        let group = format!("-{}", self.driver.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        let _ = self.driver.wait();
    }
}

/// An event of two movies without a picture: a placeholder with camera and length, the first movie, and links to both.
#[test]
fn a_page_offers_every_movie_of_an_event() {
    let sample = World::sample("direct");
    let movie = std::fs::read(sample.path("Camera2/2026-11-21/05-45-29/video.mp4")).unwrap();
    let world = World::new();
    let id = event_id("Camera1", 3, "10-04-36");
    let event = world.event(&id).frames(0).no_movie().file("10-04-36.mp4", movie.clone());
    event.file("10-04-42.mp4", movie).old().make();
    let daemon = world.serve(&[]);
    daemon.wait_for_event(&id, "is measured", |event| !event["bytes"].is_null());
    let browser = Browser::open(&world, &daemon);
    let blank =
        "const b = document.querySelector('.event .blank'); return b && b.checkVisibility() ? b.textContent : null";
    browser.wait_for("a placeholder", blank, &json!("Camera1, 10 s"));
    browser.click("button.event");
    let links = "return [...document.querySelectorAll('#movies a')].map(a => a.textContent)";
    browser.wait_for("two movies", links, &json!(["10-04-36.mp4", "10-04-42.mp4"]));
    let plays = |name: &str| {
        let script = format!(
            "const v = document.querySelector('#stage video'); return v !== null && v.readyState >= 2 && v.src.endsWith('{name}')"
        );
        browser.wait_for("it plays", &script, &json!(true));
    };
    plays("10-04-36.mp4");
    browser.click("#movies a:last-child");
    plays("10-04-42.mp4");
    browser.assert_no_complaints();
}

/// What is made of movies that browsers do not play, is played to its end: of every container that Motion writes, and of one that
/// was cut off.
#[test]
fn playable_movies_play_to_their_end() {
    let world = World::unpacked("versions/motion-5.0.0-containers", "motion-5.0.0-containers");
    let killed = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/movies/killed.mkv");
    let killed = std::fs::read(killed).unwrap();
    world.event(event_id("CameraCut", 3, "10-04-36")).no_movie().movie("video.mkv", killed).old().make();
    let daemon = world.serve(&[]);
    let browser = Browser::open(&world, &daemon);
    let playable = |event: &Value| event["playable"].as_str().map(str::to_owned);
    let paths = || daemon.events().iter().filter_map(playable).collect::<Vec<_>>();
    wait_until("all events are listed", || paths().len() == 7);
    for path in paths() {
        wait_until("it is made", || daemon.get(&path).status != 202);
        browser.plays_to_its_end(&path);
    }
}
