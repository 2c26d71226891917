//! The JSON of events: for any names, and to the byte for one page.

use owlery_model::event::{DebugMovie, Details, Event as ModelEvent, EventId, Located, MovieName, Thumbnail};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::segment;

fn event(id: &str, videos: Vec<Movie>) -> ModelEvent {
    let id: EventId = id.parse().unwrap();
    let time = id.named_time().unwrap();
    let details = Details {
        start: time,
        end: time,
        state: State::Open,
        saved: true,
        frames: None,
        bytes: None,
        videos: videos.into_iter().collect(),
        debug_video: None,
        thumbnail: None,
        peak_change: None,
        motion_mask: None,
        problems: vec![],
    };
    ModelEvent { id, details }
}

proptest! {
    #[test]
    fn an_event_is_json_for_every_camera_name(camera in "\\PC{1,12}", movie in "\\PC{1,6}", problem in "\\PC{0,20}|\"\\\\\n", n in any::<Option<u32>>()) {
        let Ok(id) = format!("{camera}/2026-11-20/10-04-36").parse::<EventId>() else { return Ok(()) };
        let Some(other) = MovieName::parse(format!("{movie}.mkv").as_bytes()) else { return Ok(()) };
        let videos = vec![Movie::new(Container::Mp4), Movie { name: other.clone(), bytes: n.map(u64::from) }];
        let mut event = event(&id.to_string(), videos);
        let bytes = n.map(|n| u64::from(n) << 32);
        event.details = Details { frames: n, bytes, peak_change: n, problems: vec![problem.clone()], ..event.details };
        let stored = Location::Store("offsite".into());
        let events = [Located::local(event.clone()), Located { event: event.clone(), location: stored }];
        let page: Value = serde_json::from_slice(&EventPage::new(&events, Some(&[true, false]), None, "/below").to_json()).unwrap();
        let media = |file: &str| format!("/below/media/{}/2026-11-20/10-04-36/{}", segment(&camera), segment(file));
        let expected = json!({
            "id": id.to_string(), "camera": camera, "start": "2026-11-20T10:04:36", "end": "2026-11-20T10:04:36",
            "state": "open", "saved": true, "reviewed": true, "frames": n, "bytes": bytes,
            "video": media("video.mp4"), "debug_video": null, "container": "mp4", "videos": [
                { "name": "video.mp4", "bytes": null, "url": media("video.mp4") },
                { "name": other.as_str(), "bytes": n, "url": media(other.as_str()) },
            ],
            "thumbnail": null, "playable": media("playable.mp4"), "preview": media("preview.webp"), "peak_change": n, "problems": [problem],
            "location": "local",
        });
        let mut elsewhere = expected.clone();
        elsewhere["location"] = json!("offsite");
        elsewhere["reviewed"] = json!(false);
        prop_assert_eq!(&page, &json!({ "events": [expected.clone(), elsewhere], "next": null }));
        let directory = Directory::new("/below", &event.id);
        prop_assert_eq!(&serde_json::to_value(Event::new(&events[0], &directory).reviewed(true)).unwrap(), &expected);
        let of_nobody = serde_json::to_value(Event::new(&events[0], &directory)).unwrap();
        prop_assert_eq!(of_nobody.get("reviewed"), None);
        let images = vec![Image { name: "x", bytes: 1, url: directory.file("x") }];
        let one = serde_json::to_value(EventWithImages { event: Event::new(&events[0], &directory), images, expires: None }).unwrap();
        prop_assert_eq!(&one["images"], &json!([{ "name": "x", "bytes": 1, "url": media("x") }]));
        prop_assert_eq!(&one["expires"], &Value::Null);
        prop_assert_eq!(&one["id"], &expected["id"]);
    }
}

