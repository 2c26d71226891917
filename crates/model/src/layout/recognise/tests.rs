//! Tests of recognition: Motion's layouts, and what other programs write.

use super::*;

/// Recognises files given by their paths, separated by spaces.
fn of(paths: &[String]) -> Findings {
    let directories: BTreeSet<&str> = paths.iter().filter_map(|path| Some(path.split_once('/')?.0)).collect();
    let directories = directories.into_iter().map(|path| Entry { path, is_dir: true });
    let entries: Vec<Entry<'_>> = directories.chain(paths.iter().map(|path| Entry { path, is_dir: false })).collect();
    recognise(&entries, CameraNames { pattern: "Camera.*", matches: &|name| name.starts_with("Camera") })
}

fn of_names(paths: &str) -> Findings {
    of(&paths.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
}

/// The names of a sample below a directory.
fn below(directory: &str, names: &str) -> Vec<String> {
    names.split_whitespace().map(|name| format!("{directory}/{name}")).collect()
}

/// Pattern or `event directories`, and the place.
fn layouts(findings: &Findings) -> Vec<String> {
    let shown = |found: &Found| {
        let arrangement = match &found.arrangement {
            Arrangement::EventDirectories => "event directories".to_owned(),
            Arrangement::Flat(pattern) => pattern.to_string(),
        };
        let place = match &found.place {
            Place::Root { camera: None } => "root".to_owned(),
            Place::Root { camera: Some(camera) } => format!("root as {camera}"),
            Place::Directories(names) => names.join(" "),
        };
        format!("{arrangement} in {place}")
    };
    findings.layouts.iter().map(shown).collect()
}

/// Movies `1` to `8` of one day: `%n` is the number, `%s` a second.
fn movies(template: &str) -> Vec<String> {
    (1..9).map(|n| template.replace("%n", &format!("{n:02}")).replace("%s", &format!("{:02}", n * 6))).collect()
}

#[test]
fn default_names_of_motion_5_are_recognised() {
    let findings = of_names(super::super::tests::names::MOTION_5);
    assert_eq!(layouts(&findings), ["%v-%{movienbr}-%Y%m%d%H%M%S in root"]);
    assert_eq!(findings.layouts[0].counts, Counts { files: 139, movies: 8, pictures: 127, events: 4 });
    assert_eq!(findings.flags, ["--layout '%v-%{movienbr}-%Y%m%d%H%M%S'"]);
    assert_eq!((findings.doubts, findings.unknown), (vec![], Unknown::default()));
}

/// Debian's configuration with one camera in the main file: its id is 0.
#[test]
fn a_camera_without_an_id_is_recognised() {
    let findings = of_names("0-01-20261129174434.mkv 0-02-20261129174712.mkv 0-03-20261129175001.mkv");
    assert_eq!(layouts(&findings), ["%t-%v-%Y%m%d%H%M%S in root"]);
}

#[test]
fn directories_of_motion_eye_are_recognised() {
    use super::super::tests::names::{MOTION_EYE_1, MOTION_EYE_2, MOTION_EYE_3};
    let cameras = [("Camera1", MOTION_EYE_1), ("Camera2", MOTION_EYE_2), ("Camera3", MOTION_EYE_3)];
    let mut paths: Vec<String> = cameras.iter().flat_map(|(name, names)| below(name, names)).collect();
    let findings = of(&paths);
    assert_eq!(layouts(&findings), ["%Y-%m-%d/%H-%M-%S in Camera1 Camera2 Camera3"]);
    assert_eq!(findings.layouts[0].counts.events, 13);
    assert_eq!(findings.flags, ["--layout '%Y-%m-%d/%H-%M-%S'"]);
    assert_eq!(findings.unknown.files, 0);

    paths.extend(below("front (left)", MOTION_EYE_1));
    let flags = [r"--camera-pattern 'Camera.*|front \(left\)'", "--layout '%Y-%m-%d/%H-%M-%S'"];
    assert_eq!(of(&paths).flags, flags);
    let hostile = of(&below("a\x1b[2J", MOTION_EYE_1));
    assert!(hostile.flags.is_empty() && hostile.unknown.files > 0);
    let only = [r"--camera-pattern 'garage'", "--layout '%Y-%m-%d/%H-%M-%S'"];
    assert_eq!(of(&below("garage", MOTION_EYE_1)).flags, only);

    let deeper: Vec<String> = paths.iter().map(|path| format!("media/{path}")).collect();
    let findings = of(&deeper);
    assert!(findings.layouts.is_empty() && findings.flags.is_empty());
    assert!(findings.doubts[0].cure.contains("\"media\""), "{findings:?}");
}

#[test]
fn event_directories_are_recognised() {
    let findings = of_names(
        "Camera1/2026-11-20/10-04-36/video.mp4 Camera1/2026-11-20/10-04-36/10-04-36-01.jpg \
         Camera1/2026-11-20/10-04-36/thumbnail.jpg yard/2026-11-20/01/10-04-36-01.jpg Camera2/2026-11-20/notes.txt",
    );
    assert_eq!(layouts(&findings), ["event directories in Camera1 yard"]);
    assert_eq!(findings.layouts[0].counts, Counts { files: 4, movies: 1, pictures: 3, events: 2 });
    assert_eq!(findings.flags, ["--camera-pattern 'Camera.*|yard'"]);
    assert_eq!(findings.unknown.examples, ["Camera2/2026-11-20/notes.txt"]);

    let mut paths = below("Camera2", super::super::tests::names::MOTION_EYE_1);
    paths.push("Camera1/2026-11-20/10-04-36/video.mp4".to_owned());
    assert_eq!(of(&paths).flags, ["--layout 'Camera2=%Y-%m-%d/%H-%M-%S'"]);

    let findings = of_names("2026-11-20/10-04-36/video.mp4 2026-11-20/10-05-36/video.mp4");
    assert!(findings.layouts.is_empty() && findings.doubts[0].cure.contains("the directory above"));
}

#[test]
fn prefixes_of_the_root_are_cameras() {
    let mut paths = movies("CAM01_%n-202611281017%s.mp4");
    paths.extend(movies("CAM02_%n-202611281018%s.mp4"));
    let findings = of(&paths);
    let expected = ["CAM01_%v-%Y%m%d%H%M%S in root as CAM01", "CAM02_%v-%Y%m%d%H%M%S in root as CAM02"];
    assert_eq!(layouts(&findings), expected);
    let flags = ["--layout 'CAM01=CAM01_%v-%Y%m%d%H%M%S'", "--layout 'CAM02=CAM02_%v-%Y%m%d%H%M%S'"];
    assert_eq!(findings.flags, flags);

    paths.push("CAM01/notes.txt".to_owned());
    let findings = of(&paths);
    assert_eq!(layouts(&findings), expected[1..]);
    assert!(findings.doubts[0].why.contains("a directory of that name"));

    let nested = movies("yard/CAM01_%n-202611281017%s.mp4");
    assert_eq!(of(&nested).flags, ["--camera-pattern 'yard'", "--layout 'CAM01_%v-%Y%m%d%H%M%S'"]);
}

#[test]
fn numbers_are_told_apart_or_refused() {
    let text = |findings: &Findings| layouts(findings).join(", ");
    assert_eq!(text(&of(&movies("1-%n-202611281017%s.avi"))), "%t-%v-%Y%m%d%H%M%S in root");
    assert_eq!(text(&of(&movies("%n-1-202611281017%s.avi"))), "%v-%{movienbr}-%Y%m%d%H%M%S in root");
    assert_eq!(text(&of(&movies("%n-202611281017%s.avi"))), "%v-%Y%m%d%H%M%S in root");
    assert_eq!(text(&of(&movies("0%n-202611281017%s.avi"))), "%3v-%Y%m%d%H%M%S in root");
    assert_eq!(text(&of(&movies("2%n-202611281017%s.avi"))), "%v-%Y%m%d%H%M%S in root");
    let camera_alone = of(&movies("1-202611281017%s.avi"));
    assert!(camera_alone.layouts.is_empty() && camera_alone.doubts[0].cure.contains("'%t-%Y%m%d%H%M%S'"));

    let findings = of(&movies("1%n-12-202611281017%s.avi"));
    assert_eq!((text(&findings), findings.flags.len()), (String::new(), 0));
    let doubt = &findings.doubts[0];
    assert!(doubt.why.contains("can be read as %v-%{movienbr}-%Y%m%d%H%M%S and as %t-%v-"), "{doubt:?}");
    assert!(doubt.cure.contains("--layout '%t-%v-%Y%m%d%H%M%S'"), "{doubt:?}");

    let mut mixed = movies("1-%n-202611281017%s.avi");
    mixed.extend(movies("%n-1-202611281018%s.avi"));
    let findings = of(&mixed);
    assert!(findings.layouts.is_empty() && findings.doubts[0].cure.contains("pass both"), "{findings:?}");

    let constant = of(&movies("12-202611281017%s.avi"));
    assert!(constant.layouts.is_empty() && constant.doubts.len() == 1, "{constant:?}");
}

#[test]
fn other_patterns_need_companions() {
    let stamps = movies("20261128_1017%s.mp4");
    let findings = of(&stamps);
    assert!(findings.layouts.is_empty() && findings.flags.is_empty());
    assert_eq!(findings.doubts[0].cure, "if they are Motion's, pass --layout '%Y%m%d_%H%M%S'");
    let mut with_series = stamps.clone();
    with_series.extend(movies("20261128_1017%s-00.jpg").into_iter().chain(movies("20261128_1017%s-01.jpg")));
    let mut with_snapshots = stamps.clone();
    with_snapshots.push("20261128_101758-snapshot.jpg".to_owned());
    let mut with_debug = stamps.clone();
    with_debug.push("20261128_101706m.mp4".to_owned());
    for paths in [with_series, with_snapshots, with_debug] {
        assert_eq!(layouts(&of(&paths)), ["%Y%m%d_%H%M%S in root"]);
    }
    let mut hours = movies("Camera1/2026/11/28/13/17-%s.mp4");
    assert!(of(&hours).layouts.is_empty());
    hours.push("Camera1/2026/11/28/13/17-06.mp4.thumb".to_owned());
    assert_eq!(layouts(&of(&hours)), ["%Y/%m/%d/%H/%M-%S in Camera1"]);
}

#[test]
fn a_minority_is_not_recognised() {
    let mut paths = movies("%n-202611281017%s.mp4");
    paths.extend(["holidays.mp4".to_owned(), "birthday.MOV".to_owned()]);
    let findings = of(&paths);
    assert!(findings.layouts.is_empty(), "{findings:?}");
    assert!(findings.doubts[0].why.contains("only 8 of 10 movies"), "{findings:?}");
    assert_eq!(findings.unknown.files, 10);
    let findings = of_names("01-20261128101706.mp4");
    assert!(findings.layouts.is_empty() && findings.doubts[0].why.contains("only one"));
    let findings = of_names("01-20261128101706-00.jpg 01-20261128101706-01.jpg");
    assert!(findings.layouts.is_empty() && findings.doubts[0].why.contains("no movies"), "{findings:?}");
    assert!(findings.doubts[0].cure.ends_with("--layout '%v-%Y%m%d%H%M%S'"), "{findings:?}");
    let findings = of_names("2-01-20261128101706-00.jpg 2-01-20261128101706-01.jpg");
    assert!(findings.doubts[0].cure.ends_with("--layout '%t-%v-%Y%m%d%H%M%S'"), "{findings:?}");
}

#[test]
fn layouts_of_one_place_are_checked_together() {
    let mut paths = movies("Camera1/2026-11-28/13-17-%s.mp4");
    paths.extend(movies("Camera1/%n-202611281017%s.mp4"));
    let findings = of(&paths);
    assert!(findings.layouts.is_empty() && findings.doubts[0].why.contains("different places"), "{findings:?}");
    let mut paths = movies("Camera1/%n-1-202611281317%s.mkv");
    paths.extend(movies("Camera1/%n-202611281017%s.mp4"));
    let findings = of(&paths);
    let flags = ["--layout '%v-%Y%m%d%H%M%S'", "--layout '%v-%{movienbr}-%Y%m%d%H%M%S'"];
    assert_eq!(findings.flags, flags, "{findings:?}");
}

/// Other recorders can name movies like Motion; their times and numbers tell.
#[test]
fn recorders_without_events_are_not_recognised() {
    let of_each = |name: fn(u32) -> String| of(&(0..40).map(name).collect::<Vec<_>>());
    let findings = of_each(|n| format!("yard/2026-11-28/{:02}-{:02}-0{}.mp4", n / 4 + 3, n % 4 * 15, n % 2));
    assert!(findings.layouts.is_empty() && findings.doubts[0].why.contains("equal intervals"), "{findings:?}");
    let findings = of_each(|n| format!("{:02}-202611281{}{:02}00.mp4", n * 7 % 4 + 1, n / 10, n % 10 * 6));
    assert!(findings.layouts.is_empty() && findings.doubts[0].why.contains("channels"), "{findings:?}");
    let findings = of_each(|n| format!("01-202611{:02}13{:02}00.mp4", n / 2 + 1, n * n % 60));
    assert!(findings.layouts.is_empty() && findings.doubts[0].why.contains("always the same"), "{findings:?}");
    let findings = of_each(|n| format!("{:02}-202611{:02}13{:02}00.mp4", n % 9 + 1, n / 2 + 1, n % 2 * 20 + n));
    assert_eq!(layouts(&findings), ["%v-%Y%m%d%H%M%S in root"]);
    let findings = of_each(|n| format!("yard/2026-11-28/{:02}-{:02}-05.mp4", n / 4 + 3, n % 4 * 11 + n * 5 % 7));
    assert_eq!(layouts(&findings), ["%Y-%m-%d/%H-%M-%S in yard"]);
}

/// A phone's directory `Camera` would be a camera by its name.
#[test]
fn a_flag_never_applies_to_a_doubtful_directory() {
    let phone = movies("Camera/20261128_1317%s.mp4");
    let companion = |place: &str| vec![format!("{place}20261128_101758-snapshot.jpg")];
    let motion = [movies("Camera1/20261128_1017%s.mp4"), companion("Camera1/")].concat();
    assert_eq!(of(&motion).flags, ["--layout '%Y%m%d_%H%M%S'"]);
    assert_eq!(of(&[motion, phone.clone()].concat()).flags, ["--layout 'Camera1=%Y%m%d_%H%M%S'"]);
    let root = [movies("20261128_1017%s.mp4"), companion("")].concat();
    let findings = of(&[root, phone].concat());
    assert!(findings.layouts.is_empty() && findings.flags.is_empty(), "{findings:?}");
    assert!(findings.doubts.iter().any(|doubt| doubt.cure.contains("--layout 'NAME=%Y%m%d_%H%M%S'")));
}

/// Whatever is not Motion's must stay untouched: a layout that is recognised here would let rules delete it.
#[test]
fn other_programs_are_not_recognised() {
    let bursts =
        ["20261128_131002_001.jpg", "20261128_131002_002.jpg", "20261128_131002(0).jpg", "20261128_131003.jpg"];
    let phone: Vec<String> = [
        movies("DCIM/Camera/20261128_1317%s.mp4"),
        movies("Camera/20261128_1317%s.mp4"),
        movies("Camera/20261128_1317%s.jpg"),
        movies("Camera/VID_20261128_1317%s.mp4"),
        movies("Camera/PXL_20261128_1317%s123.mp4"),
        movies("Camera/PXL_20261128_1317%s123.jpg"),
        movies("Camera/VID-20261128-WA00%n.mp4"),
        movies("WhatsApp/VID-20261128-WA00%n.mp4"),
        bursts.map(|name| format!("Camera/{name}")).to_vec(),
    ]
    .concat();
    let others = [
        ("a photo library", [movies("2026/11/28/IMG_12%n.jpg"), movies("2026/11/28/MVI_12%n.mp4")].concat()),
        ("photos by time", [movies("2026/11/20261128_1317%s.jpg"), movies("2026/11/28/20261128_1317%s.mp4")].concat()),
        ("photos", [movies("2026-11-28/20261128_1310%s.jpg"), movies("2026-11-28/IMG_%n.mov")].concat()),
        ("a phone", phone),
        ("screenshots", movies("Screenshot 2026-11-28 at 13.10.%s.png")),
        ("screencasts", movies("Screencast from 2026-11-28 13-10-%s.webm")),
        ("OBS", [movies("2026-11-28 13-10-%s.mkv"), movies("Replay 2026-11-28 13-10-%s.mp4")].concat()),
        (
            "Frigate",
            [
                movies("recordings/2026-11-28/13/garage/10.%s.mp4"),
                movies("clips/garage-17643354%s.12-abc.jpg"),
                movies("exports/garage_20261128_1310%s-20261128_1320%s_abc.mp4"),
            ]
            .concat(),
        ),
        ("Frigate's recordings", movies("2026-11-28/13/garage/10.%s.mp4")),
        (
            "ZoneMinder",
            [
                movies("events/1/2026-11-28/123%n/123%n-video.mp4"),
                movies("1/26/11/28/13/10/%s/00001-capture.jpg"),
                movies("1/2026-11-28/123%n/000%n-capture.jpg"),
                movies("1/2026-11-28/123%n/123%n-video.mp4"),
            ]
            .concat(),
        ),
        ("Shinobi", [movies("ke/mid/2026-11-28T13-10-%s.mp4"), movies("mid/2026-11-28T13-10-%s.mp4")].concat()),
        ("Kerberos", movies("17643354%s_6-967003_garage_200-200-400-400_24_769.mp4")),
        ("backups", [movies("backup-202611281310%s.tar"), movies("db/20261128-1310%s.sql.gz")].concat()),
        ("logs", [movies("20261128/1310%s.log"), movies("2026-11-28/13-10-%s.log")].concat()),
        ("a voice recorder", [movies("20261128/1310%s.wav"), movies("2026-11-28/13-10-%s.mp3")].concat()),
        (
            "dash cams",
            [
                movies("202611281310%s_0001%nF.MP4"),
                movies("Movie/202611281310%s_0001%nF.mp4"),
                movies("2026_1128_1310%s_0%nF.MP4"),
                movies("front/2026_1128_1310%s_0%nF.mp4"),
                movies("202611281310%s_0001%n.mp4"),
            ]
            .concat(),
        ),
        ("Reolink", [movies("Garage_01_202611281310%s.mp4"), movies("Yard_00_202611281310%s.mp4")].concat()),
        ("Hikvision", movies("10.0.0.4_01_202611281310%s123_MOTION_DETECTION.mp4")),
        ("Dahua", movies("2026-11-28/001/dav/13/13.10.%s-13.11.%s[M][0@0][0].mp4")),
        ("Wyze", movies("record/20261128/13/%n.mp4")),
        ("Tesla", movies("SavedClips/2026-11-28_13-10-%s/2026-11-28_13-09-%s-front.mp4")),
        ("GoPro", movies("100GOPRO/GX01%n34.MP4")),
        ("music", [movies("Artist/2026/%n - Song.mp3"), movies("Artist/Live/%n - Video.mp4")].concat()),
        ("series", movies("Show/Season 01/Show.S01E%n.2026.11.28.1080p.mkv")),
        ("numbers of zero", movies("00-202611281310%s.mp4")),
        ("ours", [movies(".owlery/%n-202611281310%s.mp4"), movies("delete_queue/x/2026-11-28/13-10-%s.mp4")].concat()),
    ];
    for (what, paths) in others {
        let findings = of(&paths);
        assert!(findings.layouts.is_empty() && findings.flags.is_empty(), "{what}: {findings:#?}");
    }
}

proptest::proptest! {
    #[test]
    fn no_paths_panic(paths in proptest::collection::vec(
        "(Camera1/|[aé%]/)?(2026-11-28/|20261128/|2026/11/28/|[-_0-9aé./]{0,5})[-_0-9a.é%]{0,6}(20261128131725|13-17-25)?[-_0-9maé]{0,4}(\\.mp4|\\.jpg)",
        0..12,
    )) {
        let findings = of(&paths);
        proptest::prop_assert!(findings.unknown.examples.len() <= UNKNOWN_EXAMPLES);
    }
}
