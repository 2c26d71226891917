//! The programs `ffmpeg` and `ffprobe`: where they are, how long they may run and how much they may take. Starting and
//! ending them is in `process`.

mod layout;
mod process;
mod progress;
mod tracks;

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use owlery_model::clock::Stop;
use owlery_model::printable::printable;

use crate::{Error, Result};
pub(crate) use layout::Layout;
pub(crate) use process::step_back;
pub(crate) use tracks::Tracks;

/// The containers that are opened. Others are refused: a playlist could name other files, and be read by its contents.
const CONTAINERS: &str = "mov,matroska,webm,avi,flv,ogg,mpegts,mpeg,mpegvideo,gif,h264,hevc,m4v,mjpeg,asf,ivf,obu";

/// The input's name: its standard input, which is opened anew, so that it can be read from any offset.
const INPUT: &str = "file:/proc/self/fd/0";

/// The container of a stream, and the input's name where it is one: a pipe, which is read from its beginning to its end.
const STREAM: &str = "matroska";
const PIPE: &str = "pipe:0";

/// How much text a program may print that is read whole.
const MAX_TEXT: u64 = 1024 * 1024;

/// What one run of a program may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long it may run. Ten minutes by default.
    pub time: Duration,
    /// How many bytes of address space it may use (`RLIMIT_AS`). 2 GiB by default; a 4K movie needs half of that.
    pub memory: u64,
    /// How large the file that it writes may become, in bytes. 4 GiB by default.
    pub output: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { time: Duration::from_mins(10), memory: 2 << 30, output: 4 << 30 }
    }
}

/// The programs `ffmpeg` and `ffprobe`. They run with the lowest priorities and within [`Limits`], read nothing but the
/// file that they are given, and are ended by their process ids when a limit is reached or the work is cancelled.
#[derive(Debug, Clone)]
pub struct Ffmpeg {
    converter: PathBuf,
    prober: PathBuf,
    limits: Limits,
}

impl Default for Ffmpeg {
    fn default() -> Self {
        Self::new("ffmpeg", "ffprobe")
    }
}

impl Ffmpeg {
    /// These programs: paths, or names that are searched in `PATH`.
    pub fn new(ffmpeg: impl Into<PathBuf>, ffprobe: impl Into<PathBuf>) -> Self {
        Self { converter: ffmpeg.into(), prober: ffprobe.into(), limits: Limits::default() }
    }

    /// The same programs with other limits.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The same programs, which may run longer by this time.
    pub(crate) fn with_more_time(&self, time: Duration) -> Self {
        let limits = Limits { time: self.limits.time.saturating_add(time), ..self.limits };
        self.clone().with_limits(limits)
    }

    /// The version of `ffmpeg`, such as `5.1.9-0+deb12u1`. Fails with [`Error::Missing`] where it, or `ffprobe`, is not
    /// installed.
    pub fn version(&self, stop: &Stop) -> Result<String> {
        let ask = |program: &Path| {
            let mut command = command(program);
            command.arg("-version").stdin(Stdio::null());
            process::run(command, None, &self.limits, stop, text)?
        };
        ask(&self.prober)?;
        let text = ask(&self.converter)?;
        let word = text.split_whitespace().nth(2).unwrap_or("unknown");
        Ok(printable(word))
    }

    /// Runs `ffmpeg` on a movie: `before` are options of the input, `after` those of the output, and the output. `read`
    /// gets its standard output; if it returns early, `ffmpeg` ends.
    pub(crate) fn convert<T: Send>(
        &self,
        movie: &File,
        before: &[&str],
        after: impl IntoIterator<Item = impl AsRef<OsStr>>,
        stop: &Stop,
        read: impl FnOnce(ChildStdout) -> T + Send,
    ) -> Result<T> {
        let mut command = self.converter();
        command.args(before).args(input()).args(after);
        command.stdin(Stdio::from(movie.try_clone().map_err(Error::io("open the movie again"))?));
        process::run(command, None, &self.limits, stop, read)
    }

