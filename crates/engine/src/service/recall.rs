//! Brings events back from elsewhere: any process gathers them, and the one that manages the archive puts them in place.

use super::Archive;
use super::handle::Handle;
use crate::archive::Recall;
use crate::error::Result;
use crate::event::{Camera, EventId};
use crate::expirer::Recalled;

impl Archive {
    /// Begins to bring events of a camera back: gathers their files in a hidden directory of the camera, which takes no lock of the
    /// archive. [`Handle::place_recalled`] puts each event in place, in this process or in the one that manages the archive. Fails while
    /// another process recalls events of the camera.
    pub fn begin_recall(&self, camera: &Camera) -> Result<Recall> {
        self.tree.begin_recall(camera)
    }

    /// Removes what interrupted recalls have left, as each start of a service does.
    pub fn remove_recall_leftovers(&self) -> Result<()> {
        self.tree.remove_recall_leftovers()
    }
}

impl Handle {
    /// Puts an event in place that [`Archive::begin_recall`] has gathered from this store. Never overwrites: a file that is there
    /// already with another size stays. Its day is kept by all rules for a week, as a restored one. The catalog has it a moment later.
    pub fn place_recalled(&self, event: &EventId, store: &str) -> Result<Recalled> {
        let mut placed = self.expirer.place_recalled(event, store)?;
        placed.left.extend(self.unrecorded(placed.files > 0));
        Ok(placed)
    }
}
