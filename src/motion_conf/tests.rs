use super::*;

struct Etc(tempfile::TempDir);

impl Etc {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("archive")).unwrap();
        Self(dir)
    }

    fn root(&self) -> PathBuf {
        self.0.path().join("archive")
    }

    /// Writes a file; `ROOT` and `HERE` in it become paths.
    fn file(&self, name: &str, text: &str) {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let text = text.replace("ROOT", self.root().to_str().unwrap()).replace("HERE", self.0.path().to_str().unwrap());
        std::fs::write(path, text).unwrap();
    }

    fn read(&self) -> MotionConf {
        MotionConf::read(self.0.path().join("motion.conf")).unwrap()
    }

    fn ports(&self) -> Vec<(String, u16)> {
        let ports = self.read().ports(self.root());
        ports.into_iter().map(|(camera, port)| (camera.to_string(), port)).collect()
    }

    /// The streams: host, port and path, and the login if there is one.
    fn streams(&self) -> Vec<(String, String)> {
        let text = |url: StreamUrl| {
            let login = url.login().map_or_else(String::new, |login| format!(" {}:{}", login.user, login.password));
            format!("{}{}{login}", url.authority(), url.target())
        };
        self.read().streams(self.root()).into_iter().map(|(camera, url)| (camera.to_string(), text(url))).collect()
    }

    /// The layouts, as `--layout` takes them.
    fn layouts(&self) -> Vec<String> {
        let layouts = self.read().layouts(self.root());
        let text = |(camera, pattern): (Option<Camera>, Pattern)| {
            camera.map_or_else(|| pattern.to_string(), |camera| format!("{camera}={pattern}"))
        };
        layouts.into_iter().map(text).collect()
    }

    fn gap(&self) -> u64 {
        self.read().event_gap(self.root()).as_secs()
    }
}

#[test]
fn cameras_inherit_from_the_main_file() {
    let etc = Etc::new();
    etc.file("motion.conf", "# main\nevent_gap 30\nstream_port 0\ncamera HERE/c1.conf\ncamera HERE/c2.conf\n");
    etc.file("c1.conf", "camera_id 1\nstream_port 8081\ntarget_dir ROOT/Camera1\n");
    etc.file("c2.conf", "; two\nevent_gap = 45\nstream_port=8082\ntarget_dir /elsewhere/Camera2\n");
    assert_eq!(etc.ports(), [("Camera1".to_owned(), 8081)]);
    assert_eq!(etc.gap(), 30, "that of the camera here");
    assert!(MotionConf::read(etc.0.path().join("none.conf")).is_err());
    let options = etc.read().options(etc.root());
    assert_eq!((options.event_gap.as_secs(), options.ports.len(), &options.root), (30, 1, &etc.root()));
    assert_eq!(options.layouts, etc.read().layouts(etc.root()));
}

/// Motion's default holds for a camera that sets no gap, and what stands below the `camera` lines is not inherited.
#[test]
fn unset_gaps_are_motions_default() {
    let etc = Etc::new();
    etc.file("motion.conf", "camera c1.conf\ncamera c2.conf\nevent_gap 600\n");
    etc.file("c1.conf", "event_gap 10\ntarget_dir ROOT/Camera1\n");
    etc.file("c2.conf", "target_dir ROOT/Camera2\n");
    assert_eq!(etc.gap(), 60);
    etc.file("motion.conf", "event_gap 600\ncamera c1.conf\ncamera c2.conf\n");
    assert_eq!(etc.gap(), 600);
    for endless in ["0", "-1", "x"] {
        etc.file("c1.conf", &format!("event_gap {endless}\ntarget_dir ROOT/Camera1\n"));
        assert_eq!(etc.gap(), 86_400, "{endless}");
        assert!(etc.read().warnings(etc.root()).iter().any(|warning| warning.contains("never ends")));
    }
    etc.file("c1.conf", "event_gap 99999999999999999999\ntarget_dir ROOT/Camera1\n");
    assert_eq!(etc.gap(), 86_400);
}

