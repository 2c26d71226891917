//! Which layout the flat files of each camera have, and which cameras have their files in the root itself, without a
//! directory of their own.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::dir::Dir;
use super::flat::{IndexCache, Place, Query};
use super::{CameraDir, Tree};
use crate::error::Result;
use crate::event::{Camera, Day};
use crate::layout::{DatePlace, Layout, Pattern};

/// The layouts of an archive's flat files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layouts {
    /// Each layout, of one camera or of all that have none of their own.
    rules: Vec<(Option<Camera>, Arc<Layout>)>,
    /// The flags that give these layouts, if they were only recognised by looking.
    recognised: Option<String>,
}

impl Layouts {
    /// The layouts of these patterns, each of one camera or of all others, as a user or Motion's configuration gave them.
    /// Fails if those of one camera have the date in different places.
    pub fn of_patterns(patterns: &[(Option<Camera>, Pattern)]) -> Result<Self> {
        let cameras: BTreeSet<&Option<Camera>> = patterns.iter().map(|(camera, _)| camera).collect();
        let layout = |camera: &Option<Camera>| {
            let own = patterns.iter().filter(|(of, _)| of == camera).map(|(_, pattern)| pattern.clone());
            Ok((camera.clone(), Arc::new(Layout::new(own.collect())?)))
        };
        Ok(Self { rules: cameras.into_iter().map(layout).collect::<Result<_>>()?, recognised: None })
    }

    /// The same layouts, recognised by looking. `flags` would give them.
    #[must_use]
    pub fn recognised(self, flags: String) -> Self {
        Self { recognised: Some(flags), ..self }
    }

    /// Whether there is none: then no flat file is read.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The flags that give these layouts, if they were only recognised by looking.
    pub fn recognised_flags(&self) -> Option<&str> {
        self.recognised.as_deref()
    }

    /// Why no rule may retire anything, as a sentence with the remedy: a layout that was only recognised may be that of
    /// another program's files.
    pub fn doubt(&self) -> Option<String> {
        let flags = self.recognised.as_ref()?;
        Some(format!(
            "the layout of the files was recognised by looking at their names, so no rule retires anything; if they are \
             Motion's, add {flags}"
        ))
    }

    /// The layouts, each of one camera or of all others.
    pub fn rules(&self) -> &[(Option<Camera>, Arc<Layout>)] {
        &self.rules
    }

    /// Whether a layout is for a camera of this name.
    pub(super) fn names(&self, camera: &str) -> bool {
        self.rules.iter().any(|(of, _)| of.as_ref().is_some_and(|of| of.as_str() == camera))
    }

    /// The layout of a camera, and whether it is its own.
    fn of(&self, camera: &Camera) -> Option<(bool, &Arc<Layout>)> {
        let own = self.rules.iter().find(|(of, _)| of.as_ref() == Some(camera));
        let found = own.or_else(|| self.rules.iter().find(|(of, _)| of.is_none()));
        found.map(|(of, layout)| (of.is_some(), layout))
    }
}

/// How the flat files of one camera are found.
#[derive(Debug, Clone)]
pub(super) struct CameraLayout {
    pub layout: Arc<Layout>,
    /// Whether the files are in the root.
    pub in_root: bool,
    /// Whether the names contain the camera: files of others lie among its own.
    pub names_camera: bool,
    pub cache: Arc<IndexCache>,
    /// For files in the root: the layouts of the other cameras there, whose files are not its strays.
    pub of_root: Vec<Arc<Layout>>,
}

impl CameraLayout {
    /// Where the date of its files is.
    pub(super) fn date(&self) -> DatePlace {
        self.layout.patterns().first().map_or(DatePlace::File, Pattern::date)
    }

    /// The path of the day's directory below the camera's, if the date is in directories.
    pub(super) fn day_dir(&self, day: Day) -> Option<String> {
        self.layout.patterns().first()?.day_dir(day)
    }
}

impl Tree {
    /// The layouts of the flat files.
    pub fn layouts(&self) -> &Layouts {
        &self.layouts
    }

