//! What a pass in the queue really holds, as against what its manifest planned.

use super::Tree;
use super::dir::DayDir;
use super::queue::{QUEUE, QueuedPass};
use crate::error::Result;
use crate::event::{Item, Which};

impl Tree {
    /// The items of a pass of which something lies in this part of it, each with the events that do. Their bytes are told
    /// where all of an item is there.
    pub fn retired_in(&self, pass: &QueuedPass) -> Result<Vec<Item>> {
        let mut found = Vec::new();
        let queue = self.queue_base(&pass.place)?.open_dir(QUEUE)?;
        let Some(dir) = queue.open_dir_if_there(pass.manifest.pass.as_bytes())? else { return Ok(found) };
        for item in &pass.manifest.items {
            let Some(camera) = dir.open_dir_if_there(item.camera.as_str().as_bytes())? else { continue };
            let Some(day) = camera.open_dir_if_there(item.day.to_string().as_bytes())? else { continue };
            let events = DayDir::new(day, item.camera.clone(), item.day).list()?.events;
            let count = events.len() as u64;
            if count == item.count {
                found.push(item.clone());
            } else if count > 0 {
                found.push(Item { events: Which::Some(events), count, bytes: None, ..item.clone() });
            }
        }
        Ok(found)
    }
}
