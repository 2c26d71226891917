//! What a cache holds for a key: bytes with a type and a file name.

use std::sync::Arc;

use bytes::Bytes;

/// The type of media without one.
pub const DEFAULT_TYPE: &str = "application/octet-stream";
/// The file name of media without one.
pub const DEFAULT_NAME: &str = "attachment";

/// Bytes with a type and a file name. Clones share the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Media {
    /// The bytes.
    pub bytes: Bytes,
    /// What they are.
    pub label: Label,
}

/// The type and the file name of media. Clones are cheap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The media type, such as `image/jpeg`.
    pub mime_type: Arc<str>,
    /// The name under which the media are saved as a file.
    pub file_name: Arc<str>,
}

impl Media {
    /// Bytes with a type and a file name.
    pub fn new(bytes: impl Into<Bytes>, mime_type: &str, file_name: &str) -> Self {
        Self { bytes: bytes.into(), label: Label::new(mime_type, file_name) }
    }
}

impl Label {
    /// A type and a file name.
    pub fn new(mime_type: &str, file_name: &str) -> Self {
        Self { mime_type: mime_type.into(), file_name: file_name.into() }
    }
}

impl Default for Label {
    /// `application/octet-stream` and `attachment`.
    fn default() -> Self {
        Self::new(DEFAULT_TYPE, DEFAULT_NAME)
    }
}