#[test]
fn every_way_to_name_cameras_is_read() {
    let etc = Etc::new();
    etc.file("motion.conf", "THREAD 'c1.conf'\ncamera \"HERE/c2.conf\"\ncamera_dir conf.d\nconfig_dir HERE/more\n");
    for (file, number) in [("c1.conf", 1), ("c2.conf", 2), ("conf.d/c3.conf", 3), ("more/c4.conf", 4)] {
        etc.file(file, &format!("Stream_Port 808{number} # note\r\ntarget_dir ROOT/Camera{number}\r\n"));
    }
    etc.file("conf.d/c5.conf~", "stream_port 8085\ntarget_dir ROOT/Camera5\n");
    assert_eq!(etc.ports().iter().map(|(_, port)| *port).collect::<Vec<_>>(), [8081, 8082, 8083, 8084]);
}

#[test]
fn bad_camera_files_are_skipped() {
    let etc = Etc::new();
    etc.file("motion.conf", "camera gone.conf\ncamera conf.d\ncamera /dev/zero\ncamera motion.conf\ncamera c1.conf\n");
    etc.file("conf.d/x", "");
    etc.file("c1.conf", "camera c1.conf\ncamera motion.conf\nstream_port 8081\ntarget_dir archive/Camera1\n");
    assert_eq!(etc.ports(), [("Camera1".to_owned(), 8081)]);
    etc.file("motion.conf", "camera gone.conf\ncamera_dir gone\nstream_port 8085\ntarget_dir archive/Camera1\n");
    assert_eq!(etc.ports(), [("Camera1".to_owned(), 8085)], "the main file is the camera");
}

#[test]
fn motion_5_has_one_port_for_all() {
    let etc = Etc::new();
    etc.file("motion.conf", "camera c1.conf\nwebcontrol_port 8090\n");
    etc.file("c1.conf", "device_id 7\nmovie_container mp4\ntarget_dir ROOT/Camera%t\n");
    assert_eq!(etc.ports(), [("Camera7".to_owned(), 8090)]);
    etc.file("c1.conf", "camera_id 7\nmovie_codec mp4\ntarget_dir ROOT/Camera%t\n");
    assert_eq!(etc.ports(), [], "Motion 4's webcontrol_port is no stream");
}

#[test]
fn a_shared_target_dir_names_cameras_in_files() {
    let etc = Etc::new();
    etc.file(
        "motion.conf",
        "target_dir ROOT\nmovie_filename Camera%t/%C/video\ntext_event %Y-%m-%d/%H-%M-%S\ncamera c1.conf\n",
    );
    etc.file("c1.conf", "camera_id 3\nstream_port 8083\nmovie_max_time 0\n");
    assert_eq!(etc.ports(), [("Camera3".to_owned(), 8083)]);
    assert_eq!(etc.read().warnings(etc.root()), [""; 0]);
}

