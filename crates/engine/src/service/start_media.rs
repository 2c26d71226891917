//! Starts what makes media: the cache, the jobs, and with `--finish` the finisher. What these do is left to them.

use std::sync::Arc;

use super::finisher::{self, Finisher};
use super::open_archive::OpenArchive;
use crate::error::Result;
use crate::service::Archive;

impl Archive {
    /// Opens the media cache, and starts the threads that make media.
    pub(super) fn start_media(&self, open: &mut OpenArchive) -> Result<()> {
        let (shared, stop) = (Arc::clone(&open.shared), open.stopping.clone());
        let state_dir = open.state.path().to_path_buf();
        shared.media_cache.open(&self.options.cache, &state_dir);
        #[cfg(feature = "stores")]
        shared.resume_prefetching();
        shared.derivation.start();
        let (derived_shared, derived_stop) = (Arc::clone(&shared), stop.clone());
        open.spawn("owlery-ffmpeg", move || {
            derived_shared.derivation.look_for_programs(&derived_stop);
            Ok(())
        })?;
        if self.options.finish {
            let finisher = Finisher::new(shared, state_dir.join(finisher::WORK));
            open.spawn("owlery-finish", move || finisher.run(&stop))?;
        }
        Ok(())
    }
}
