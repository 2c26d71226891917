//! Who may ask over HTTP, as configured: users and their passwords, tokens, a trusted proxy, the names of this host. The
//! deciding is `gate`'s.

/// Who may ask over HTTP. The default: whoever reaches the address, for everything.
#[derive(Debug, Clone, Default)]
pub struct Access {}