#[test]
fn bad_file_names_give_warnings() {
    let warnings = |options: &str| {
        let etc = Etc::new();
        etc.file("motion.conf", &format!("target_dir ROOT/Camera1\n{options}"));
        etc.read().warnings(etc.root())
    };
    let events = "text_event %Y-%m-%d/%H-%M-%S\n";
    assert_eq!(warnings(&format!("{events}movie_filename %C/video\nmovie_max_time 0\n")), [""; 0]);
    for varying in ["%C/%H-%M-%S", "%C/%v-%T", "%C/video-%{movienbr}"] {
        assert_eq!(warnings(&format!("{events}movie_filename {varying}\nmovie_max_time 60\n")), [""; 0], "{varying}");
    }
    for max_time in ["movie_max_time 60\n", ""] {
        let found = warnings(&format!("{events}movie_filename %C/video\n{max_time}"));
        assert!(found.len() == 1 && found[0].contains("only the last piece"), "{found:?}");
    }
    assert_eq!(warnings("movie_output off\npicture_output on\npicture_filename %Y-%m-%d/%v/%H-%M-%S-%q\n"), [""; 0]);
    for unknown in [
        "movie_filename %Y%m%d\n",
        "movie_filename %s\n",
        "movie_filename %F/%T/video\nmovie_max_time 0\n",
        "movie_filename %Y%m%d/%H-%M-%S/video\nmovie_max_time 0\n",
        "movie_filename %Y-%m-%d/%H-%M-%S/movies/video\nmovie_max_time 0\n",
    ] {
        let found = warnings(unknown);
        let name = unknown.lines().next().unwrap().split(' ').nth(1).unwrap();
        let is_named = |warning: &str| {
            let begin = format!("Camera1: movie_filename {name:?} of /");
            warning.starts_with(&begin) && warning.contains("motion.conf: the layout")
        };
        assert!(found.iter().any(|warning| is_named(warning)), "{unknown} {found:?}");
        assert!(found.iter().all(|warning| is_named(warning) || warning.contains("movie_max_time")), "{found:?}");
    }
    for scattered in ["%Y-%m-%d/%H-%M-%S/%q", "%F/%H-%M-%S/%v-%q"] {
        let found = warnings(&format!("picture_output on\nmovie_output off\npicture_filename {scattered}\n"));
        assert!(found.len() == 1 && found[0].contains("one event becomes many"), "{scattered} {found:?}");
    }
    let elsewhere = Etc::new();
    elsewhere.file("motion.conf", "target_dir /elsewhere\n");
    assert!(elsewhere.read().warnings(elsewhere.root())[0].contains("no camera of this configuration"));
}

/// `%v` in the directory's name, also by way of `%C`, and no directory of an hour.
#[test]
fn numbered_events_are_recognised() {
    for (options, is_numbered) in [
        ("movie_output off\npicture_output on\npicture_filename %Y-%m-%d/%v/%H-%M-%S-%q\n", true),
        ("text_event %Y-%m-%d/%v\nmovie_filename %C/video\n", true),
        ("picture_output on\npicture_filename %F/%3v/%q\nmovie_filename %F-%v\n", true),
        ("picture_output on\npicture_filename %F/%v/%q\nmovie_filename %F/%H/%M\n", false),
        ("text_event %Y-%m-%d/%H-%M-%S\nmovie_filename %C/%v\n", false),
        ("movie_filename %F/%H/%v\n", false),
        ("movie_filename %F/%v/%H/%M\n", false),
        ("movie_filename %F/%v/video\nsnapshot_filename %F/%H/%M-%S\n", false),
        ("movie_filename %F/%v/video\nsnapshot_filename %F/%H/x/%M-%S\n", false),
        ("movie_filename %F/%v/video\ntimelapse_filename %F/%H/%M\n", false),
        ("movie_filename %F/%v/video\nsnapshot_filename %F/%H-%M-%S\ntimelapse_filename %F-timelapse\n", true),
        ("movie_filename %F/%v/video\nsnapshot_filename snapshots/%H-%M-%S\n", true),
        ("", false),
    ] {
        let etc = Etc::new();
        etc.file("motion.conf", &format!("target_dir ROOT/Camera1\n{options}"));
        let expected: &[Camera] = if is_numbered { &["Camera1".parse().unwrap()] } else { &[] };
        assert!(etc.read().numbered(etc.root()).iter().eq(expected), "{options}");
    }
}

/// Motion numbers cameras that set no `camera_id` by their place, and pads `%02t` with a blank.
#[test]
fn cameras_without_an_id_have_their_place() {
    let etc = Etc::new();
    let names = "target_dir ROOT\nmovie_max_time 0\ntext_event %Y-%m-%d/%H-%M-%S\nmovie_filename Camera%t/%C/video\n";
    etc.file("motion.conf", &format!("{names}camera gone.conf\ncamera c1.conf\ncamera c2.conf\ncamera c3.conf\n"));
    etc.file("c1.conf", "stream_port 8081\n");
    etc.file("c2.conf", "camera_id 0\nstream_port 8082\n");
    etc.file("c3.conf", "stream_port 8083\nmovie_filename Cam%02t/%C/video\n");
    assert_eq!(etc.ports(), [("Cam 3".to_owned(), 8083), ("Camera1".to_owned(), 8081), ("Camera2".to_owned(), 8082)]);
    assert_eq!(etc.read().warnings(etc.root()), [""; 0]);
    etc.file("motion.conf", &format!("{names}stream_port 8080\n"));
    assert_eq!(etc.ports(), [("Camera0".to_owned(), 8080)], "the main file alone");
}

