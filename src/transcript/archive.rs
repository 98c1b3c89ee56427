//! `.sfs.tar.gz`: a session folder as one file, members relative to the folder.

use std::fs::{self, OpenOptions};
use std::io::{BufReader, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Component, Path, PathBuf};

use crate::error::{At, Error, Result};
use crate::sys::files;

/// The largest member. (SessionFS stops at 50 or 100 MB; transcripts with pictures are larger.)
pub const MEMBER: u64 = 1 << 30;
/// The largest sum of all members: a small archive may unpack to any size.
pub const TOTAL: u64 = 4 << 30;
/// The most members.
const MEMBERS: usize = 10_000;

/// Whether a file is named as an archive.
pub fn is_archive(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.ends_with(".tar.gz") || name.ends_with(".tgz")
}

/// Unpacks an archive into an empty folder. Nothing is written unless every member is a plain file
/// or a folder with a path below the archive's own: an archive with one hostile member is refused
/// as a whole.
///
/// # Errors
/// `corrupt` when it is no such archive; `refused` when a member leads elsewhere, is a link or a
/// device, or is larger than [`MEMBER`] (all together: [`TOTAL`]).
pub fn unpack(archive: &Path, into: &Path) -> Result<()> {
    unpack_within(archive, into, MEMBER, TOTAL)
}

fn unpack_within(archive: &Path, into: &Path, member: u64, total: u64) -> Result<()> {
    let mut left = total;
    each(archive, |_, file| {
        let size = std::io::copy(&mut file.take(member.min(left) + 1), &mut std::io::sink())?;
        if size > member.min(left) {
            return Err(Error::refused(format!(
                "it holds more than {member} bytes in a member, or {total} in all"
            )));
        }
        left -= size;
        Ok(())
    })
    .map_err(|e| e.at(archive.display()))?;
    each(archive, |path, file| {
        let target = into.join(path);
        files::private_dir(target.parent().unwrap_or(into))?;
        let mut out = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&target);
        let out =
            out.as_mut().map_err(|e| Error::from(std::io::Error::from(e.kind())).at(target.display()))?;
        // The file may have been replaced since it was looked at.
        std::io::copy(&mut file.take(member), out).at(target.display())?;
        out.flush().at(target.display())
    })
    .map_err(|e| e.at(archive.display()))
}

/// Every file in it, with its path.
fn each(archive: &Path, mut take: impl FnMut(PathBuf, &mut dyn Read) -> Result<()>) -> Result<()> {
    let file = files::open_regular(archive)?;
    let mut tar = tar::Archive::new(flate2::read::MultiGzDecoder::new(BufReader::new(file)));
    let damaged = |e: std::io::Error| Error::corrupt(format!("it is no sound archive: {e}"));
    let mut count = 0;
    for entry in tar.entries().map_err(damaged)? {
        let mut entry = entry.map_err(damaged)?;
        count += 1;
        if count > MEMBERS {
            return Err(Error::refused(format!("it has more than {MEMBERS} members")));
        }
        let kind = entry.header().entry_type();
        let given = entry.path().map_err(damaged)?.into_owned();
        let path = below(&given).ok_or_else(|| {
            Error::refused(format!("a member would be written elsewhere: {:?}", given.to_string_lossy()))
        })?;
        if kind.is_dir() {
            continue;
        }
        if !kind.is_file() {
            let what = given.to_string_lossy().into_owned();
            return Err(Error::refused(format!("a member is a link or a device: {what:?}")));
        }
        take(path, &mut entry)?;
    }
    if count == 0 {
        return Err(Error::corrupt("it is empty"));
    }
    Ok(())
}

/// The same path without `.`; `None` when it is not below the folder.
fn below(path: &Path) -> Option<PathBuf> {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => out.push(name),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(out)
}

