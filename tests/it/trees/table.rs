//! The trees of other programs, as tables of names.

/// A tree that is no archive of Motion's.
pub struct Tree {
    /// What it is.
    pub name: &'static str,
    /// Its files. A name with fields of a date is one file for each of [`super::MOMENTS`]; `{n}` is the number of the
    /// moment, `{n2}` the number of the quarter hour.
    pub files: &'static [&'static str],
    /// What the program says where there is nothing else.
    pub says: Says,
}

/// What the program says of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    /// That it is not an archive.
    NoArchive,
    /// The same, but the daemon waits for the first camera: it is an empty disk.
    Empty,
    /// That there is nothing to do: some directories have the name of a camera, and no event.
    NoEvents,
    /// That the names look like Motion's, and that no rule applies until a flag says so.
    Held,
}

const fn tree(name: &'static str, files: &'static [&'static str]) -> Tree {
    Tree { name, files, says: Says::NoArchive }
}

impl Tree {
    const fn says(mut self, says: Says) -> Self {
        self.says = says;
        self
    }
}

/// Every tree.
pub const TREES: &[Tree] = &[
    // Pictures and movies of people.
    tree("photos", &["%Y/%m/%d/IMG_{n}.jpg", "%Y/%m/%d/MVI_{n}.mov", "%Y/%m/%d/%H-%M-%S.jpg", ".sync/index.db"]),
    tree("phone", &["DCIM/Camera/%Y%m%d_%H%M%S.mp4", "DCIM/Camera/%Y%m%d_%H%M%S.jpg", "DCIM/.thumbnails/{n}.jpg"]),
    tree("dcim", &["Camera/%Y%m%d_%H%M%S.mp4", "Camera/%Y%m%d_%H%M%S.jpg", "Camera/.trashed-1-{n}.mp4"])
        .says(Says::NoEvents),
    tree("camera", &["%Y%m%d_%H%M%S.mp4", "%Y%m%d_%H%M%S.jpg", "%Y%m%d_%H%M%S(0).jpg"]),
    tree("pixel", &["Camera/PXL_%Y%m%d_%H%M%S123.mp4", "Camera/PXL_%Y%m%d_%H%M%S123.MP.jpg"]).says(Says::NoEvents),
    tree("android", &["Camera1/VID_%Y%m%d_%H%M%S.mp4", "Camera1/IMG_%Y%m%d_%H%M%S.jpg"]).says(Says::NoEvents),
    tree("camera-days", &["Camera1/%Y-%m-%d/IMG_{n}.jpg", "Camera1/%Y-%m-%d/%Y%m%d_%H%M%S.mp4"]).says(Says::NoEvents),
    tree("gopro", &["DCIM/100GOPRO/GX01{n}.MP4", "DCIM/100GOPRO/GX01{n}.THM", "DCIM/100GOPRO/GL01{n}.LRV"]),
    tree("screenshots", &["Screenshot_%Y%m%d-%H%M%S.png", "Screenshot from %Y-%m-%d %H-%M-%S.png"]),
    tree("obs", &["%Y-%m-%d %H-%M-%S.mkv", "Replay %Y-%m-%d %H-%M-%S.mkv"]),
    tree("timelapse", &["%Y-%m-%d/%H-%M-%S.jpg", "%Y-%m-%d.mp4"]),
    tree("timelapse-runs", &["garden/%Y-%m-%d/%H-%M-%S/IMG_{n}.jpg", "garden/%Y-%m-%d/%H-%M-%S/out.txt"]),
    tree("voice", &["Recording_%Y%m%d_%H%M%S.m4a", "%y%m%d_%H%M.mp3", "%Y-%m-%d/%H-%M-%S.wav"]),
    // What lies in homes and on servers.
    tree("home", &["ann/.bashrc", "ann/notes/%Y-%m-%d.md", "ann/Videos/%Y-%m-%d_%H-%M-%S.mp4", "ann/todo.txt"]),
    tree(
        "git",
        &[
            ".git/HEAD",
            ".git/objects/{n2}/%Y%m%d%H%M%S",
            ".git/refs/heads/main",
            "src/main.rs",
            "Cargo.toml",
            "tests/%Y-%m-%d/{n2}/case.txt",
        ],
    ),
    tree("music", &["Band/%Y - Album/{n2} - Song.flac", "Band/%Y - Album/{n2}/{n2}.mp3", "Band/%Y - Album/cover.jpg"]),
    tree(
        "nextcloud",
        &[
            "data/user/files/Photos/%Y/%m/%y-%m-%d %H-%M-%S {n}.jpg",
            "data/user/files/InstantUpload/Camera/%Y/%m/%Y%m%d_%H%M%S.mp4",
            "data/user/files_versions/notes.md.v{n}",
            "data/.ocdata",
            "data/nextcloud.log",
        ],
    ),
    tree(
        "logs",
        &["app-%Y-%m-%d.log", "%Y-%m-%d/%H.log", "nginx/%Y-%m-%d/%H-%M-%S.log.gz", "queue/mail_%Y-%m-%d_{n2}"],
    ),
    tree("backups", &["backup-%Y%m%d%H%M%S.tar", "db-%Y-%m-%d_%H-%M-%S.sql.gz", "backup-%Y%m%d%H%M%S.tar.sha256"]),
    tree("backup-runs", &["host/%Y-%m-%d/%H-%M-%S/etc.tar", "host/%Y-%m-%d/%H-%M-%S/var/log/syslog"]),
    tree("backup-numbers", &["host/%Y-%m-%d/{n2}/.bashrc", "host/%Y-%m-%d/{n2}/.config/app.toml"]),
    tree(
        "maildir",
        &["cur/%s.M{n}P12Q1.host:2,S", "new/%s.M{n}P13.host", "tmp/.keep", ".Sent/cur/%s.M{n}P14.host:2,S"],
    ),
    tree("docker", &["volumes/db/_data/ibdata1", "volumes/app/_data/%Y/%m/%d/{n}.json", "overlay2/l/ABC{n}/link"]),
    tree("postgres", &["base/13067/{n}", "base/13067/{n}_fsm", "pg_wal/00000001000000000000{n}", "PG_VERSION"]),
    tree("lost+found", &["lost+found/#{n}", "lost+found/#{n}1/video.mp4", "lost+found/#{n}2/%H-%M-%S-00.jpg"])
        .says(Says::Empty),
    tree("recovered", &["recup_dir.1/f{n}.mp4", "recup_dir.2/{n}.jpg", "recup_dir.2/{n}.mp4"]),
    tree(
        "jellyfin",
        &["Movies/Film (%Y)/Film (%Y).mkv", "Shows/Show/Season {n2}/Show S01E{n2}.mkv", "Shows/Show/poster.jpg"],
    ),
    tree("tv", &["Show/{n2}/%Y-%m-%d.mp4", "Show/%Y-%m-%d/{n2}/video.mkv.part", "Show/%Y-%m-%d/{n2}.mp4"]),
    // Other recorders.
    tree(
        "frigate",
        &[
            "recordings/%Y-%m-%d/%H/garage/%M.%S.mp4",
            "recordings/%Y-%m-%d/%H/door/%M.%S.mp4",
            "clips/garage-%s.123456-abcdef.jpg",
            "clips/previews/garage/%s.123-%s.456.mp4",
            "exports/garage_%Y%m%d_%H%M%S-%Y%m%d_%H%M%S_ab.mp4",
        ],
    ),
    tree("frigate-old", &["recordings/%Y-%m/%d/%H/garage/%M.%S.mp4", "clips/garage-%s.123456-abcdef-clean.png"]),
    tree(
        "zoneminder",
        &["events/1/%Y-%m-%d/12{n}/12{n}-video.mp4", "events/1/%Y-%m-%d/12{n}/snapshot.jpg", "images/1.log"],
    ),
    tree("zoneminder-events", &["1/%Y-%m-%d/12{n}/00001-capture.jpg", "1/%Y-%m-%d/12{n}/12{n}-video.mp4"]),
    tree(
        "zoneminder-deep",
        &["1/%y/%m/%d/%H/%M/%S/00001-capture.jpg", "1/%y/%m/%d/%H/%M/%S/12{n}-video.mp4", "1/%y/%m/%d/.{n}"],
    ),
    tree("shinobi", &["ke/garage/%Y-%m-%dT%H-%M-%S.mp4", "ke/garage_timelapse/%Y-%m-%d/%Y-%m-%dT%H-%M-%S.jpg"]),
    tree("shinobi-group", &["garage/%Y-%m-%dT%H-%M-%S.mp4", "door/%Y-%m-%dT%H-%M-%S.mp4"]),
    tree("kerberos", &["%s_6-{n}_garage_200-200-400-400_24_769.mp4", "%s_6-{n}_garage_200-200-400-400_24_769.jpg"]),
    tree(
        "viseron",
        &[
            "segments/garage/%s.m4s",
            "event_clips/garage/%Y-%m-%d/%H-%M-%S.mp4",
            "snapshots/motion_detector/garage/%Y-%m-%d-%H-%M-%S.jpg",
            "thumbnails/garage/{n}.jpg",
        ],
    ),
    tree("viseron-old", &["garage/%Y-%m-%d/%H:%M:%S.mp4", "garage/%Y-%m-%d/%H:%M:%S.jpg", "latest/garage.jpg"]),
    tree("moonfire", &["sample/{n}abcdef0", "sample/meta", "db/db"]),
    tree("blue-iris", &["Cam1.%Y%m%d_%H%M%S.mp4", "Cam1.%Y%m%d_%H%M%S.jpg", "Cam2.%Y%m%d_%H%M%S.bvr"]),
    tree(
        "synology",
        &["garage/%Y%m%dAM/garage-%Y%m%d-%H%M%S-%s.mp4", "garage/%Y%m%dPM/@eaDir/{n}.jpg", "@SSRECMETA/{n}.db"],
    ),
    tree("synology-snapshots", &["garage-%Y%m%d-%H%M%S{n}.jpg", "garage-%Y%m%d-%H%M%S{n}.mp4"]),
    tree("reolink", &["Cam_00_%Y%m%d%H%M%S.mp4", "Cam_00_%Y%m%d%H%M%S.jpg"]),
    tree("reolink-days", &["%Y/%m/%d/Cam_00_%Y%m%d%H%M%S.mp4", "%Y/%m/%d/Cam_00_%Y%m%d%H%M%S.jpg"]),
    tree("reolink-two", &["%Y/%m/%d/RLC_01_%Y%m%d%H%M%S.mp4", "%Y/%m/%d/RLC_00_%Y%m%d%H%M%S.mp4"]),
    tree(
        "dahua",
        &[
            "%Y-%m-%d/001/dav/%H/%H.%M.%S-%H.%M.30[M][0@0][0].mp4",
            "%Y-%m-%d/001/dav/%H/%H.%M.%S-%H.%M.30[M][0@0][0].idx",
            "%Y-%m-%d/001/jpg/%H/%M/%S[M][0@0][0].jpg",
            "DVRWorkDirectory",
        ],
    ),
    tree(
        "dahua-ftp",
        &["NVR1/%Y-%m-%d/001/dav/%H/%H.%M.%S-%H.%M.30[M][0@0][0].mp4", "NVR1/%Y-%m-%d/pic_001/%H.%M.%S[M][0@0][0].jpg"],
    ),
    tree("hikvision", &["datadir0/hiv{n}.mp4", "datadir0/hiv{n}.pic", "datadir0/index00.bin", "info.bin"]),
    tree(
        "hikvision-ftp",
        &["192.168.1.64_01_%Y%m%d%H%M%S123_MOTION_DETECTION.jpg", "ch01_%Y%m%d%H%M%S.mp4", "Camera01/%Y%m%d%H%M%S.mp4"],
    )
    .says(Says::NoEvents),
    tree("dash-cam", &["%Y%m%d%H%M%S_00{n}F.MP4", "%Y%m%d%H%M%S_00{n}R.MP4", "RO/%Y%m%d%H%M%S_00{n}F.MP4"]),
    tree("dash-cam-lower", &["%Y_%m%d_%H%M%S_{n}.mp4", "{n}-%Y%m%d%H%M%S.mp4", "NORMAL/%Y%m%d%H%M%S_{n}.mp4"]),
    tree(
        "tesla",
        &[
            "TeslaCam/SavedClips/%Y-%m-%d_%H-%M-%S/%Y-%m-%d_%H-%M-%S-front.mp4",
            "TeslaCam/SavedClips/%Y-%m-%d_%H-%M-%S/%Y-%m-%d_%H-%M-%S-back.mp4",
            "TeslaCam/SavedClips/%Y-%m-%d_%H-%M-%S/event.json",
            "TeslaCam/RecentClips/%Y-%m-%d_%H-%M-%S-front.mp4",
            "TeslaCam/SentryClips/%Y-%m-%d_%H-%M-%S/thumb.png",
        ],
    ),
    tree(
        "tesla-recent",
        &[
            "RecentClips/%Y-%m-%d/%Y-%m-%d_%H-%M-%S-front.mp4",
            "RecentClips/%Y-%m-%d/%Y-%m-%d_%H-%M-%S-left_repeater.mp4",
        ],
    ),
    tree("agent-dvr", &["video/garage/1_%Y-%m-%d_%H-%M-%S_{n}.mkv", "video/garage/thumbs/1_%Y-%m-%d_%H-%M-%S_{n}.jpg"]),
    tree("days-and-times", &["garage/%Y-%m-%d/%H-%M-%S.mp4", "door/%Y-%m-%d/%H-%M-%S.mp4"]).says(Says::Held),
    tree("ffmpeg-segments", &["Camera1/%Y-%m-%d/%H/%M-%S.mp4", "Camera1/%Y-%m-%d/%H/list.m3u8"]).says(Says::NoEvents),
    tree("mediamtx", &["garage/%Y-%m-%d_%H-%M-%S-123456.mp4", "door/%Y-%m-%d_%H-%M-%S-123456.mp4"]),
    tree("bluecherry", &["%Y/%m/%d/000001/%H-%M-%S-M.mp4", "%Y/%m/%d/000001/%H-%M-%S-M.jpg"]),
    tree("unifi", &["srv/unifi-protect/video/%Y/%m/%d/ABCDEF_0_rotating_{n}.ubv", "uuid/%Y/%m/%d/%s_%s.mp4"]),
    tree("wyze", &["record/%Y%m%d/%H/%M.mp4", "alarm/%Y%m%d/%Y%m%d_%H_%M_%S.jpg", "time_lapse/9999_{n}_1.jpg"]),
    tree("numbered-exports", &["{n2}-%Y%m%d%H%M%S.mp4", "{n2}-%Y%m%d%H%M%S.txt"]).says(Says::Held),
    tree("channels", &["01-%Y%m%d%H%M%S.mp4", "02-%Y%m%d%H%M%S.mp4"]).says(Says::Held),
    tree("webcam-scripts", &["cam-%Y%m%d-%H%M%S.avi", "%Y%m%d%H%M%S.avi", "front/%Y%m%d%H%M%S.jpg"]),
];