/// `target_dir` is taken as it stands where such a directory exists: Motion 4.5 puts nothing in there.
#[test]
fn an_existing_target_dir_is_not_rendered() {
    let etc = Etc::new();
    etc.file("motion.conf", "target_dir ROOT/Camera%t\nstream_port 8081\ncamera_id 3\n");
    assert_eq!(etc.ports(), [("Camera3".to_owned(), 8081)]);
    std::fs::create_dir(etc.root().join("Camera%t")).unwrap();
    assert_eq!(etc.ports(), [("Camera%t".to_owned(), 8081)]);
}

/// `/etc/motion/motion.conf` is often a link to a folder that has the cameras' files too.
#[test]
fn a_linked_file_has_its_neighbours() {
    let etc = Etc::new();
    etc.file("data/motion.conf", "camera c1.conf\n");
    etc.file("data/c1.conf", "target_dir ROOT/Camera1\nstream_port 8081\n");
    std::os::unix::fs::symlink("data/motion.conf", etc.0.path().join("motion.conf")).unwrap();
    assert_eq!(etc.ports(), [("Camera1".to_owned(), 8081)]);
}

/// What motionEye 0.44 writes. Its names are flat, and it sets `movie_max_time 0`.
#[test]
fn motioneyes_own_files_are_read() {
    let etc = Etc::new();
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/versions/motioneye-0.44.0-flat.tar.gz");
    let sample = std::fs::File::open(sample).unwrap();
    for entry in tar::Archive::new(flate2::read::GzDecoder::new(sample)).entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().into_owned();
        if path.extension().is_some_and(|extension| extension == "conf") {
            let text = std::io::read_to_string(&mut entry).unwrap();
            let name = path.file_name().unwrap().to_str().unwrap();
            etc.file(name, &text.replace("/var/lib/motioneye", "ROOT"));
        }
    }
    let ports = [("Camera1", 53_849), ("Camera2", 56_161), ("Camera3", 58_181)];
    assert_eq!(etc.ports(), ports.map(|(camera, port)| (camera.to_owned(), port)));
    assert_eq!(etc.gap(), 4);
    let conf = etc.read();
    assert!(conf.numbered(etc.root()).is_empty() && conf.losses(etc.root()).is_empty());
    let warnings = conf.warnings(etc.root());
    let deleted = warnings.iter().filter(|warning| warning.contains("\"# @preserve_movies 7\"")).count();
    assert_eq!((deleted, warnings.len()), (3, 3), "{warnings:?}");
    let layouts = ["Camera1", "Camera2", "Camera3"].map(|camera| format!("{camera}=%Y-%m-%d/%H-%M-%S"));
    assert_eq!(etc.layouts(), layouts);
}