/// The session folder in an unpacked archive: the archive's own, or the only one below it.
pub fn folder(unpacked: &Path) -> PathBuf {
    if unpacked.join("messages.jsonl").exists() || unpacked.join("manifest.json").exists() {
        return unpacked.to_owned();
    }
    let mut inner = fs::read_dir(unpacked).into_iter().flatten().flatten().map(|e| e.path());
    match (inner.next(), inner.next()) {
        (Some(only), None) if only.is_dir() => only,
        _ => unpacked.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;
    use std::fs::File;

    /// An archive of these members, written byte by byte: libraries refuse to make hostile ones.
    fn archive(dir: &Path, members: &[(&str, u8, &[u8])]) -> PathBuf {
        let mut tar = Vec::new();
        for (name, kind, content) in members {
            let mut head = [0_u8; 512];
            head[..name.len()].copy_from_slice(name.as_bytes());
            head[100..108].copy_from_slice(b"0000600\0");
            head[124..136].copy_from_slice(format!("{:011o}\0", content.len()).as_bytes());
            head[136..148].copy_from_slice(b"00000000000\0");
            head[148..156].copy_from_slice(b"        ");
            head[156] = *kind;
            if *kind == b'2' {
                head[157..167].copy_from_slice(b"/etc/hosts");
            }
            head[257..265].copy_from_slice(b"ustar\x0000");
            let sum: u32 = head.iter().map(|b| u32::from(*b)).sum();
            head[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
            tar.extend_from_slice(&head);
            tar.extend_from_slice(content);
            tar.resize(tar.len().div_ceil(512) * 512, 0);
        }
        tar.resize(tar.len() + 1024, 0);
        let path = dir.join("a.sfs.tar.gz");
        let mut gz =
            flate2::write::GzEncoder::new(File::create(&path).expect("made"), flate2::Compression::fast());
        gz.write_all(&tar).and_then(|()| gz.finish()).expect("written");
        path
    }

    fn unpacked(members: &[(&str, u8, &[u8])]) -> (Result<()>, Vec<PathBuf>) {
        let dir = tempfile::tempdir().expect("a folder");
        let into = dir.path().join("in");
        files::private_dir(&into).expect("made");
        let outcome = unpack_within(&archive(dir.path(), members), &into, 1000, 2000);
        let mut there: Vec<PathBuf> =
            fs::read_dir(&into).expect("there").flatten().map(|e| e.path()).collect();
        there.sort();
        (outcome, there.iter().map(|p| p.strip_prefix(&into).expect("below").to_owned()).collect())
    }

    #[test]
    fn plain_members_are_unpacked() {
        let (outcome, there) = unpacked(&[
            ("./manifest.json", b'0', b"{}"),
            ("checkpoints/", b'5', b""),
            ("checkpoints/a.json", b'0', b"1"),
        ]);
        outcome.expect("sound");
        assert_eq!(there, [PathBuf::from("checkpoints"), PathBuf::from("manifest.json")]);
    }

    #[test]
    fn one_hostile_member_is_enough() {
        let big = [b'x'; 1001];
        let half = [b'x'; 900];
        let hostile: [&[(&str, u8, &[u8])]; 6] = [
            &[("a", b'0', b"1"), ("../b", b'0', b"1")],
            &[("a", b'0', b"1"), ("c/../../b", b'0', b"1")],
            &[("a", b'0', b"1"), ("/tmp/sf-hostile", b'0', b"1")],
            &[("a", b'0', b"1"), ("link", b'2', b"")],
            &[("a", b'0', b"1"), ("big", b'0', &big)],
            &[("a", b'0', &half), ("b", b'0', &half), ("c", b'0', &half)],
        ];
        for members in hostile {
            let (outcome, there) = unpacked(members);
            let error = outcome.expect_err("hostile");
            assert_eq!(error.code, Code::Refused, "{error}");
            assert!(there.is_empty(), "nothing is written: {there:?}");
        }
        let (outcome, there) = unpacked(&[("same", b'0', b"1"), ("same", b'0', b"2")]);
        assert!(outcome.is_err(), "one of two");
        assert_eq!(there.len(), 1);
    }

    #[test]
    fn what_is_no_archive_says_so() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("a.tar.gz");
        for content in [b"".as_slice(), b"no gzip", b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x03\0\0\0\0\0\0\0\0\0"] {
            fs::write(&path, content).expect("written");
            assert_eq!(unpack(&path, dir.path()).expect_err("damaged").code, Code::Corrupt, "{content:?}");
        }
    }
}
