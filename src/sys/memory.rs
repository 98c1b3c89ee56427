//! Giving memory back to the system.

/// Where our own program file is mapped into this process; nowhere, if there is no `/proc`.
#[derive(Debug, Default)]
pub struct Program(Vec<(usize, usize)>);

impl Program {
    /// Looks it up.
    pub fn here() -> Self {
        #[cfg(target_os = "linux")]
        if let (Ok(maps), Ok(program)) =
            (std::fs::read_to_string("/proc/self/smaps"), std::fs::read_link("/proc/self/exe"))
        {
            return Self(untouched(&maps, &program.to_string_lossy()));
        }
        Self::default()
    }

    /// Gives it back: starting, and each thing that is asked, takes far more of the program than going on does.
    /// What is needed again comes back by itself, out of the system's cache.
    pub fn forget(&self) {
        #[cfg(target_os = "linux")]
        self.0.iter().for_each(|(start, length)| give_back(*start, *length));
    }
}

/// Addresses and lengths of the read-only mappings of a file in which nothing was changed, as relocation
/// changes what is constant afterwards: only those can be read again.
#[cfg(any(target_os = "linux", test))]
fn untouched(maps: &str, file: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut mapping = None;
    for line in maps.lines() {
        if let Some(size) = line.strip_prefix("Anonymous:") {
            found.extend(mapping.take().filter(|_| size.trim() == "0 kB"));
        } else if let Some((range, rest)) = line.split_once(' ')
            && let Some((start, end)) = range.split_once('-')
            && let (Ok(start), Ok(end)) = (usize::from_str_radix(start, 16), usize::from_str_radix(end, 16))
        {
            let readable = rest.starts_with("r-xp ") || rest.starts_with("r--p ");
            let ours = rest.ends_with(file) && rest[..rest.len() - file.len()].ends_with(' ');
            mapping = (readable && ours && end > start).then(|| (start, end - start));
        }
    }
    found
}

#[cfg(target_os = "linux")]
fn give_back(start: usize, length: usize) {
    use rustix::mm::{Advice, madvise};
    #[expect(
        unsafe_code,
        reason = "pages of a private mapping that nothing was written to are read again from the file, the same"
    )]
    // One that cannot be given back stays.
    let _ = unsafe { madvise(start as *mut std::ffi::c_void, length, Advice::LinuxDontNeed) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nothing_was_written_to_is_given_back() {
        let maps = "\
1000-3000 r--p 00000000 fe:00 7    /opt/my sf
Size:                 8 kB
Anonymous:            0 kB
3000-4000 r-xp 00002000 fe:00 7    /opt/my sf
Anonymous:            0 kB
4000-5000 r--p 00003000 fe:00 7    /opt/my sf
Anonymous:            4 kB
5000-6000 rw-p 00004000 fe:00 7    /opt/my sf
Anonymous:            0 kB
6000-7000 r-xp 00000000 fe:00 8    /opt/other/my sf
Anonymous:            0 kB
7000-8000 rw-p 00000000 00:00 0
Anonymous:            0 kB
VmFlags: rd wr mr mw me ac
";
        assert_eq!(untouched(maps, "/opt/my sf"), [(0x1000, 0x2000), (0x3000, 0x1000)]);
    }

    #[test]
    fn the_program_goes_on() {
        Program::here().forget();
        assert_eq!(untouched("", "x"), []);
    }
}