/// Motion's defaults, those of its packages, hour directories, and names with `%C`.
#[test]
fn flat_names_are_layouts() {
    for (options, expected) in [
        ("", &["Camera1=%v-%Y%m%d%H%M%S"][..]),
        ("picture_output on\n", &["Camera1=%v-%Y%m%d%H%M%S", "Camera1=%v-%Y%m%d%H%M%S-%q"]),
        ("picture_output best\nmovie_output off\n", &["Camera1=%v-%Y%m%d%H%M%S-%q"]),
        ("movie_filename %t-%v-%Y%m%d%H%M%S\ncamera_id 4\n", &["Camera1=4-%v-%Y%m%d%H%M%S"]),
        ("movie_filename %v-%{movienbr}-%Y%m%d%H%M%S\n", &["Camera1=%v-%{movienbr}-%Y%m%d%H%M%S"]),
        ("movie_filename %Y-%m-%d/%H/%M-%S\n", &["Camera1=%Y-%m-%d/%H/%M-%S"]),
        ("movie_filename /%Y/%m/%d/%H-%M-%S\n", &["Camera1=%Y/%m/%d/%H-%M-%S"]),
        ("text_event %Y-%m-%d\nmovie_filename %C/%H-%M-%S_%$\ncamera_name 5%\n", &["Camera1=%Y-%m-%d/%H-%M-%S_5%%"]),
        ("text_event %Y-%m-%d/%H-%M-%S\nmovie_filename %C/video\nmovie_max_time 0\n", &[]),
        ("movie_filename %Y-%m-%d/%v/%H-%M-%S\n", &[]),
        ("movie_output off\n", &[]),
    ] {
        let etc = Etc::new();
        etc.file("motion.conf", &format!("target_dir ROOT/Camera1\n{options}"));
        assert_eq!(etc.layouts(), expected, "{options}");
        assert_eq!(etc.read().warnings(etc.root()), [""; 0], "{options}");
    }
}

#[test]
fn cameras_in_the_root_have_names() {
    for (options, camera, layout) in [
        ("camera_name front\n", "front", "front=%v-%Y%m%d%H%M%S"),
        ("device_name front\nmovie_filename %t-%v-%Y%m%d%H%M%S\ndevice_id 7\n", "Camera7", "%t-%v-%Y%m%d%H%M%S"),
        ("camera_name front\nmovie_filename %$-%Y%m%d%H%M%S\n", "front", "%$-%Y%m%d%H%M%S"),
        ("camera_name front\nmovie_filename %Y%m%d%H%M%S-%$\n", "front", "front=%Y%m%d%H%M%S-front"),
        ("camera_name a/b\nmovie_filename %Y-%m-%d/%H-%M-%S\n", "archive", "archive=%Y-%m-%d/%H-%M-%S"),
        ("movie_filename %Y-%m-%d/%02t-%H-%M-%S\ncamera_id 12\n", "archive", "archive=%Y-%m-%d/12-%H-%M-%S"),
        ("movie_filename cam%t/%Y-%m-%d/%H-%M-%S\ncamera_id 3\n", "cam3", "cam3=%Y-%m-%d/%H-%M-%S"),
    ] {
        let etc = Etc::new();
        etc.file("motion.conf", &format!("target_dir ROOT\nstream_port 8081\n{options}"));
        assert_eq!(etc.layouts(), [layout], "{options}");
        assert_eq!(etc.ports(), [(camera.to_owned(), 8081)], "{options}");
        assert_eq!(etc.read().warnings(etc.root()), [""; 0], "{options}");
    }
}

/// One `target_dir` for all is what Motion's packaged file has: its `%t` tells the cameras apart.
#[test]
fn cameras_that_share_the_root_are_told_apart() {
    let etc = Etc::new();
    etc.file("c1.conf", "camera_id 1\n");
    etc.file("c2.conf", "camera_id 2\n");
    let shared = |options: &str| {
        etc.file("motion.conf", &format!("target_dir ROOT\n{options}camera c1.conf\ncamera c2.conf\n"));
        (etc.layouts(), etc.read().warnings(etc.root()))
    };
    assert_eq!(shared("movie_filename %t-%v-%Y%m%d%H%M%S\n"), (vec!["%t-%v-%Y%m%d%H%M%S".to_owned()], Vec::new()));
    assert_eq!(
        shared("movie_filename c%02t-%Y%m%d%H%M%S\n").0,
        ["Camera1=c 1-%Y%m%d%H%M%S", "Camera2=c 2-%Y%m%d%H%M%S"]
    );
    etc.file("c2.conf", "camera_id 2\nmovie_filename %v-%{movienbr}-%Y%m%d%H%M%S\npicture_output on\n");
    let (layouts, warnings) = shared("");
    assert_eq!(layouts, ["Camera1=%v-%Y%m%d%H%M%S", "Camera2=%v-%{movienbr}-%Y%m%d%H%M%S"]);
    assert!(warnings.len() == 1 && warnings[0].contains("(Motion's default): nothing tells"), "{warnings:?}");
    etc.file("c2.conf", "camera_id 2\n");
    let (layouts, warnings) = shared("picture_output on\n");
    assert_eq!(layouts, ["Camera1=%v-%Y%m%d%H%M%S", "Camera1=%v-%Y%m%d%H%M%S-%q"]);
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings.iter().all(|warning| warning.starts_with("Camera2: ") && warning.contains("those of Camera1")));
}

