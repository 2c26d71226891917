//! What the kernel's filesystems differ in, by their magic numbers (statfs(2)).

use std::os::fd::{AsFd, BorrowedFd};

use super::dir::Dir;

/// Filesystems where another host, the host of a virtual machine, or another path on this host can write behind the mount.
/// All FUSE filesystems have one number: mergerfs, sshfs, bindfs, `GlusterFS`, virtiofs, ntfs-3g.
const SILENT_FILESYSTEMS: [i64; 17] = [
    0x6969,      // NFS
    0x517B,      // SMB
    0xFF53_4D42, // CIFS
    0xFE53_4D42, // SMB2, SMB3
    0x6573_5546, // FUSE, also with a block device
    0x0102_1997, // 9p
    0x786F_4256, // VirtualBox's shared folders
    0xBACB_ACBC, // VMware's shared folders
    0x7C7C_6673, // Parallels' shared folders
    0x00C3_6400, // Ceph
    0x0BD0_0BD0, // Lustre
    0x5346_414F, // AFS (OpenAFS)
    0x6B41_4653, // AFS (the kernel's)
    0x7375_7245, // Coda
    0x4750_4653, // GPFS
    0x0116_1970, // GFS2
    0x7461_636F, // OCFS2
];

/// Filesystems of this host's kernel, with change times that no program can set: ext2 to ext4, XFS, Btrfs, F2FS, bcachefs,
/// tmpfs, and overlays of them.
const POSIX_FILESYSTEMS: [i64; 7] =
    [0xEF53, 0x5846_5342, 0x9123_683E, 0xF2F5_2010, 0xCA45_1A4E, 0x0102_1994, 0x794C_7630];

/// exFAT and FAT: of this host's kernel too, but without change times.
const FAT: [i64; 2] = [0x2011_BAB0, 0x4D44];

impl Dir {
    /// Whether files can change here without a notification from the kernel (see [`SILENT_FILESYSTEMS`]).
    pub(crate) fn is_silent(&self) -> bool {
        magic(self.as_fd()).is_some_and(|magic| SILENT_FILESYSTEMS.contains(&magic))
    }

    /// Whether every change of a directory here changes its change time, and the move of a directory above does not.
    pub(crate) fn has_change_times(&self) -> bool {
        magic(self.as_fd()).is_some_and(|magic| POSIX_FILESYSTEMS.contains(&magic))
    }
}

/// Whether opening a file with cached names does not wait on this file's filesystem: on those of this host's kernel.
/// Others (NFS, FUSE) may ask a server or process first.
pub(super) fn opens_at_once(file: BorrowedFd<'_>) -> bool {
    magic(file).is_some_and(|magic| POSIX_FILESYSTEMS.contains(&magic) || FAT.contains(&magic))
}

fn magic(file: BorrowedFd<'_>) -> Option<i64> {
    rustix::fs::fstatfs(file).ok().map(|stat| stat.f_type & 0xFFFF_FFFF)
}