    /// Like `convert`, of a Matroska stream that `feed` writes into a pipe, on a thread of its own. Pictures in it that
    /// cannot be decoded to their end are left out, however many there are. Where `ffmpeg` ends early, the pipe fails, and `feed` has to return;
    /// then the error is that of `ffmpeg`.
    pub(crate) fn convert_stream<T: Send>(
        &self,
        feed: impl FnOnce(ChildStdin) -> Result<()> + Send,
        after: impl IntoIterator<Item = impl AsRef<OsStr>>,
        stop: &Stop,
        read: impl FnOnce(ChildStdout) -> T + Send,
    ) -> Result<T> {
        let mut command = self.converter();
        command.args(["-max_error_rate", "1", "-err_detect", "explode"]);
        command.args(["-protocol_whitelist", "pipe", "-format_whitelist", STREAM]);
        command.args(["-f", STREAM, "-i", PIPE]).args(after);
        process::run(command, Some(Box::new(feed)), &self.limits, stop, read)
    }

    /// Like `convert`, of several MP4s of our own in `dir`, one after the other, as if they were one. The names of them and of the
    /// output are those of files there.
    pub(crate) fn convert_all<T: Send>(
        &self,
        dir: &Path,
        names: &[&OsStr],
        after: impl IntoIterator<Item = impl AsRef<OsStr>>,
        stop: &Stop,
        read: impl FnOnce(ChildStdout) -> T + Send,
    ) -> Result<T> {
        let mut list = tempfile::tempfile_in(dir).map_err(Error::io("make a list of movies"))?;
        let lines = names.iter().map(|name| format!("file 'file:{}'\n", name.to_string_lossy()));
        let text = std::iter::once("ffconcat version 1.0\n".to_owned()).chain(lines).collect::<String>();
        list.write_all(text.as_bytes()).map_err(Error::io("write a list of movies"))?;
        let mut command = self.converter();
        command.args(["-protocol_whitelist", "file", "-format_whitelist", "concat,mov"]);
        command.args(["-f", "concat", "-safe", "0", "-i", INPUT]).args(after).current_dir(dir);
        command.stdin(Stdio::from(list));
        process::run(command, None, &self.limits, stop, read)
    }

    /// How the tracks of a movie are encoded, by `ffprobe`.
    pub(crate) fn layout(&self, movie: &File, stop: &Stop) -> Result<Layout> {
        let mut command = command(&self.prober);
        command.args(["-loglevel", "error", "-of", "json", "-show_data_hash", "md5", "-show_entries"]);
        command.arg(layout::ENTRIES).args(input());
        command.stdin(Stdio::from(movie.try_clone().map_err(Error::io("open the movie again"))?));
        let json = process::run(command, None, &self.limits, stop, text)??;
        Layout::of_json(&json)
    }

    /// `ffmpeg` with one thread for each of its parts: the jobs share the processors.
    fn converter(&self) -> Command {
        let mut command = command(&self.converter);
        command.args(["-nostdin", "-y", "-loglevel", "error", "-filter_threads", "1", "-threads", "1"]);
        command
    }

    /// The codecs of a movie, by `ffprobe`.
    pub(crate) fn tracks(&self, movie: &File, stop: &Stop) -> Result<Tracks> {
        let mut command = command(&self.prober);
        command.args(["-loglevel", "error", "-of", "json", "-show_entries"]);
        command.arg("stream=codec_type,codec_name,pix_fmt:stream_disposition=attached_pic:format=duration");
        command.args(input());
        command.stdin(Stdio::from(movie.try_clone().map_err(Error::io("open the movie again"))?));
        let json = process::run(command, None, &self.limits, stop, text)??;
        Tracks::of_json(&json)
    }
}

pub(crate) use progress::{Length, follow};

fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.arg("-hide_banner").env("LC_ALL", "C").env("AV_LOG_FORCE_NOCOLOR", "1");
    command
}

/// The options of an input that is the standard input.
fn input() -> [OsString; 6] {
    ["-protocol_whitelist", "file", "-format_whitelist", CONTAINERS, "-i", INPUT].map(OsString::from)
}

/// All of a standard output, within a limit.
fn text(output: ChildStdout) -> Result<String> {
    let mut bytes = Vec::new();
    output.take(MAX_TEXT).read_to_end(&mut bytes).map_err(Error::io("read what a program prints"))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests;
