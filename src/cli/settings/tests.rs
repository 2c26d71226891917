use std::time::Duration;

use super::declaration::{
    ALL, ALLOW_HOST, CACHE_MEMORY, CACHE_SIZE, CAMERA_PATTERN, CHECK_INTERVAL, EVENT_GAP, FLOOR_DAYS, INSECURE,
    KEEP_DAYS, LAYOUT, LISTEN, MAX_SHARE, MAX_SIZE, MIN_FREE, MOTION_CONF, POLL, REAP_RATE, SIDECARS, Setting,
    UNDO_WINDOW, WINDOW,
};
use super::*;
use crate::Keep;

fn parse(values: &Values) -> Result<Settings> {
    Settings::parse(values, Path::new("/x"))
}

/// The settings from one value.
fn parse_one(setting: &'static Setting, text: &str) -> Result<Settings> {
    parse(&Values::default().with(setting, text))
}

#[test]
fn command_line_beats_environment_beats_file() {
    let flags = Values::default().with(KEEP_DAYS, "1");
    let environment = Values::from_environment(
        [
            ("OWLERY_KEEP_DAYS", "2,Camera2=forever"),
            ("OWLERY_POLL", "5s"),
            ("OWLERY_ALLOW_HOST", "owl.example,nas:8000"),
        ]
        .map(|(name, value)| (name.into(), value.into())),
    )
    .unwrap();
    assert_eq!(environment.list(KEEP_DAYS), ["2", "Camera2=forever"]);
    assert_eq!(environment.list(ALLOW_HOST), ["owl.example", "nas:8000"]);
    let file: Values = toml::from_str("keep-days = 3\npoll = \"9s\"\nevent-gap = \"30s\"\nmax-share = 0.25").unwrap();
    let levels =
        vec![(Source::CommandLine, flags), (Source::Environment, environment), (Source::File("f".into()), file)];
    let (all, _) = merge(levels).unwrap();
    assert_eq!(all.list(KEEP_DAYS), ["1", "Camera2=forever"]);
    assert_eq!((all.text(POLL), all.text(EVENT_GAP)), (Some("5s"), Some("30s")));
    assert_eq!(all.text(MAX_SHARE), Some("0.25"));
}

#[test]
fn every_setting_can_be_taken_out() {
    for setting in ALL {
        let mut values = Values::default().with(setting, "x");
        assert!(values.take(setting).is_some());
        assert_eq!(values, Values::default(), "{}", setting.name);
    }
}

/// The declared defaults are those of the library.
#[test]
fn declared_defaults_are_those_in_force() {
    let declared = [
        FLOOR_DAYS,
        MAX_SHARE,
        CHECK_INTERVAL,
        REAP_RATE,
        LISTEN,
        CAMERA_PATTERN,
        EVENT_GAP,
        SIDECARS,
        CACHE_SIZE,
        CACHE_MEMORY,
    ];
    let with_defaults = declared
        .into_iter()
        .fold(Values::default(), |values, setting| values.with(setting, setting.default.expect("it has a default")));
    let (explicit, implicit) = (parse(&with_defaults).unwrap(), parse(&Values::default()).unwrap());
    assert_eq!(explicit.options.policy, implicit.options.policy);
    assert_eq!(explicit.options.check_interval, implicit.options.check_interval);
    assert_eq!(explicit.options.reap_rate, implicit.options.reap_rate);
    assert_eq!(explicit.options.camera_pattern, implicit.options.camera_pattern);
    assert_eq!(explicit.options.event_gap, implicit.options.event_gap);
    assert_eq!(explicit.options.sidecars, implicit.options.sidecars);
    assert_eq!(explicit.options.cache, implicit.options.cache);
    assert_eq!(explicit.listen, implicit.listen);
}

#[test]
fn a_number_without_a_unit_is_refused() {
    let wrong = |setting, text| parse_one(setting, text).unwrap_err().to_string();
    let free = wrong(MIN_FREE, "20");
    assert!(free.contains("20GB") && free.contains("20%"), "{free}");
    let size = wrong(MAX_SIZE, "Camera1=5");
    assert!(size.contains("5GB") && size.contains("5TB"), "{size}");
    let poll = wrong(POLL, "5");
    assert!(poll.contains("5s or 5m"), "{poll}");
    let undo = wrong(UNDO_WINDOW, "7");
    assert!(undo.contains("7h or 7d"), "{undo}");
    assert!(parse_one(UNDO_WINDOW, "0").is_ok());
    let cache = wrong(CACHE_SIZE, "5");
    assert!(cache.contains("5MB or 5GB"), "{cache}");
    assert!(parse_one(CACHE_SIZE, "0").is_err() && parse_one(CACHE_MEMORY, "0").is_ok());
    let file: Values = toml::from_str("check-interval = 60\nmin-free = 20\nmax-size = [1, 2.5]").unwrap();
    assert_eq!((file.text(CHECK_INTERVAL), file.text(MIN_FREE)), (Some("60"), Some("20")));
    assert_eq!(file.list(MAX_SIZE), ["1", "2.5"]);
}

