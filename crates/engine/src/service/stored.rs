//! Events that stores have: which hosts' events are shown, and under which names of cameras.

use owlery_store::HostName;

use crate::event::Camera;

/// The hosts of a store whose events are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ShownHosts {
    /// This host's: its cameras have the names that they have in the archive.
    Own(HostName),
    /// Those of each host that has a place below the prefix: a camera is shown as `HOST:CAMERA`. No name of a host has a colon.
    All,
}

impl ShownHosts {
    /// The name under which a camera of a host is shown; `None` if the host is not shown, or the name is too long.
    pub(crate) fn shown(&self, host: &HostName, camera: &Camera) -> Option<Camera> {
        match self {
            Self::Own(own) => (own == host).then(|| camera.clone()),
            Self::All => format!("{host}:{camera}").parse().ok(),
        }
    }

    /// The host and the name there of a camera that is shown under this name; `None` for a name that no camera of a host has.
    pub(crate) fn place(&self, shown: &Camera) -> Option<(HostName, Camera)> {
        match self {
            Self::Own(own) => Some((own.clone(), shown.clone())),
            Self::All => {
                let (host, camera) = shown.as_str().split_once(':')?;
                Some((host.parse().ok()?, camera.parse().ok()?))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_shown_cameras_lead_back() {
        let (host, camera): (HostName, Camera) = ("front-door".parse().unwrap(), "Camera 1:2".parse().unwrap());
        let shown = ShownHosts::All.shown(&host, &camera).unwrap();
        assert_eq!(shown.as_str(), "front-door:Camera 1:2");
        assert_eq!(ShownHosts::All.place(&shown), Some((host.clone(), camera.clone())));
        let own = ShownHosts::Own(host.clone());
        assert_eq!(own.shown(&host, &camera), Some(camera.clone()));
        assert_eq!(own.place(&camera), Some((host, camera.clone())));
        assert_eq!(own.shown(&"other".parse().unwrap(), &camera), None);
        for no_host in ["Camera1", ":Camera1", "a b:Camera1", "a:"] {
            assert_eq!(ShownHosts::All.place(&no_host.parse().unwrap()), None, "{no_host}");
        }
    }
}
