//! The cache of a daemon, over its control socket.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use super::super::admin;
use super::Access;
use crate::daemon::control::{self, cache as operations};
use crate::protocol::StoredMedia;
use crate::protocol::control::{CachePut, CacheRequest, CachedFile, Request};
use crate::{Error, Result};

/// The cache of the daemon of a state directory.
pub(super) struct Remote {
    state_dir: PathBuf,
}

impl Remote {
    pub(super) fn new(state_dir: PathBuf) -> Self {
        Self { state_dir }
    }

    fn connect(&self) -> Result<UnixStream> {
        control::connect(&self.state_dir).ok_or_else(|| Error::Daemon("stopped in the meantime".to_owned()))
    }
}

impl Access for Remote {
    fn execute(&self, request: CacheRequest) -> Result<serde_json::Value> {
        admin::request(self.connect()?, &Request::Cache { request })
    }

    fn get(&self, key: &str, to: &mut dyn Write) -> Result<bool> {
        let stream = self.connect()?;
        admin::send(&stream, &Request::CacheGet { key: key.to_owned() })?;
        let mut reader = BufReader::new(stream);
        let Some(CachedFile { size }) = admin::receive::<Option<CachedFile>>(&mut reader)? else { return Ok(false) };
        let copied = std::io::copy(&mut reader.take(size), to);
        let copied = copied.map_err(|error| Error::io("write the data of", key, error))?;
        if copied < size {
            return Err(Error::Daemon(format!("sent {copied} of {size} bytes")));
        }
        Ok(true)
    }

    fn put(&self, put: CachePut, from: &mut dyn Read) -> Result<StoredMedia> {
        let stream = self.connect()?;
        let key = put.key.clone();
        admin::send(&stream, &Request::CachePut(put))?;
        let sent = operations::send_pieces(from, &stream);
        let mut reader = BufReader::new(stream);
        // Also after a failed write: a daemon that does not take all the bytes says why.
        if sent.is_err() && matches!(reader.fill_buf(), Ok([]) | Err(_)) {
            sent.map_err(|error| Error::io("send the data of", key, error))?;
        }
        admin::receive(&mut reader)
    }
}