    /// The layout of a camera's flat files; `None` if flat files are not read.
    pub(super) fn layout_of(&self, camera: &Camera, in_root: bool) -> Option<CameraLayout> {
        let (own, layout) = self.layouts().of(camera)?;
        // A layout of one camera describes no files of others.
        let names_camera = in_root && !own && layout.patterns().iter().any(Pattern::names_camera);
        let cache = Arc::clone(&self.flat_indexes);
        let others = self.layouts().rules().iter().filter(|(of, _)| in_root && of.as_ref() != Some(camera));
        let of_root = others.map(|(_, layout)| Arc::clone(layout)).collect();
        Some(CameraLayout { layout: Arc::clone(layout), in_root, names_camera, cache, of_root })
    }

    /// The cameras whose files lie in the root, sorted; `with_directory` are those that have a directory instead.
    pub(super) fn cameras_in_root(&self, root: &Dir, with_directory: &[Camera]) -> Result<Vec<CameraDir>> {
        let mut found: Vec<CameraDir> = Vec::new();
        let has_directory = |camera: &Camera| with_directory.contains(camera);
        for (of, layout) in self.layouts().rules() {
            let names_camera = layout.patterns().iter().any(Pattern::names_camera);
            let cameras: BTreeSet<Camera> = match of {
                Some(camera) => BTreeSet::from([camera.clone()]),
                None if names_camera => self.cameras_in_names(root, layout)?,
                None => self.root_camera().into_iter().collect(),
            };
            for camera in cameras.into_iter().filter(|camera| !has_directory(camera)) {
                let Some(dir) = self.camera_in_root(root, &camera)? else { continue };
                // A layout for all cameras says nothing about the root unless there are such files.
                let is_asked = of.is_some() || dir.has_flat_files();
                if is_asked && !found.iter().any(|known| known.camera() == dir.camera()) {
                    found.push(dir);
                }
            }
        }
        found.sort_by(|a, b| a.camera().cmp(b.camera()));
        Ok(found)
    }

    /// The camera whose files would lie in the root; `None` if no layout says so.
    pub(super) fn camera_in_root(&self, root: &Dir, camera: &Camera) -> Result<Option<CameraDir>> {
        let Some(layout) = self.layout_of(camera, true).filter(|_| self.may_be_in_root(camera.as_str())) else {
            return Ok(None);
        };
        Ok(Some(CameraDir::in_root(root.again()?, camera.clone(), layout)))
    }

    /// The cameras that the names of files in the root contain.
    fn cameras_in_names(&self, root: &Dir, layout: &Layout) -> Result<BTreeSet<Camera>> {
        let is_in_dirs = layout.patterns().iter().all(|pattern| pattern.date() != DatePlace::File);
        if is_in_dirs {
            return Ok(BTreeSet::new()); // the camera would be known only after reading every day
        }
        let query = Query { layout, prefix: "", names_camera: true };
        let place = Place { base: root, query, is_shared: true };
        let mut index = self.flat_indexes.recent(place)?;
        if index.days.is_empty() {
            index = self.flat_indexes.current(place, None)?;
        }
        Ok(index.days.keys().filter_map(|(camera, _)| camera.clone()).collect())
    }

    /// The name of the camera whose files lie in the root: the root's own name, or `Camera` if that can be no camera's.
    fn root_camera(&self) -> Option<Camera> {
        let name = self.root().file_name().and_then(|name| name.to_str());
        name.and_then(|name| name.parse().ok()).or_else(|| "Camera".parse().ok())
    }

    /// Whether a camera of this name may have its files in the root.
    pub(super) fn may_be_in_root(&self, name: &str) -> bool {
        let camera = name.parse::<Camera>();
        self.layouts().rules().iter().any(|(of, layout)| match of {
            Some(of) => of.as_str() == name,
            None if layout.patterns().iter().any(Pattern::names_camera) => camera.is_ok(),
            None => self.root_camera().is_some_and(|camera| camera.as_str() == name),
        })
    }
}