/// The camera files of Motion 5's package have names, and one `target_dir` in the main file.
#[test]
fn motion_5s_packaged_files_are_layouts() {
    let etc = Etc::new();
    etc.file(
        "motion.conf",
        "device_name\ndevice_id\ntarget_dir ROOT\npicture_output off\npicture_filename %v-%Y%m%d%H%M%S-%q\n\
         movie_output on\nmovie_max_time 120\nmovie_filename %v-%{movienbr}-%Y%m%d%H%M%S\nmovie_container mkv\n\
         camera camera1.conf\n",
    );
    etc.file("camera1.conf", "device_name MyCam1\ndevice_id 101\n");
    assert_eq!(etc.layouts(), ["MyCam1=%v-%{movienbr}-%Y%m%d%H%M%S"]);
    assert_eq!(etc.read().warnings(etc.root()), [""; 0]);
}

proptest::proptest! {
    /// No name panics, and what is returned can be used together.
    #[test]
    fn any_name_is_read_or_named(
        name in "(%[YmdHMSvqtCFTR$]|%\\{movienbr\\}|%[0-9]?[a-z]|[-_/.%a-c0-9\u{fc}]){0,12}",
        event in "(%[YmdHMSvC]|[-/%a]){0,8}",
        target in "(/Camera1|/%t|/%Y)?",
    ) {
        let etc = Etc::new();
        let options = format!("text_event {event}\ncamera_name {event}\npicture_output on\npicture_filename {name}\n");
        etc.file("motion.conf", &format!("target_dir ROOT{target}\nmovie_filename {name}-%v\n{options}"));
        let conf = etc.read();
        let options = conf.options(etc.root());
        for camera in options.layouts.iter().map(|(camera, _)| camera) {
            let own = options.layouts.iter().filter(|(of, _)| of == camera).map(|(_, pattern)| pattern.clone());
            owlery_model::layout::Layout::new(own.collect()).unwrap();
        }
        let _ = conf.warnings(etc.root());
    }
}

/// What does not go together is left out, so that the rest can be read.
#[test]
fn names_that_do_not_go_together_are_named() {
    for (options, layouts, part) in [
        (
            "movie_filename %Y-%m-%d/%H-%M-%S\npicture_filename %v-%Y%m%d%H%M%S-%q\n",
            &["Camera1=%Y-%m-%d/%H-%M-%S"][..],
            "picture_filename \"%v-%Y%m%d%H%M%S-%q\" of ",
        ),
        (
            "movie_filename %Y-%m-%d/%H-%M-%S\npicture_filename %Y-%m-%d/%v/%H-%M-%S-%q\n",
            &["Camera1=%Y-%m-%d/%H-%M-%S"],
            "one event becomes two",
        ),
        (
            "movie_output off\npicture_filename %Y-%m-%d/%H-%M-%S-%q\nsnapshot_filename %Y-%m-%d/snap/%H-%M-%S\n",
            &["Camera1=%Y-%m-%d/%H-%M-%S-%q"],
            "snapshot_filename \"%Y-%m-%d/snap/%H-%M-%S\" of ",
        ),
        (
            "movie_output off\ntimelapse_filename all-%Y%m%d\n",
            &["Camera1=%v-%Y%m%d%H%M%S-%q"],
            "timelapse_filename \"all-%Y%m%d\" of ",
        ),
    ] {
        let etc = Etc::new();
        etc.file("motion.conf", &format!("target_dir ROOT/Camera1\npicture_output on\n{options}"));
        assert_eq!(etc.layouts(), layouts, "{options}");
        let warnings = etc.read().warnings(etc.root());
        assert!(
            warnings.len() == 1 && warnings[0].contains(part) && warnings[0].contains("motion.conf"),
            "{warnings:?}"
        );
    }
    let etc = Etc::new();
    let names = "snapshot_filename %v-%Y%m%d%H%M%S-snapshot\ntimelapse_filename %Y%m%d-timelapse\n";
    etc.file("motion.conf", &format!("target_dir ROOT/Camera1\npicture_output on\n{names}"));
    assert_eq!(etc.read().warnings(etc.root()), [""; 0]);
    etc.file("motion.conf", "target_dir ROOT\nsnapshot_filename snaps/%v-%Y%m%d%H%M%S\n");
    assert_eq!(etc.read().warnings(etc.root()), [""; 0], "another directory");
}

