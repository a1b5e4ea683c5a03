"""The system calls a worker needs: all that a model may ask of the kernel.

What R, BLAS, OpenMP, the C library's allocator and Python were seen to use, and what stands
beside those. A call that takes a path is decided by Landlock; a call that changes a path's mode,
owner, times or attributes, which Landlock does not look at, is not here. Numbers are the kernel's
(``asm/unistd_64.h`` and ``asm-generic/unistd.h``), and never change.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass

_ALLOWED = """
memory: brk 12 214, mmap 9 222, mremap 25 216, munmap 11 215, mprotect 10 226, madvise 28 233,
  mincore 27 232, msync 26 227
threads: futex 202 98, set_robust_list 273 99, set_tid_address 218 96, rseq 334 293,
  gettid 186 178, sched_yield 24 124, sched_getaffinity 204 123, sched_getparam 143 121,
  sched_getscheduler 145 120, sched_get_priority_max 146 125, sched_get_priority_min 147 126,
  getcpu 309 168, membarrier 324 283, restart_syscall 219 128, exit 60 93, exit_group 231 94,
  wait4 61 260, waitid 247 95
signals: rt_sigaction 13 134, rt_sigprocmask 14 135, rt_sigreturn 15 139, rt_sigsuspend 130 133,
  rt_sigpending 127 136, rt_sigtimedwait 128 137, sigaltstack 131 132, pause 34 -, alarm 37 -,
  setitimer 38 103, getitimer 36 102
time: clock_gettime 228 113, clock_getres 229 114, clock_nanosleep 230 115, nanosleep 35 101,
  gettimeofday 96 169, time 201 -, times 100 153, getrusage 98 165
itself: getpid 39 172, getppid 110 173, getuid 102 174, geteuid 107 175, getgid 104 176,
  getegid 108 177, getgroups 115 158, getresuid 118 148, getresgid 120 150, getpgrp 111 -,
  getpgid 121 155, getsid 124 156, getrlimit 97 163, getpriority 140 141, uname 63 160,
  sysinfo 99 179, capget 125 90, umask 95 166, getrandom 318 278
descriptors: read 0 63, write 1 64, pread64 17 67, pwrite64 18 68, readv 19 65, writev 20 66,
  preadv 295 69, pwritev 296 70, preadv2 327 286, pwritev2 328 287, lseek 8 62, close 3 57,
  close_range 436 436, dup 32 23, dup2 33 -, dup3 292 24, fstat 5 80, ftruncate 77 46,
  fallocate 285 47, fadvise64 221 223, fsync 74 82, fdatasync 75 83, sendfile 40 71,
  copy_file_range 326 285, readahead 187 213, poll 7 -, ppoll 271 73, select 23 -,
  pselect6 270 72, epoll_create 213 -, epoll_create1 291 20, epoll_ctl 233 21, epoll_wait 232 -,
  epoll_pwait 281 22, epoll_pwait2 441 441, eventfd2 290 19, pipe 22 -, pipe2 293 59
socket: sendto 44 206, sendmsg 46 211, recvfrom 45 207, recvmsg 47 212, shutdown 48 210
paths: open 2 -, openat 257 56, creat 85 -, stat 4 -, lstat 6 -, newfstatat 262 79, statx 332 291,
  access 21 -, faccessat 269 48, faccessat2 439 439, readlink 89 -, readlinkat 267 78,
  getdents 78 -, getdents64 217 61, getcwd 79 17, chdir 80 49, fchdir 81 50, mkdir 83 -,
  mkdirat 258 34, rmdir 84 -, unlink 87 -, unlinkat 263 35, rename 82 -, renameat 264 38,
  renameat2 316 276, statfs 137 43, fstatfs 138 44
"""

_BY_ARGUMENT = (
    "clone 56 220, kill 62 129, tgkill 234 131, ioctl 16 29, fcntl 72 25, prctl 157 167, "
    "prlimit64 302 261"
)
"""Allowed only with some arguments: ``seccomp.py`` says which."""

LAST_KNOWN = 450
"""A call with a greater number is answered with ENOSYS, as by a kernel that does not know it, so
that the C library takes the older way."""


@dataclass(frozen=True, slots=True)
class Machine:
    """An architecture: its number in a seccomp filter, and its calls by name."""

    audit_arch: int
    allowed: tuple[int, ...]
    by_argument: dict[str, int]
    seccomp: int
    unshare: int


def _numbers(text: str, column: int) -> dict[str, int]:
    entries = (entry.split() for group in text.split("\n") for entry in _entries(group))
    return {entry[0]: int(entry[column]) for entry in entries if entry[column] != "-"}


def _entries(line: str) -> list[str]:
    return [e for e in line.rpartition(":")[2].split(",") if e.strip()]


def this_machine() -> Machine | None:
    """The architecture we run on; None where it is not one whose calls are written here.

    >>> machine = this_machine()
    >>> machine is None or len(machine.allowed) > 100
    True
    """
    found = {"x86_64": (0xC000003E, 1, 317, 272), "aarch64": (0xC00000B7, 2, 277, 97)}
    known = found.get(platform.machine())
    if known is None:
        return None
    arch, column, seccomp, unshare = known
    allowed = tuple(sorted(_numbers(_ALLOWED, column).values()))
    return Machine(arch, allowed, _numbers(_BY_ARGUMENT, column), seccomp, unshare)
