//! What was removed of a repository on a host: the last hundred removals, oldest first, a line
//! `<feature> <entry of the trash>` each, in `repo-cache/.<repo>~removed`. (No name of ours has `~` in it.)
//!
//! Between looking and making there is no lock, and a script whose client is gone may come late. So
//! whoever looks notes the newest removal, and whoever makes looks again, under the repository's lock:
//! what was removed meanwhile is not made.

/// Says the newest removal, as `last`.
pub(super) const LAST: &str = r#"removals="$R/repo-cache/.$N~removed" last=
{ while read -r of entry; do last=$entry; done <"$removals"; } 2>/dev/null
echo "last $last"
"#;

/// Defines `record`, which adds the removal $I of what is called $1.
pub(super) const RECORD: &str = r#"record() {
  removals="$R/repo-cache/.$N~removed"
  { tail -n 99 "$removals" 2>/dev/null; echo "$1 $I"; } >"$removals~" && mv -f "$removals~" "$removals" || exit 1
}
"#;

/// What a script ends with when what it is to make was removed since it was looked at.
pub(super) const OVERTAKEN: i32 = 78;

/// Ends when what is called $F (or, without it, its clone) was removed since $seen was the newest
/// removal. One that is no longer in the list is older than a hundred others.
pub(super) const CHECK: &str = r#"removals="$R/repo-cache/.$N~removed" past=yes hit=
[ -z "$seen" ] || past=
if [ -e "$removals" ]; then
  while read -r of entry; do
    if [ -z "$past" ]; then
      [ "$entry" != "$seen" ] || past=yes
    else
      case $of in "${F:-+anchor}" | +anchor) hit=yes ;; esac
    fi
  done <"$removals"
  [ "$past" ] && [ -z "$hit" ] || exit 78
fi
"#;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::proc::blocking_command;
    use std::path::Path;
    use std::process::Stdio;

    fn run(root: &Path, script: &str) -> (i32, String) {
        let out = blocking_command("/bin/sh")
            .args(["-c", &format!("R={} N=core\n{script}", root.display())])
            .stdout(Stdio::piped())
            .output()
            .expect("sh runs");
        (out.status.code().unwrap_or(-1), String::from_utf8_lossy(&out.stdout).trim().to_owned())
    }

    fn remove(root: &Path, what: &str, entry: &str) {
        assert_eq!(run(root, &format!("{RECORD}I={entry}\nrecord {what}")).0, 0);
    }

    fn made(root: &Path, feature: &str, seen: &str) -> bool {
        match run(root, &format!("F={feature} seen={seen}\n{CHECK}exit 0")).0 {
            0 => true,
            OVERTAKEN => false,
            other => panic!("status {other}"),
        }
    }

    #[test]
    fn what_was_removed_since_it_was_seen_is_not_made() {
        let dir = tempfile::tempdir().expect("a folder");
        let root = dir.path();
        std::fs::create_dir(root.join("repo-cache")).expect("made");
        assert_eq!(run(root, LAST), (0, "last".into()));
        assert!(made(root, "pay", ""), "nothing was ever removed");
        remove(root, "pay", "pay+core+1");
        assert!(!made(root, "pay", "") && made(root, "ship", ""), "only what was removed");
        assert_eq!(run(root, LAST), (0, "last pay+core+1".into()));
        assert!(made(root, "pay", "pay+core+1"), "it was seen after that");
        remove(root, "+anchor", "core+anchor+2");
        for feature in ["pay", "ship", ""] {
            assert!(!made(root, feature, "pay+core+1"), "{feature:?} needs the clone");
        }
        for n in 3..110 {
            remove(root, "ship", &format!("ship+core+{n}"));
        }
        assert!(!made(root, "pay", "core+anchor+2"), "too long ago to say");
        assert!(made(root, "pay", "ship+core+50"));
        let kept = std::fs::read_to_string(root.join("repo-cache/.core~removed")).expect("there");
        assert_eq!(kept.lines().count(), 100);
    }
}