/// Two programs that delete in one archive: Owlery's neighbours do not know what is saved.
#[test]
fn other_deleters_are_named() {
    let etc = Etc::new();
    let deleters = || {
        let mut warnings = etc.read().warnings(etc.root());
        warnings.retain(|warning| warning.contains("only Owlery knows"));
        warnings
    };
    let here = etc.0.path().display().to_string();
    let events = "movie_max_time 0\ntext_event %Y-%m-%d/%H-%M-%S\nmovie_filename %C/video\n";
    etc.file(
        "motion.conf",
        &format!("{events}cleandir_params \"action=delete,freq=weekly,dur_val=2,dur_unit=w\"\ncamera c1.conf\ncamera c2.conf\n"),
    );
    etc.file("c1.conf", "target_dir ROOT/Camera1\n");
    etc.file("c2.conf", "target_dir ROOT/Camera2\n");
    let found = deleters();
    let begin = format!(
        "cleandir_params \"action=delete,freq=weekly,dur_val=2,dur_unit=w\" of {here}/motion.conf: Motion deletes"
    );
    assert!(found.len() == 1 && found[0].starts_with(&begin) && found[0].contains("remove this line"), "{found:?}");

    etc.file("c1.conf", "target_dir ROOT/Camera1\ncleandir_params Action = script , script=/usr/bin/x\n");
    etc.file(
        "c2.conf",
        "target_dir ROOT/Camera2\ncleandir_params \"\"\non_movie_end /bin/rm -f %f\non_event_end touch %f\n",
    );
    let found = deleters();
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].contains(&format!(" of {here}/c1.conf: ")) && found[0].contains("runs a script"), "{found:?}");
    let begin = format!("on_movie_end \"/bin/rm -f %f\" of {here}/c2.conf: this seems to delete files (/bin/rm)");
    assert!(found[1].starts_with(&begin), "{found:?}");
    etc.file("c1.conf", "target_dir /elsewhere/Camera1\ncleandir_params action=delete\n");
    assert_eq!(deleters().len(), 1, "a camera of another archive");
}

/// motionEye deletes files by their mtimes, but no movies where none are recorded, and no pictures that have no name.
#[test]
fn motioneyes_own_cleanup_is_named() {
    let etc = Etc::new();
    etc.file("motion.conf", "camera camera-1.conf\n");
    for (settings, expected) in [
        ("# @preserve_movies 7\n# @preserve_pictures 0\n", &["movies older than 7 days"][..]),
        ("# @preserve_movies 0\n# @preserve_pictures 1\npicture_filename x\n", &["pictures older than 1 day,"]),
        ("# @preserve_movies 0\n# @preserve_pictures 0\npicture_filename x\n", &[]),
        ("# @preserve_movies 7\nmovie_output off\n# @preserve_pictures 3\npicture_filename\n", &[]),
        ("# @preserve_pictures 3\nsnapshot_filename y\n", &["pictures older than 3 days"]),
        ("# preserve_movies 7\n", &[]),
    ] {
        etc.file("camera-1.conf", &format!("{settings}target_dir ROOT/Camera1\n"));
        let found = etc.read().warnings(etc.root());
        let found: Vec<&String> = found.iter().filter(|warning| warning.contains("motionEye deletes")).collect();
        assert_eq!(found.len(), expected.len(), "{settings} {found:?}");
        for (warning, expected) in found.iter().zip(expected) {
            let file = etc.0.path().join("camera-1.conf").display().to_string();
            assert!(
                warning.contains(&format!(" of {file}: ")) && warning.contains(expected) && warning.contains("Forever"),
                "{warning}"
            );
        }
    }
}

