//! Hosts over real sshd processes.

mod link;
