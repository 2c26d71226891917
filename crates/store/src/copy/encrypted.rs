//! Sends an object encrypted. A large one whose upload is to outlive this process is encrypted into the spool first: age encrypts the same
//! file to other bytes each time, and an upload goes on with the same ones only. What is small, or goes where an upload starts over anyway,
//! is encrypted on its way. So is what finds no room for the spool: events that wait for their copies may be what fills the disk.

use object_store::path::Path;

use super::{Contents, Host, Plain, copied_file};
use crate::encrypt::{Encrypting, Recipients, SUFFIX};
use crate::error::{Error, Result};
use crate::manifest::{CopiedFile, Encrypted};
use crate::recorded::{Begin, forget};
use crate::resume::UploadRecord;
use crate::spool::{Made, Spool, Spooled};
use crate::upload::{Upload, Written};

/// Files of so many bytes in all are sent with one request, which starts over anyway.
const SMALL: u64 = 4 << 20;

/// What was sent: what it was, what it is, and whether the record of uploads has it as complete.
type Sent = (Encrypted, Written, bool);

impl Host {
    /// The name of the object of a file, or of the frames.
    pub(super) fn object_of(&self, name: &str) -> String {
        if self.encrypt.is_some() { format!("{name}{SUFFIX}") } else { name.to_owned() }
    }

    /// Whether a file would be encrypted to the same recipients now, or not at all.
    pub(super) fn is_as_configured(&self, file: &CopiedFile) -> bool {
        self.encrypt.as_ref().map(Recipients::texts).as_ref() == file.encrypted.as_ref().map(|was| &was.to)
    }

    /// Sends one object encrypted. `source` is the digest of what it is made of. Returns its key too if the record has it as complete.
    pub(super) async fn send_encrypted(
        &self,
        key: Path,
        recipients: &Recipients,
        source: String,
        plain: &Plain<'_>,
    ) -> Result<(CopiedFile, Option<String>)> {
        let mut sent = None;
        if let Some(record) = self.record.as_ref().filter(|_| plain.bytes() > SMALL && self.client.parts().is_some()) {
            sent = self.send_spooled(&Spool::of(record), (&key, &source), recipients, plain).await?;
        }
        let (was, written, is_recorded) = match sent {
            Some(sent) => sent,
            None => self.send_on_its_way(&key, recipients, plain).await?,
        };
        let file = copied_file(self.object_of(plain.name), written, source, Some(was));
        Ok((file, is_recorded.then(|| key.to_string())))
    }

    /// Encrypts while it sends. An interrupted upload starts over.
    async fn send_on_its_way(&self, key: &Path, recipients: &Recipients, plain: &Plain<'_>) -> Result<Sent> {
        if let Some(record) = &self.record {
            forget(&self.client, record, key).await?;
        }
        let mut upload = Upload::new(&self.client, key.clone(), None);
        let encrypted = async {
            let mut encrypting = Encrypting::new(recipients, plain.name, &mut upload)?;
            plain.write(&mut encrypting).await?;
            encrypting.finish().await
        };
        let sent = match encrypted.await {
            Ok(was) => upload.finish().await.map(|written| (was, written, false)),
            Err(error) => Err(error),
        };
        if let Err(error) = &sent {
            upload.close(error).await;
        }
        sent
    }

    /// Encrypts into the spool, and sends that; `None` if it has no room. Goes on with what was encrypted before it was interrupted.
    async fn send_spooled(
        &self,
        spool: &Spool,
        (key, source): (&Path, &str),
        recipients: &Recipients,
        plain: &Plain<'_>,
    ) -> Result<Option<Sent>> {
        let known = spool.read().await.find(key.as_ref(), source, &recipients.texts());
        if let Some(made) = &known
            && let Some(written) = self.completed(key, &made.identity()).await?
        {
            spool.sent(made.clone(), true).await;
            return Ok(Some((made.encrypted.clone(), written, true)));
        }
        let spooled = match known {
            Some(made) => spool.open(made).await,
            None => None,
        };
        let spooled = match spooled {
            Some(spooled) => spooled,
            None => match spool_plain(spool, (key, source), recipients, plain).await? {
                Some(spooled) => spooled,
                None => return Ok(None),
            },
        };
        let (made, contents) = (spooled.made().clone(), Contents::Spooled(&spooled));
        for begin in [Begin::Resume, Begin::Over] {
            match self.upload(key, &made.identity(), begin, &contents).await {
                Ok(Some((written, is_recorded))) => {
                    let was = made.encrypted.clone();
                    spool.sent(made, is_recorded).await;
                    return Ok(Some((was, written, is_recorded)));
                }
                Ok(None) => {}
                Err(error) => {
                    // Only where the upload may go on are the same bytes needed again.
                    if !error.may_pass() && !matches!(error, Error::Refused { .. }) {
                        spool.clear().await;
                    }
                    return Err(error);
                }
            }
        }
        Err(self.client.wrong(key, "its upload does not begin; copy the event again"))
    }
}

/// Encrypts into the spool; `None` if it has no room.
async fn spool_plain(
    spool: &Spool,
    (key, source): (&Path, &str),
    recipients: &Recipients,
    plain: &Plain<'_>,
) -> Result<Option<Spooled>> {
    let Some(mut writer) = spool.begin(plain.bytes()).await else { return Ok(None) };
    let encrypted = async {
        let mut encrypting = Encrypting::new(recipients, plain.name, &mut writer)?;
        plain.write(&mut encrypting).await?;
        encrypting.finish().await
    };
    match encrypted.await {
        Ok(encrypted) => {
            let (key, source) = (key.to_string(), source.to_owned());
            let made = |written| Made { key, source, encrypted, written };
            Ok(spool.end(writer, made).await)
        }
        Err(error) if writer.has_failed() => {
            spool.clear().await;
            tracing::warn!("{error}; {key} is encrypted on its way, and starts over if it is interrupted");
            Ok(None)
        }
        Err(error) => {
            spool.clear().await;
            Err(error)
        }
    }
}

/// Removes what no upload goes on with from the spool, and forgets what a manifest names now.
pub(super) async fn tidy_spool(record: &UploadRecord, named: &[String]) {
    let spool = Spool::of(record);
    if spool.is_used().await {
        spool.tidy(record.read().await, named).await;
    }
}
