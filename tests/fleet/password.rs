//! Hosts that let nobody in by a key alone: a password, or a password and a code that changes. A person
//! answers once, at a terminal; nothing asks in a batch, and everything else goes over the connection.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::World;
use crate::support::pty::Terminal;
use crate::support::sshd::{Setup, Sshd, masters};
use crate::support::users::Users;

const PASSWORD: &str = "correct-horse";
/// The secret of the codes, in hex.
const SECRET: &str = "3132333435363738393031323334353637383930";

/// A host that lets one user in, as that user.
struct Locked {
    world: World,
    users: Users,
    _sshd: Sshd,
}

impl Locked {
    fn new(users: Users, methods: &str, program: Option<&Path>) -> Self {
        users.set_password(0, PASSWORD);
        let world = World::new();
        let home = users.home(0).display().to_string();
        let config = format!(
            "{methods}PubkeyAuthentication no\nAllowUsers {}\nSetEnv HOME={home} SF_HOME={home}/sf TMPDIR=/tmp\n",
            users.name(0)
        );
        let sshd = world.net.host_with("far", Setup { config: &config, program, ..Setup::default() });
        world.net.configure(&format!(
            "Host locked\n  HostName 127.0.0.1\n  Port {}\n  User {}\n  UserKnownHostsFile {}\n",
            sshd.port,
            users.name(0),
            world.net.known_hosts().display()
        ));
        let _ = world.place.sf(&["host", "add", "locked", "locked"]);
        Self { world, users, _sshd: sshd }
    }

    /// Nothing asks where nobody could answer.
    fn asks_nobody(&self) {
        let place = &self.world.place;
        for line in [vec!["host", "check", "locked", "--json"], vec!["--batch", "host", "check", "locked"]] {
            let said = place.sf(&line);
            assert_eq!(said.status, 3, "{line:?}: {said:?}");
            assert!(said.stdout.contains("sf host login locked"), "it says what to do: {said:?}");
        }
    }

    fn login(&self) -> Terminal {
        Terminal::start(&self.world.place, &["host", "login", "locked"], 100, 20)
    }

    /// Everything goes over the one connection, with nobody asked again.
    fn works(&self) {
        let place = &self.world.place;
        assert_eq!(masters(&place.sf_home().join("run")).len(), 1);
        assert_eq!(place.json(&["host", "check", "locked"])[0]["state"], "up");
        let _ = place.json(&["feature", "new", "pay"]);
        let url = place.bare_repo("core");
        // A repository of somebody else is nothing that git takes by itself.
        let trusted = "[safe]\n\tdirectory = *\n";
        fs::write(self.users.home(0).join(".gitconfig"), trusted).expect("written");
        let open = |path: &Path| fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("ours");
        [place.path(), &place.path().join("repos")].into_iter().for_each(open);
        let _ = place.json(&["repo", "add", "core", &url]);
        let _ = place.json(&["attach", "pay", "core", "--hosts", "locked"]);
        let said = place.sf(&["--batch", "sync", "pay"]);
        assert_eq!(said.status, 0, "{said:?}");
        assert!(self.users.home(0).join("features/pay/core/README.md").exists());
    }
}

#[test]
fn a_password_is_asked_for_once_and_never_in_a_batch() {
    let Some(users) = Users::make(1) else { return };
    let locked = Locked::new(users, "PasswordAuthentication yes\n", None);
    locked.asks_nobody();
    let mut terminal = locked.login();
    terminal.wait_text("password:");
    terminal.send("wrong\r");
    terminal.wait("to be asked again", |text| text.matches("password:").count() == 2);
    terminal.send(&format!("{PASSWORD}\r"));
    assert_eq!(terminal.exit(), 0, "{}", terminal.text());
    assert!(!terminal.raw().contains(PASSWORD), "it is not shown");
    locked.works();
}

/// Another name for sshd, with a PAM service of that name that asks for a password and a code.
struct Service {
    program: PathBuf,
    pam: PathBuf,
}

impl Service {
    fn new(dir: &Path, user: &str) -> Self {
        let name = format!("sf-{user}");
        let (program, pam) = (dir.join(&name), Path::new("/etc/pam.d").join(&name));
        fs::copy("/usr/sbin/sshd", &program).expect("copied");
        let codes = dir.join("codes");
        fs::write(&codes, format!("HOTP/T30/6 {user} - {SECRET}\n")).expect("written");
        fs::set_permissions(&codes, fs::Permissions::from_mode(0o600)).expect("ours");
        let rules = format!(
            "auth required pam_unix.so\nauth required pam_oath.so usersfile={} window=10 digits=6\n\
             account required pam_permit.so\nsession required pam_permit.so\n",
            codes.display()
        );
        fs::write(&pam, rules).expect("root may");
        Self { program, pam }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.pam);
    }
}

#[test]
fn a_password_and_a_code_are_asked_for_once() {
    let Some(users) = Users::make(1) else { return };
    let service_dir = tempfile::tempdir().expect("a folder");
    let methods = "UsePAM yes\nKbdInteractiveAuthentication yes\nPasswordAuthentication no\n\
                   AuthenticationMethods keyboard-interactive\n";
    let service = Service::new(service_dir.path(), users.name(0));
    let locked = Locked::new(users, methods, Some(&service.program));
    locked.asks_nobody();
    let mut terminal = locked.login();
    terminal.wait_text("Password:");
    terminal.send(&format!("{PASSWORD}\r"));
    terminal.wait_text("One-time password");
    let code = locked.world.place.sh(&format!("oathtool --totp {SECRET}"));
    terminal.send(&format!("{}\r", code.trim()));
    assert_eq!(terminal.exit(), 0, "{}", terminal.text());
    locked.works();
}
