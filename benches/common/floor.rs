//! The floor: the fastest walk over an archive that still touches what a preload has to touch. It parses nothing, keeps
//! nothing and checks nothing: 32 threads, each with as few system calls as possible.

use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::fs::{Access, AtFlags, CWD, Mode, OFlags, RawDir};

const THREADS: usize = 32;
/// Events that a thread takes at a time.
const CHUNK: usize = 16;
/// Bytes of a name with its end: `HH-MM-SS` and a NUL, then the longest of what is asked for in it.
const NAME: usize = 8;

/// What a walk found, as proof that it read everything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Met {
    pub events: usize,
    pub sidecars: usize,
    pub saved: usize,
    pub entries: usize,
}

/// A day that was listed.
struct Day {
    fd: OwnedFd,
    names: Vec<[u8; NAME]>,
    next: AtomicUsize,
}

/// Walks `root`: with `sidecars`, opens, reads and closes each one and looks for `.saved`; else lists each event.
pub fn walk(root: &Path, sidecars: bool) -> Met {
    let days = days(root);
    let slots: Vec<OnceLock<Day>> = days.iter().map(|_| OnceLock::new()).collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut met = Met::default();
        let mut buffer = vec![MaybeUninit::uninit(); 32 * 1024];
        let mut read = |day: &Day, buffer: &mut [MaybeUninit<u8>]| {
            loop {
                let from = day.next.fetch_add(CHUNK, Ordering::Relaxed);
                let Some(rest) = day.names.get(from..) else { return };
                for name in &rest[..rest.len().min(CHUNK)] {
                    met.events += 1;
                    if sidecars { look(day, name, &mut met) } else { list(day, name, buffer, &mut met) }
                }
            }
        };
        // First list a day and read it, then help with those that others have listed.
        while let Some(at) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|at| *at < days.len()) {
            read(slots[at].get_or_init(|| open_day(&days[at], &mut buffer)), &mut buffer);
        }
        for slot in &slots {
            read(slot.wait(), &mut buffer);
        }
        met
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).fold(Met::default(), |sum, met| Met {
            events: sum.events + met.events,
            sidecars: sum.sidecars + met.sidecars,
            saved: sum.saved + met.saved,
            entries: sum.entries + met.entries,
        })
    })
}

/// Lists every day's directory of flat files, and nothing below: how many names there are.
#[allow(dead_code)] // not every benchmark has flat files
pub fn walk_flat(root: &Path) -> usize {
    let days = days(root);
    let next = AtomicUsize::new(0);
    let work = || {
        let mut buffer = vec![MaybeUninit::uninit(); 32 * 1024];
        let mut names = 0;
        while let Some((camera, day)) = days.get(next.fetch_add(1, Ordering::Relaxed)) {
            let day = open(&**camera, day.as_c_str(), OFlags::DIRECTORY).unwrap();
            each(&day, &mut buffer, |name| names += usize::from(!name.to_bytes().starts_with(b".")));
        }
        names
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    })
}

fn open(at: impl std::os::fd::AsFd, name: impl rustix::path::Arg, flags: OFlags) -> rustix::io::Result<OwnedFd> {
    rustix::fs::openat(at, name, OFlags::RDONLY | OFlags::CLOEXEC | flags, Mode::empty())
}

/// The days of all cameras, each as an open camera and the day's name.
fn days(root: &Path) -> Vec<(std::sync::Arc<OwnedFd>, std::ffi::CString)> {
    let mut buffer = vec![MaybeUninit::uninit(); 32 * 1024];
    let root = open(CWD, root, OFlags::DIRECTORY).unwrap();
    let mut cameras = Vec::new();
    each(&root, &mut buffer, |name| {
        if name.to_bytes().starts_with(b"Camera") {
            cameras.push(std::sync::Arc::new(open(&root, name, OFlags::DIRECTORY).unwrap()));
        }
    });
    let mut days = Vec::new();
    for camera in cameras {
        each(&camera, &mut buffer, |name| {
            if name.to_bytes().len() == 10 {
                days.push((std::sync::Arc::clone(&camera), name.to_owned()));
            }
        });
    }
    days
}

fn each(dir: &OwnedFd, buffer: &mut [MaybeUninit<u8>], mut entry: impl FnMut(&CStr)) {
    let mut names = RawDir::new(dir, buffer);
    while let Some(name) = names.next() {
        entry(name.unwrap().file_name());
    }
}

fn open_day(day: &(std::sync::Arc<OwnedFd>, std::ffi::CString), buffer: &mut [MaybeUninit<u8>]) -> Day {
    let fd = open(&*day.0, day.1.as_c_str(), OFlags::DIRECTORY).unwrap();
    let mut names = Vec::new();
    each(&fd, buffer, |name| names.extend(<[u8; NAME]>::try_from(name.to_bytes())));
    Day { fd, names, next: AtomicUsize::new(0) }
}

/// Opens, reads and closes the sidecar, and looks for `.saved`: four system calls, from the day's directory.
fn look(day: &Day, name: &[u8; NAME], met: &mut Met) {
    const SIDECAR: &[u8; 15] = b"/.details.json\0";
    const SAVED: &[u8; 8] = b"/.saved\0";
    let mut path = [0; NAME + SIDECAR.len()];
    path[..NAME].copy_from_slice(name);
    path[NAME..].copy_from_slice(SIDECAR);
    if let Ok(file) = open(&day.fd, CStr::from_bytes_until_nul(&path).unwrap(), OFlags::empty()) {
        let mut bytes = [0; 4096];
        met.sidecars += usize::from(rustix::io::read(&file, &mut bytes).unwrap() > 0);
    }
    path[NAME..NAME + SAVED.len()].copy_from_slice(SAVED);
    let path = CStr::from_bytes_until_nul(&path).unwrap();
    met.saved += usize::from(rustix::fs::accessat(&day.fd, path, Access::EXISTS, AtFlags::empty()).is_ok());
}

/// Opens, lists and closes the event's directory.
fn list(day: &Day, name: &[u8; NAME], buffer: &mut [MaybeUninit<u8>], met: &mut Met) {
    let mut path = [0; NAME + 1];
    path[..NAME].copy_from_slice(name);
    let dir = open(&day.fd, CStr::from_bytes_until_nul(&path).unwrap(), OFlags::DIRECTORY).unwrap();
    each(&dir, buffer, |name| {
        met.entries += 1;
        met.saved += usize::from(name == c".saved");
    });
}