/// Clients may compare responses as bytes, and the ETag of limited users is made of them.
#[test]
fn a_page_is_the_same_to_the_byte() {
    let mut full = event(
        "Küche \"1\"/2026-11-20/10-04-36",
        vec![
            Movie { name: Container::Mp4.into(), bytes: Some(102_637) },
            Movie::new(MovieName::parse(b"10:04 #2.MKV").unwrap()),
        ],
    );
    full.details = Details {
        end: full.details.start + chrono::TimeDelta::seconds(86_400),
        state: State::Interrupted,
        frames: Some(u32::MAX),
        bytes: Some(u64::MAX),
        debug_video: Some(DebugMovie::InDebug(Container::Mp4)),
        thumbnail: Thumbnail::of(b"10-04-38-01.jpg"),
        peak_change: Some(0),
        problems: vec!["the end is \"missing\"\n".to_owned()],
        ..full.details
    };
    let bare = event("Camera1/2026-11-20/00-00-01", vec![]);
    let mut number = event("Camera1/2026-11-20/00-00-01", vec![]);
    number.id = "Camera1/2026-11-20/007".parse().unwrap();
    number.details.thumbnail = Some(Thumbnail::OfMovie(Container::Mkv.into()));
    let events = [full, bare, number].map(Located::local);
    let page = EventPage::new(
        &events,
        Some(&[false, true, false]),
        Some("2026-11-20T00:00:01/Camera1/2026-11-20/007".to_owned()),
        "/owlery",
    );
    let golden = concat!(
        r##"{"events":[{"id":"Küche \"1\"/2026-11-20/10-04-36","camera":"Küche \"1\"","start":"2026-11-20T10:04:36","##,
        r##""end":"2026-11-21T10:04:36","state":"interrupted","saved":true,"reviewed":false,"frames":4294967295,"##,
        r##""bytes":18446744073709551615,"video":"/owlery/media/K%C3%BCche%20%221%22/2026-11-20/10-04-36/video.mp4","##,
        r##""container":"mp4","videos":[{"name":"video.mp4","bytes":102637,"##,
        r##""url":"/owlery/media/K%C3%BCche%20%221%22/2026-11-20/10-04-36/video.mp4"},"##,
        r##"{"name":"10:04 #2.MKV","bytes":null,"url":"/owlery/media/K%C3%BCche%20%221%22/2026-11-20/10-04-36/10%3A04%20%232.MKV"}],"##,
        r##""debug_video":"/owlery/media/K%C3%BCche%20%221%22/2026-11-20/10-04-36/debug/video.mp4","##,
        r##""thumbnail":"/owlery/media/K%C3%BCche%20%221%22/2026-11-20/10-04-36/10-04-38-01.jpg","##,
        r##""playable":"/owlery/media/K%C3%BCche%20%221%22/2026-11-20/10-04-36/playable.mp4","##,
        r##""preview":"/owlery/media/K%C3%BCche%20%221%22/2026-11-20/10-04-36/preview.webp","peak_change":0,"##,
        r##""problems":["the end is \"missing\"\n"],"location":"local"},"##,
        r##"{"id":"Camera1/2026-11-20/00-00-01","camera":"Camera1","start":"2026-11-20T00:00:01","end":"2026-11-20T00:00:01","##,
        r##""state":"open","saved":true,"reviewed":true,"frames":null,"bytes":null,"video":null,"container":null,"videos":[],"##,
        r##""debug_video":null,"thumbnail":null,"playable":null,"preview":null,"peak_change":null,"problems":[],"location":"local"},"##,
        r##"{"id":"Camera1/2026-11-20/007","camera":"Camera1","start":"2026-11-20T00:00:01","end":"2026-11-20T00:00:01","##,
        r##""state":"open","saved":true,"reviewed":false,"frames":null,"bytes":null,"video":null,"container":null,"videos":[],"##,
        r##""debug_video":null,"thumbnail":"/owlery/media/Camera1/2026-11-20/007/video.mkv.thumb","##,
        r##""playable":null,"preview":"/owlery/media/Camera1/2026-11-20/007/preview.webp","peak_change":null,"##,
        r##""problems":[],"location":"local"}],"next":"2026-11-20T00:00:01/Camera1/2026-11-20/007"}"##,
    );
    assert_eq!(String::from_utf8(page.to_json()).unwrap(), golden);
    assert_eq!(serde_json::to_string(&page).unwrap(), golden);
}

/// The keys of the JSON are those of the schema, and each is required.
#[cfg(feature = "schema")]
#[test]
fn the_schema_has_the_keys_of_the_json() {
    use utoipa::PartialSchema;

    let event = Located::local(event("Camera1/2026-11-20/10-04-36", vec![Movie::new(Container::Mp4)]));
    let directory = Directory::new("", &event.event.id);
    let event = serde_json::to_value(Event::new(&event, &directory).reviewed(false)).unwrap();
    let page = serde_json::to_value(EventPage::new(&[], None, None, "")).unwrap();
    let schemas = [Event::schema(), Video::schema(), EventPage::schema()].map(|schema| json!(schema));
    for (object, schema) in [&event, &event["videos"][0], &page].into_iter().zip(schemas) {
        let keys: std::collections::BTreeSet<&str> = object.as_object().unwrap().keys().map(String::as_str).collect();
        let described = schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, described);
        assert_eq!(keys, schema["required"].as_array().unwrap().iter().filter_map(Value::as_str).collect());
    }
}
