//! How soon this process gets a processor.

/// A turn of one who answers a person: the shortest that the system grants. Nanoseconds.
const SHORT: u64 = 100_000;

/// Asks for short turns: whoever takes less of a processor at a time gets one sooner, and no more of it in all. For
/// those who stand between a person's keys and the screen, beside programs that leave no processor idle. What they
/// start has short turns too. Linux since 6.12 grants it; elsewhere nothing changes.
pub fn short() {
    #[cfg(target_os = "linux")]
    linux::set(SHORT);
}

/// Back to the usual turns, for what does work of its own.
pub fn usual() {
    #[cfg(target_os = "linux")]
    linux::set(0);
}

#[cfg(target_os = "linux")]
mod linux {
    /// `struct sched_attr` in its first version, sched_setattr(2).
    #[repr(C)]
    #[derive(Default)]
    struct Attributes {
        size: u32,
        policy: u32,
        flags: u64,
        nice: i32,
        priority: u32,
        /// Since Linux 6.12 the length of a turn in nanoseconds for SCHED_OTHER too; 0 is the usual one.
        runtime: u64,
        deadline: u64,
        period: u64,
    }

    const SIZE: u32 = 48;

    /// Sets the turns of every thread of this process; those that begin later take after the one that begins them.
    pub fn set(runtime: u64) {
        let Ok(threads) = std::fs::read_dir("/proc/self/task") else { return };
        for thread in threads.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()) {
            // A thread that has ended meanwhile needs no turns.
            let _ = change(thread, runtime);
        }
    }

    /// Changes nothing else: neither niceness nor a policy of another kind.
    fn change(thread: libc::pid_t, runtime: u64) -> Option<()> {
        let mut attributes = Attributes { size: SIZE, ..Attributes::default() };
        #[expect(unsafe_code, reason = "the kernel writes no more than the size that it is told")]
        let got = unsafe { libc::syscall(libc::SYS_sched_getattr, thread, &raw mut attributes, SIZE, 0_u32) };
        if got != 0 || attributes.policy != libc::SCHED_OTHER.cast_unsigned() {
            return None;
        }
        attributes.runtime = runtime;
        #[expect(unsafe_code, reason = "the kernel only reads, and no more than the size that it is told")]
        let set = unsafe { libc::syscall(libc::SYS_sched_setattr, thread, &raw const attributes, 0_u32) };
        (set == 0).then_some(())
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        fn turn() -> (i32, u64) {
            let mut attributes = Attributes { size: SIZE, ..Attributes::default() };
            #[expect(unsafe_code, reason = "as above")]
            let got = unsafe { libc::syscall(libc::SYS_sched_getattr, 0, &raw mut attributes, SIZE, 0_u32) };
            assert_eq!(got, 0);
            (attributes.nice, attributes.runtime)
        }

        #[test]
        fn turns_change_and_nothing_else_does() {
            let before = turn();
            super::super::short();
            let short = turn();
            assert_eq!(short.0, before.0);
            // A kernel from before 6.12 leaves it at that.
            assert!(short == before || short.1 == super::super::SHORT, "{short:?}");
            super::super::usual();
            assert_eq!(turn(), before);
        }
    }
}
