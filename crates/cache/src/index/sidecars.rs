//! The index that is none: all metadata are read from the sidecars.

use std::io;

use super::{Index, Row, Touch};

/// No index.
#[derive(Debug)]
pub(crate) struct SidecarIndex;

impl Index for SidecarIndex {
    fn load(&mut self, _: &mut dyn FnMut(Row)) -> io::Result<bool> {
        Ok(false)
    }

    fn add(&mut self, _: &[Row]) -> io::Result<()> {
        Ok(())
    }

    fn remove(&mut self, _: &[&str]) -> io::Result<()> {
        Ok(())
    }

    fn touch(&mut self, _: &[Touch<'_>]) -> io::Result<()> {
        Ok(())
    }

    fn complete(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn destroy(self: Box<Self>) -> io::Result<()> {
        Ok(())
    }
}
