"""What a query's process may not do, whatever its statement has found a way to: said to the kernel, for good.

It ends with the process that made it, writes no core, has bounded memory, processor time, files and file sizes, gains
no rights, starts no program, and opens no socket. Files that it may open are said with Landlock, where the kernel has
it: programs and libraries to be read, what the query needs to be read, the folder of results to be written.
"""

import ctypes
import math
import os
import platform
import resource
import signal
import struct
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from opentrail import limits

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_SECCOMP: Final = 22
_PR_SET_NO_NEW_PRIVS: Final = 38
_SECCOMP_MODE_FILTER: Final = 2

# Of linux/seccomp.h and linux/filter.h: instructions of eight bytes, over the call's number (at 0) and machine (at 4).
_INSTRUCTION: Final = struct.Struct("=HBBI")
_LOAD: Final = 0x20
_JUMP_IF_EQUAL: Final = 0x15
_JUMP_IF_NOT_LESS: Final = 0x35
_RETURN: Final = 0x06
_ALLOW: Final = 0x7FFF0000
_REFUSE: Final = 0x00050000 | 1  # the call fails with EPERM

# What starts programs, reaches other processes or the network: by machine, its number for seccomp, then those of calls.
_REFUSED_CALLS: Final = {
    # socket, connect, bind, listen, ptrace, execve, execveat, mount, process_vm_readv, process_vm_writev, bpf,
    # io_uring_setup, which would do what is refused in other ways
    "x86_64": (0xC000003E, (41, 42, 49, 50, 101, 59, 322, 165, 310, 311, 321, 425)),
    "aarch64": (0xC00000B7, (198, 203, 200, 201, 117, 221, 281, 40, 270, 271, 280, 425)),
}

_OTHER_NUMBERING: Final = 0x40000000  # the same calls again, as x32 counts them

# Of linux/landlock.h.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_FOLDER = 1, 1 << 1, 1 << 2, 1 << 3
_FIRST_RIGHTS: Final = (1 << 13) - 1  # what the first version knows
_READ: Final = _READ_FILE | _READ_FOLDER
_WRITE: Final = _FIRST_RIGHTS & ~_EXECUTE
_ON_FILES: Final = _READ_FILE | _WRITE_FILE | _EXECUTE
_PATH_BENEATH: Final = 1
_SYSTEM: Final = (
    "/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/localtime", "/proc/self", "/proc/meminfo", "/proc/cpuinfo",
    "/sys", "/dev/null", "/dev/urandom",
)  # fmt: skip

_libc = ctypes.CDLL(None, use_errno=True)


def end_with(parent: int) -> None:
    """The kernel ends this process when the process `parent`, which made it, ends."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it went away in between
        os._exit(1)


def limit_resources(*, memory_bytes: int, cpu_seconds: int, file_bytes: int) -> None:
    """Bound what the process may use. `memory_bytes` is for the engine; code, threads and values come on top."""
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_AS, memory_bytes + limits.QUERY_ADDRESS_BYTES)
    _limit(resource.RLIMIT_CPU, cpu_seconds)
    _limit(resource.RLIMIT_FSIZE, file_bytes)
    _limit(resource.RLIMIT_NOFILE, limits.QUERY_OPEN_FILES)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a file too long is an error of its write


def confine(*, reads: Iterable[Path], writes: Iterable[Path]) -> None:
    """Take rights away from this thread and those that it will start. `reads`, `writes`: files, and folders with all
    that is below them."""
    _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _allow_files(reads, writes)
    _refuse_calls()


def limit_cpu_from_here(seconds: float | None) -> None:
    """The process ends when it has used so much more processor time; None: what `limit_resources` said holds again."""
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    soft = hard if seconds is None else min(hard, math.ceil(time.process_time() + seconds))
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def _limit(which: int, most: int) -> None:
    hard = resource.getrlimit(which)[1]
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(which, (most, most))


def _refuse_calls() -> None:
    """Nothing is refused on machines that the table does not know."""
    machine = _REFUSED_CALLS.get(platform.machine())
    if machine is None:
        return
    number, calls = machine
    program = [(_LOAD, 0, 0, 4), (_JUMP_IF_EQUAL, 1, 0, number), (_RETURN, 0, 0, _REFUSE), (_LOAD, 0, 0, 0)]
    program += [(_JUMP_IF_NOT_LESS, len(calls) + 1, 0, _OTHER_NUMBERING)]
    for left, call in zip(range(len(calls), 0, -1), calls, strict=True):
        program.append((_JUMP_IF_EQUAL, left, 0, call))
    program += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _REFUSE)]
    instructions = ctypes.create_string_buffer(b"".join(_INSTRUCTION.pack(*one) for one in program))
    described = struct.pack("=H6xQ", len(program), ctypes.addressof(instructions))
    _libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.create_string_buffer(described), 0, 0)


def _allow_files(reads: Iterable[Path], writes: Iterable[Path]) -> None:
    """Nothing is refused where the kernel has no Landlock; the engine's own lock stands anyhow."""
    ruleset = _libc.syscall(_CREATE_RULESET, ctypes.byref(ctypes.c_uint64(_FIRST_RIGHTS)), ctypes.c_size_t(8), 0)
    if ruleset < 0:
        return
    programs = {sys.prefix, sys.base_prefix, *_SYSTEM, *(path for path in sys.path if path)}
    for program in sorted(programs):
        _allow(ruleset, Path(program), _READ | _EXECUTE)
    for path in reads:
        _allow(ruleset, path, _READ)
    for path in writes:
        _allow(ruleset, path, _WRITE)
    _libc.syscall(_RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)


def _allow(ruleset: int, path: Path, rights: int) -> None:
    if not path.exists():
        return
    opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    granted = rights if path.is_dir() else rights & _ON_FILES
    rule = ctypes.create_string_buffer(struct.pack("=Qi", granted, opened))
    _libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, rule, 0)
    os.close(opened)
