"""The process between us and one server: it never lets the server outlive us.

Run as a script, with a JSON description as its only argument. It starts the server as its child,
writes the server's process id to standard output, and waits for the first of

- the end of its standard input: whoever started it asks for a stop, or has died (kill -9
  included, on any operating system). It then stops the server in good order;
- the server's own end: it ends with the same status (128 + N for a death by signal N).

A separate process, not PR_SET_PDEATHSIG alone: that signal comes when the *thread* that forked
ends, exists on Linux only, and would end PostgreSQL without its checkpoint. It is used as well,
for the case that this process itself is killed.

When started as root it lets the server run as another user, because PostgreSQL refuses root.
Only the standard library is imported: this file runs in isolated mode, without our packages.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import pwd
import select
import signal
import sys
import time
from typing import Any

_PR_SET_PDEATHSIG, _PR_SET_KEEPCAPS, _PR_CAP_AMBIENT = 1, 8, 47
_PR_CAP_AMBIENT_RAISE = 2
_PR_SET_SECUREBITS, _SECBIT_NO_SETUID_FIXUP = 28, 1 << 2
_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH, _CAP_SETPCAP = 1, 2, 8
_CAP_VERSION_3 = 0x20080522


def _prctl(*arguments: int) -> bool:
    padded = [*arguments, 0, 0, 0, 0][:5]
    libc = ctypes.CDLL(None, use_errno=True)
    return bool(libc.prctl(*(ctypes.c_ulong(value) for value in padded)) == 0)


def _set_capabilities(allowed: int, inheritable: int) -> bool:
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(_CAP_VERSION_3, 0)
    # effective, permitted, inheritable for capabilities 0-31, then the same for 32-63.
    data = (ctypes.c_uint32 * 6)(allowed, allowed, inheritable, 0, 0, 0)
    return bool(libc.capset(ctypes.byref(header), ctypes.byref(data)) == 0)


def _keep_one_capability(capability: int) -> bool:
    """Leave this process, and what it executes, with `capability` and no other."""
    bit = 1 << capability
    if not _set_capabilities(bit | 1 << _CAP_SETPCAP, bit):
        return False
    # access(2), which initdb uses on its own files, otherwise overlooks capabilities.
    _prctl(_PR_SET_SECUREBITS, _SECBIT_NO_SETUID_FIXUP)
    return _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, capability) and _set_capabilities(
        bit, bit
    )


def _reachable(program: str, paths: list[str]) -> bool:
    return os.access(program, os.X_OK) and all(os.access(path, os.R_OK | os.X_OK) for path in paths)


def _become(user: str, program: str, paths: list[str]) -> None:
    """Change from root to `user`, still able to reach `program` and `paths`.

    A checkout below /root (mode 0700) cannot be reached by another user. Opening such directories
    to everybody is not ours to do, so the server then keeps the one capability that lets it pass;
    it has less power than the root it was started by.
    """
    entry = pwd.getpwnam(user)
    on_linux = sys.platform == "linux"
    if on_linux:
        _prctl(_PR_SET_KEEPCAPS, 1)
    os.setgroups([])
    os.setresgid(entry.pw_gid, entry.pw_gid, entry.pw_gid)
    os.setresuid(entry.pw_uid, entry.pw_uid, entry.pw_uid)
    if _reachable(program, paths):
        return
    if on_linux:
        for capability in (_CAP_DAC_READ_SEARCH, _CAP_DAC_OVERRIDE):
            if _keep_one_capability(capability):
                return
    raise PermissionError(f"user {user} cannot reach {program} or one of {', '.join(paths)}")


def _child(spec: dict[str, Any], keeper_pid: int) -> None:
    """In the forked child: never returns."""
    try:
        # Not of our session: Ctrl-C in the terminal must reach the program, not its servers.
        os.setsid()
        os.umask(0o077)
        log = os.open(spec["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.closerange(3, 65_536)
        program = spec["argv"][0]
        if spec["user"] is not None:
            _become(spec["user"], program, spec["paths"])
        if sys.platform == "linux":
            # After the change of user, which would reset it.
            _prctl(_PR_SET_PDEATHSIG, spec["stop_signal"])
            if os.getppid() != keeper_pid:
                os._exit(125)
        # Python ignores SIGPIPE and what is ignored stays so across exec.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        signal.set_wakeup_fd(-1)
        os.execve(program, spec["argv"], spec["environment"])  # noqa: S606
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.write(2, f"keeper: {spec['argv'][0]}: {error}\n".encode())
    os._exit(126)


class _Watch:
    """Notices the child's end and the end of standard input, whichever comes first."""

    def __init__(self, pid: int, wakeup: int) -> None:
        self._pid = pid
        self._wakeup = wakeup
        self.status: int | None = None

    def ended(self) -> bool:
        if self.status is None:
            pid, status = os.waitpid(self._pid, os.WNOHANG)
            if pid == self._pid:
                code = os.waitstatus_to_exitcode(status)
                self.status = code if code >= 0 else 128 - code
        return self.status is not None

    def wait_for_input_end(self) -> None:
        while not self.ended():
            ready, _, _ = select.select([0, self._wakeup], [], [])
            if self._wakeup in ready:
                self._drain()
            if 0 in ready and not os.read(0, 4096):
                return

    def wait_ended(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while not self.ended():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            if select.select([self._wakeup], [], [], left)[0]:
                self._drain()
        return True

    def _drain(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while os.read(self._wakeup, 4096):
                pass


def main() -> int:
    spec = json.loads(sys.argv[1])
    # A stop is asked for by closing our input; a stray signal to the group must not end us first.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    wakeup, writer = os.pipe()
    os.set_blocking(wakeup, False)
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    keeper_pid = os.getpid()
    pid = os.fork()
    if pid == 0:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        _child(spec, keeper_pid)
    with contextlib.suppress(OSError):
        os.write(1, f"{pid}\n".encode())
    watch = _Watch(pid, wakeup)
    watch.wait_for_input_end()
    for number, patience_s in (
        (spec["stop_signal"], spec["patience_s"]),
        (signal.SIGQUIT, 5.0),
        (signal.SIGKILL, 5.0),
    ):
        if watch.ended():
            break
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        watch.wait_ended(patience_s)
    return watch.status if watch.status is not None else 124


if __name__ == "__main__":
    sys.exit(main())