/// Motion 4 serves a camera on its own port, and on that of the main file below its id.
#[test]
fn streams_of_motion_4_are_found() {
    let etc = Etc::new();
    let of = |main: &str, one: &str, two: &str| {
        etc.file("motion.conf", &format!("{main}\ncamera c1.conf\ncamera c2.conf\n"));
        etc.file("c1.conf", &format!("target_dir ROOT/Camera1\n{one}\n"));
        etc.file("c2.conf", &format!("target_dir ROOT/Camera2\n{two}\n"));
        etc.streams().into_iter().map(|(camera, url)| format!("{camera} {url}")).collect::<Vec<_>>().join(", ")
    };
    let own = of("stream_port 0", "stream_port 8081", "stream_port 8082");
    assert_eq!(own, "Camera1 127.0.0.1:8081/, Camera2 127.0.0.1:8082/");
    let inherited = of("stream_port 8081", "camera_id 7", "");
    assert_eq!(inherited, "Camera1 127.0.0.1:8081/7/stream, Camera2 127.0.0.1:8081/2/stream");
    let mixed = of("stream_port 8081", "stream_port 8085", "stream_port 0");
    assert_eq!(mixed, "Camera1 127.0.0.1:8085/, Camera2 127.0.0.1:8081/2/stream");
    assert_eq!(of("stream_port 0", "", "stream_port -1"), "");
    assert_eq!(of("", "stream_port 8081", "stream_port 8081"), "Camera1 127.0.0.1:8081/", "Motion serves the first");
    assert_eq!(of("webcontrol_port 8080", "stream_port 8080", ""), "", "Motion refuses that");
    let login = of("stream_authentication anna:a:b\nstream_auth_method 1", "stream_port 8081", "stream_port 8082");
    assert_eq!(login, "Camera1 127.0.0.1:8081/ anna:a:b, Camera2 127.0.0.1:8082/ anna:a:b");
    let ipv6 = of("webcontrol_ipv6 on", "stream_port 8081", "stream_port 8082\nstream_localhost off");
    assert_eq!(ipv6, "Camera1 [::1]:8081/, Camera2 127.0.0.1:8082/");
    etc.file("motion.conf", "stream_port 8081\ncamera_id 3\ntarget_dir ROOT/Camera1\n");
    assert_eq!(etc.streams(), [("Camera1".to_owned(), "127.0.0.1:8081/".to_owned())]);
}

#[test]
fn streams_of_motion_5_are_below_its_web_control() {
    let etc = Etc::new();
    etc.file(
        "motion.conf",
        "webcontrol_port 8090\nwebcontrol_authentication anna:x\ncamera c1.conf\nwebcontrol_base_path /cams/\n",
    );
    etc.file("c1.conf", "device_id 7\ntarget_dir ROOT/Camera1\n");
    assert_eq!(etc.streams(), [("Camera1".to_owned(), "127.0.0.1:8090/cams/7/mjpg/stream anna:x".to_owned())]);
    let debug = format!("{:?}", etc.read());
    assert!(!debug.contains("anna"), "{debug}");
}

#[test]
fn streams_over_tls_give_warnings() {
    let etc = Etc::new();
    etc.file("motion.conf", "stream_port 8081\nstream_tls on\nstream_authentication anna:x\ntarget_dir ROOT/Camera1\n");
    assert_eq!(etc.streams(), []);
    let warnings = etc.read().warnings(etc.root());
    assert!(
        warnings.iter().any(|text| text.starts_with("Camera1: its live stream is served over TLS")),
        "{warnings:?}"
    );
    assert!(!warnings.iter().any(|text| text.contains("anna")), "{warnings:?}");
}
