use std::fs;
use std::path::{Path, PathBuf};

/// File systems whose locks or shared memory do not reach every process that can open the file.
const NETWORK: [&str; 20] = [
    "nfs",
    "nfs4",
    "cifs",
    "smb",
    "smb2",
    "smb3",
    "smbfs",
    "9p",
    "afs",
    "ncpfs",
    "ceph",
    "glusterfs",
    "lustre",
    "beegfs",
    "gpfs",
    "ocfs2",
    "gfs2",
    "vboxsf",
    "vmhgfs",
    "prl_fs",
];
/// FUSE file systems that are local.
const LOCAL_FUSE: [&str; 2] = ["fuse.fuse-overlayfs", "fuse.bindfs"];

/// The type of the network file system that holds a folder, as far as the system tells.
pub(super) fn network_kind_of(folder: &Path) -> Option<String> {
    let mounts = fs::read_to_string("/proc/mounts").ok()?;
    let folder = folder.canonicalize().ok()?;
    kind_in(&mounts, &folder).filter(|kind| is_network(kind))
}

/// The type of the mount that holds `folder`: the deepest, and of several at one place the last.
fn kind_in(mounts: &str, folder: &Path) -> Option<String> {
    let mut found: Option<(PathBuf, &str)> = None;
    for line in mounts.lines() {
        let mut fields = line.split(' ');
        let (Some(_device), Some(place), Some(kind)) = (fields.next(), fields.next(), fields.next()) else { continue };
        let place = PathBuf::from(unescaped(place));
        let deepest = found.as_ref().is_none_or(|(best, _)| place.starts_with(best));
        if folder.starts_with(&place) && deepest {
            found = Some((place, kind));
        }
    }
    found.map(|(_, kind)| kind.to_owned())
}

fn is_network(kind: &str) -> bool {
    NETWORK.contains(&kind) || ((kind == "fuse" || kind.starts_with("fuse.")) && !LOCAL_FUSE.contains(&kind))
}

/// The kernel writes blanks, tabs, newlines and backslashes of a path as octal escapes.
fn unescaped(place: &str) -> String {
    [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")]
        .iter()
        .fold(place.to_owned(), |place, (escape, character)| place.replace(escape, character))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "/dev/vda / ext4 rw 0 0\nhost:/x /srv nfs4 rw 0 0\n/dev/vdb /srv/local xfs rw 0 0\n\
                          me@host: /mnt/with\\040blank fuse.sshfs rw 0 0\nshare /over tmpfs rw 0 0\nshare /over cifs rw 0 0\n";

    fn refused(folder: &str) -> Option<String> {
        kind_in(MOUNTS, Path::new(folder)).filter(|kind| is_network(kind))
    }

    #[test]
    fn network_mounts_are_told_from_local_ones() {
        assert_eq!(refused("/srv/data").as_deref(), Some("nfs4"));
        assert_eq!(refused("/mnt/with blank/deep").as_deref(), Some("fuse.sshfs"));
        assert_eq!(refused("/over").as_deref(), Some("cifs"), "the last mount at a place is the one that is seen");
        assert_eq!(refused("/srv/local/data"), None);
        assert_eq!(refused("/srvx"), None, "a prefix of a name is not a parent");
        assert_eq!(refused("/home"), None);
    }
}