#[test]
fn rules_are_parsed_strictly() {
    let days = |text: &str| parse_one(KEEP_DAYS, text);
    assert_eq!(days("45").unwrap().options.policy.keep, Some(Keep::Days(45)));
    assert_eq!(days("forever").unwrap().options.policy.keep, Some(Keep::Forever));
    for bad in ["0", "-1", "x", "", "1.5", "Camera1=", "=5", "Camera1=0", "99999999999"] {
        assert!(days(bad).is_err(), "{bad:?}");
    }
    let share = |text: &str| parse_one(MAX_SHARE, text);
    assert!(share("1").is_ok());
    for bad in ["0", "-0.5", "1.5", "NaN", "half"] {
        assert!(share(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn a_public_address_needs_users_or_insecure() {
    let listen = |text: &str, insecure: bool| {
        let values = Values::default().with(LISTEN, text);
        parse(&if insecure { values.with(INSECURE, "") } else { values })
    };
    assert!(listen("127.0.0.1:0", false).is_ok());
    assert!(listen("[::1]:8000", false).is_ok());
    assert!(listen("0.0.0.0:8000", false).is_err());
    assert!(listen("0.0.0.0:8000", true).is_ok());
    assert!(listen("localhost", false).is_err());
    let with_users = |text: &str| {
        let values: Values = toml::from_str(text).unwrap();
        parse(&values.with(LISTEN, "0.0.0.0:8000"))
    };
    let sha256 = "0".repeat(64);
    assert!(
        with_users(&format!("[tokens]\nhome = {{ sha256 = \"{sha256}\" }}")).unwrap().access.requires_authentication()
    );
    assert!(with_users("[proxy]\nfrom = [\"127.0.0.1\"]").is_err(), "it signs no user in");
}

#[test]
fn the_reap_rate_is_a_whole_number() {
    let rate = |text: &str| parse_one(REAP_RATE, text);
    assert_eq!(rate("500").unwrap().options.reap_rate.map(u32::from), Some(500));
    assert_eq!(rate("0").unwrap().options.reap_rate, None);
    for bad in ["-1", "+1", "1.5", "", "fast", "1/s", "99999999999"] {
        assert!(rate(bad).is_err(), "{bad:?}");
    }
    let file: Values = toml::from_str("reap-rate = 500\nwindow = \"01:00-05:30\"").unwrap();
    assert_eq!((file.text(REAP_RATE), file.text(WINDOW)), (Some("500"), Some("01:00-05:30")));
}

#[test]
fn a_window_is_two_different_times_of_day() {
    let window = |text: &str| parse_one(WINDOW, text);
    assert_eq!(window("22:00-04:00").unwrap().options.window.unwrap().to_string(), "22:00-04:00");
    for bad in ["", "night", "22-4", "22:00", "25:00-04:00", "04:00-04:00"] {
        assert_eq!(window(bad).unwrap_err().kind(), crate::Kind::Usage, "{bad:?}");
    }
}

#[test]
fn spans_have_units_and_exceed_zero() {
    let gap = |text: &str| parse_one(EVENT_GAP, text);
    assert_eq!(gap("1m 30s").unwrap().options.event_gap, Duration::from_secs(90));
    for bad in ["0s", "60", "soon", ""] {
        assert!(gap(bad).is_err(), "{bad:?}");
    }
}

/// A flag for one camera leaves the others to Motion's configuration.
#[test]
fn layouts_come_from_flags_and_motion_conf() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().canonicalize().unwrap();
    let conf = root.join("motion.conf");
    let cameras = ["Camera1", "Camera2"].map(|camera| {
        let file = root.join(format!("{camera}.conf"));
        std::fs::write(&file, format!("target_dir {}/{camera}\n", root.display())).unwrap();
        format!("camera {}\n", file.display())
    });
    std::fs::write(&conf, cameras.concat()).unwrap();
    let values = Values::default().with(LAYOUT, "Camera2=%Y-%m-%d/%H-%M-%S");
    let settings = Settings::parse(&values.with(MOTION_CONF, conf.to_str().unwrap()), &root).unwrap();
    let layouts: Vec<(String, String)> = settings
        .options
        .layouts
        .iter()
        .map(|(camera, pattern)| (camera.as_ref().unwrap().to_string(), pattern.to_string()))
        .collect();
    let expected = [("Camera2", "%Y-%m-%d/%H-%M-%S"), ("Camera1", "%v-%Y%m%d%H%M%S")];
    assert_eq!(layouts, expected.map(|(camera, pattern)| (camera.to_owned(), pattern.to_owned())));
    assert_eq!(parse_one(LAYOUT, "%Y").unwrap_err().kind(), crate::Kind::Usage);
    let file: Values = toml::from_str("layout = [\"%v-%Y%m%d%H%M%S\", \"Camera1=%Y-%m-%d/%H-%M-%S\"]").unwrap();
    assert_eq!(parse(&file).unwrap().options.layouts.len(), 2);
}
