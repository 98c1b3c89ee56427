"""The sides that benches/live compares: how a shell is started in each and shown on a terminal."""
import fcntl, json, os, pty, re, select, shutil, signal, socket, struct, subprocess, sys, termios, time
from pathlib import Path

COLS, ROWS = 120, 40
# A strip and a title above the cockpit's stage, a line below it.
AROUND = 3


class Screen:
    """A program in a pseudo terminal; what it writes is read and thrown away but for the end."""

    def __init__(self, args, env, cols=COLS, rows=ROWS):
        pid, self.fd = pty.fork()
        if pid == 0:
            os.execvpe(args[0], args, env)
        self.pid = pid
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))
        os.kill(self.pid, signal.SIGWINCH)
        self.tail, self.bytes = b"", 0

    def read(self, seconds):
        if not select.select([self.fd], [], [], seconds)[0]:
            return b""
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            data = b""
        self.bytes += len(data)
        self.tail = (self.tail + data)[-200000:]
        return data

    def until(self, mark, seconds=120):
        """Reads until a text has been written; the seconds it took."""
        begun, end = time.perf_counter(), time.perf_counter() + seconds
        while mark not in self.tail:
            if time.perf_counter() > end:
                raise TimeoutError(f"{mark!r} did not come; the end was {self.tail[-400:]!r}")
            self.read(0.5)
        return time.perf_counter() - begun

    def quiet(self, seconds=0.3, keep=False):
        """Reads until nothing has come for a while; forgets it, unless it is to be kept."""
        while self.read(seconds):
            pass
        if not keep:
            self.tail = b""

    def pump(self, seconds):
        """Reads for so long."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            self.read(left)

    def type(self, data):
        os.write(self.fd, data)

    def close(self):
        os.close(self.fd)
        for sign in (signal.SIGHUP, signal.SIGKILL):
            try:
                os.kill(self.pid, sign)
                for _ in range(40):
                    if os.waitpid(self.pid, os.WNOHANG)[0]:
                        return
                    time.sleep(0.05)
            except (ProcessLookupError, ChildProcessError):
                return


class Host:
    """A host of loopback: an sshd with a key and a home of its own. Needs root."""

    def __init__(self, where):
        self.where = where / "host"
        self.home = self.where / "home"
        self.home.mkdir(parents=True)
        for key in ("host", "id"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.where / key)], check=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        public = (self.where / "host.pub").read_text().split(" ", 2)[:2]
        (self.where / "known").write_text(f"[127.0.0.1]:{self.port} {' '.join(public)}\n")
        (self.where / "sshd.conf").write_text(
            f"ListenAddress 127.0.0.1\nPort {self.port}\nHostKey {self.where}/host\nAuthorizedKeysFile {self.where}/id.pub\n"
            f"PidFile none\nStrictModes no\nUsePAM no\nPermitRootLogin yes\nPasswordAuthentication no\nPrintMotd no\n"
            f"PrintLastLog no\nSetEnv HOME={self.home} SF_HOME={self.home}/sf LANG=C.UTF-8 PATH={os.environ['PATH']}\n")
        self.config = self.where / "config"
        self.config.write_text(
            f"Host far\n  HostName 127.0.0.1\n  Port {self.port}\n  User root\n  IdentityFile {self.where}/id\n  IdentitiesOnly yes\n"
            f"  IdentityAgent none\n  UserKnownHostsFile {self.where}/known\n")
        Path("/run/sshd").mkdir(exist_ok=True, mode=0o755)
        sshd = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin")
        self.sshd = subprocess.Popen([sshd, "-D", "-e", "-f", str(self.where / "sshd.conf")], stderr=subprocess.PIPE, text=True)
        while "Server listening" not in (line := self.sshd.stderr.readline()):
            if not line:
                raise RuntimeError("sshd has ended")

    def end(self):
        self.sshd.terminate()
        self.sshd.wait()


class Side:
    """One of those that are compared."""

    def __init__(self, name, where, sf, host=None):
        self.name, self.where, self.sf, self.host = name, where, sf, host
        self.tmux, self.cockpit = name.startswith("tmux"), name.startswith("cockpit")
        self.home = where / name.replace(" ", "-")
        self.home.mkdir()
        self.env = {"PATH": os.environ["PATH"], "HOME": str(self.home), "SF_HOME": str(self.home / "sf"), "TERM": "xterm-256color",
                    "LANG": "C.UTF-8", "SHELL": "/bin/sh", "PS1": "$ "}
        self.socket = str((host.home if host else self.home) / "tmux")
        self.sessions = 0
        if host and not self.tmux:
            self.run("config", "set", "ssh.config_file", str(host.config))
            self.run("host", "add", "far", "far")
            self.run("bootstrap", "--hosts", "far", "--yes")

    def run(self, *args):
        done = subprocess.run([self.sf, *args], env=self.env, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(done.stderr)
        return done.stdout

    def _tmux(self, *args):
        return ["tmux", "-S", self.socket, "-f", "/dev/null", *args]

    def start(self, script):
        """Starts a session; its name."""
        self.sessions += 1
        name = f"s{self.sessions}"
        if self.tmux:
            line = self._tmux("new-session", "-d", "-s", name, "-x", str(COLS), "-y", str(ROWS), script)
            # A server that is about to end still answers, and then does not.
            for _ in range(40):
                if not (done := subprocess.run(line, env=self.env, capture_output=True, text=True)).returncode:
                    break
                time.sleep(0.05)
            else:
                raise RuntimeError(done.stderr)
            subprocess.run(self._tmux("set", "-g", "history-limit", "10000"), env=self.env, check=True)
        else:
            where = ["--host", "far"] if self.host else []
            self.run("session", "start", *where, "--name", name, "--size", f"{COLS}x{ROWS}", "--", "sh", "-c", script)
        return name

    def show(self, name):
        """Shows it on a terminal."""
        if self.tmux:
            line = self._tmux("attach", "-t", name)
            return Screen(["ssh", "-F", str(self.host.config), "-t", "far", *line] if self.host else line, self.env)
        if not self.cockpit:
            return Screen([self.sf, "session", "attach", name], self.env)
        screen = self.open()
        screen.until(name.encode())
        # The newest is not always the first.
        screen.type(b"/" + name.encode())
        # Each letter is a frame of its own. What is selected is shown, so what is looked for may come already.
        screen.quiet(0.3, keep=True)
        screen.type(b"\r")
        screen.quiet(0.1, keep=True)
        screen.type(b"z\r")
        screen.until(b"TERMINAL")
        return screen

    def open(self):
        """The cockpit, at its list of sessions."""
        screen = Screen([self.sf], self.env, COLS, ROWS + AROUND)
        screen.until(b"Live")
        screen.type(b"3")
        return screen

    def processes(self, word=None):
        """Every process that belongs to this side, the programs in it left out."""
        homes = [f"HOME={self.home}".encode()] + ([f"HOME={self.host.home}".encode()] if self.host else [])
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                env = (entry / "environ").read_bytes().split(b"\0")
                exe = os.readlink(entry / "exe")
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if any(home in env for home in homes) and exe.endswith(("/tmux", "/sf", "/sf-bench")) and (not word or word in words):
                found.append(int(entry.name))
        return found

    def cpu(self, word=None):
        """Seconds that they have taken."""
        ticks = 0
        for pid in self.processes(word):
            try:
                fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def pss(self, word=None):
        """Kilobytes of memory, what is shared divided among those who share it; and what is nobody else's."""
        total, private = 0, 0
        for pid in self.processes(word):
            try:
                text = Path(f"/proc/{pid}/smaps_rollup").read_text()
            except OSError:
                continue
            total += int(re.search(r"^Pss:\s+(\d+)", text, re.M)[1])
            private += sum(int(n) for n in re.findall(r"^Private_\w+:\s+(\d+)", text, re.M))
        return total, private

    def end(self):
        """Ends every session."""
        if self.tmux:
            subprocess.run(self._tmux("kill-server"), env=self.env, capture_output=True)
            # A server that is about to end takes no more sessions.
            for _ in range(400):
                if not self.processes():
                    return
                time.sleep(0.05)
            return
        for row in json.loads(self.run("session", "list", "--json")):
            if row["state"] not in ("exited", "lost"):
                self.run("session", "stop", row["id"], "--force")

    def leave(self):
        """Ends what carries its links, too."""
        self.end()
        for master in (self.home / "sf/run").glob("m-*"):
            subprocess.run(["ssh", "-O", "exit", "-S", str(master), "far"], capture_output=True)
