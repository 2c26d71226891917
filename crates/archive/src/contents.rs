//! What a pass in the queue really contains, which may be less than its manifest planned.

use super::Tree;
use super::dir::Dir;
use super::home::Home;
use super::queue::{FLAT_ENDING, Manifest, PassPart, QueuedPass};
use crate::error::Result;
use crate::event::{EventName, EventSelection, Item};

impl Tree {
    /// The items of a pass that are at least partly in this part of it, each with the events found. Their bytes are
    /// given if all of an item is there.
    pub fn retired_in(&self, pass: &QueuedPass) -> Result<Vec<Item>> {
        match self.part(pass) {
            Err(error) if error.is_not_found() => Ok(Vec::new()),
            part => part.and_then(|PassPart { dir, .. }| items_in(&dir, &pass.manifest)),
        }
    }
}

/// The items that are at least partly in this directory of a pass.
pub(super) fn items_in(pass: &Dir, manifest: &Manifest) -> Result<Vec<Item>> {
    let items = &manifest.items;
    let mut found = Vec::new();
    // deleting single events makes an item for each event of a day
    let mut listed: Option<(&Item, Vec<EventName>)> = None;
    for item in items {
        let is_listed = listed.as_ref().is_some_and(|(of, _)| of.camera == item.camera && of.day == item.day);
        if !is_listed {
            listed = Some((item, events_of(pass, item, manifest)?));
        }
        let there = listed.as_ref().map_or(&[][..], |(_, events)| events);
        let events: Vec<EventName> = match &item.events {
            EventSelection::All => there.to_vec(),
            EventSelection::Some(names) => {
                names.iter().copied().filter(|name| there.binary_search(name).is_ok()).collect()
            }
        };
        let count = events.len() as u64;
        if count == item.count {
            found.push(item.clone());
        } else if count > 0 {
            found.push(Item { events: EventSelection::Some(events), count, bytes: None, frees: None, ..item.clone() });
        }
    }
    Ok(found)
}

/// The events of an item's day in this directory of a pass, sorted.
fn events_of(pass: &Dir, item: &Item, manifest: &Manifest) -> Result<Vec<EventName>> {
    let Some(camera) = pass.open_dir_if_there(item.camera.as_str().as_bytes())? else { return Ok(Vec::new()) };
    let home = Home::of(manifest.layouts.get(&item.camera), item.day)?;
    let mut events = Vec::new();
    if let Some(day) = camera.open_dir_if_there(item.day.to_string().as_bytes())? {
        events = home.retired_day(day, &item.camera, item.day)?.list()?.events;
    }
    if let Some(files) = camera.open_dir_if_there(format!("{}{FLAT_ENDING}", item.day).as_bytes())?
        && let Some(flat) = home.source(files)
    {
        events.extend(flat.list()?.names());
        events.sort_unstable();
        events.dedup();
    }
    Ok(events)
}
