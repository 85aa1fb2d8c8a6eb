"""The system calls a program may make. Built once in the executor, handed to the sandbox as bytes.

An allow-list: what is not named answers EPERM, what nothing honest calls ends the process, and so does any
call of a foreign architecture. No socket of any family, no new process, no exec. Runs on the trusted side
only.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable

import pyseccomp
from pyseccomp import ALLOW, EQ, ERRNO, KILL_PROCESS, MASKED_EQ, Arg, SyscallFilter

from executor_svc.sandbox.child import PID_PLACEHOLDER


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_FILES = _names("""
read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 close close_range fstat
stat lstat newfstatat statx lseek creat ftruncate fallocate fsync fdatasync sync_file_range
getdents getdents64 access faccessat faccessat2 readlink readlinkat getcwd chdir fchdir mkdir
mkdirat rmdir rename renameat renameat2 unlink unlinkat umask statfs
fstatfs flock fadvise64 copy_file_range sendfile dup dup2 dup3 pipe pipe2
""")
# Landlock mediates none of them (truncate from its version 3 on), and gVisor's read-only mounts neither, so
# that only a sealed mount of Linux keeps them from the files of whoever the executor runs as.
_UNMEDIATED = _names("""
chmod fchmod fchmodat utime utimes utimensat futimesat truncate
""")
_EXTENDED_ATTRIBUTES = _names("""
getxattr lgetxattr fgetxattr listxattr llistxattr flistxattr setxattr lsetxattr fsetxattr removexattr
lremovexattr fremovexattr
""")
_MEMORY = _names("""
mmap mprotect munmap mremap madvise brk msync mincore membarrier
""")
_WAITING = _names("""
poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait eventfd
eventfd2 nanosleep clock_nanosleep clock_gettime clock_getres gettimeofday time times getitimer
setitimer alarm pause restart_syscall
""")
_SIGNALS = _names("""
rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigtimedwait rt_sigsuspend sigaltstack
""")
_SELF = _names("""
getpid gettid getppid getpgid getpgrp getsid getuid geteuid getgid getegid getresuid getresgid
getgroups getrlimit getrusage getpriority sysinfo uname getrandom getcpu capget arch_prctl exit
exit_group wait4 waitid set_tid_address set_robust_list get_robust_list rseq futex futex_waitv
sched_yield sched_getaffinity sched_getparam sched_getscheduler sched_get_priority_max
sched_get_priority_min sched_rr_get_interval
""")
_NEVER_HONEST = _names("""
ptrace process_vm_readv process_vm_writev io_uring_setup io_uring_enter io_uring_register bpf
perf_event_open userfaultfd keyctl add_key request_key init_module finit_module delete_module
kexec_load kexec_file_load reboot mount umount2 pivot_root chroot unshare setns swapon swapoff
open_by_handle_at name_to_handle_at fanotify_init pidfd_getfd kcmp fsopen fspick fsconfig fsmount
open_tree move_mount mount_setattr iopl ioperm modify_ldt lookup_dcookie nfsservctl vhangup acct
quotactl syslog
""")

_API_WITH_KILL_PROCESS = 3
_CLONE_THREAD = 0x00010000
_NEW_NAMESPACES = 0x7E020080
_FCNTL = (0, 1, 2, 3, 4, 5, 6, 7, 36, 37, 38, 1030, 1034)  # dup, flags, locks, get seals; no owner, no signal
_IOCTL = (
    0x5401,
    0x5413,
    0x541B,
    0x5421,
    0x5450,
    0x5451,
)  # is it a terminal, its size, FIONREAD, FIONBIO, cloexec
_PRCTL = (2, 3, 15, 16, 21, 23, 39, 0x53564D41)  # read-only questions, the thread's name, names of mappings


def _known(names: Iterable[str]) -> list[str]:
    arch = pyseccomp.system_arch()
    return [name for name in names if pyseccomp.resolve_syscall(arch, name) >= 0]


def _allow(rules: SyscallFilter, name: str, *conditions: Arg) -> None:
    if _known([name]):
        rules.add_rule(ALLOW, name, *conditions)


def _allow_with_conditions(rules: SyscallFilter) -> None:
    for command in _FCNTL:
        _allow(rules, "fcntl", Arg(1, EQ, command))
    for request in _IOCTL:
        _allow(rules, "ioctl", Arg(1, EQ, request))
    for option in _PRCTL:
        _allow(rules, "prctl", Arg(0, EQ, option))
    # Landlock does not mediate O_PATH, nor before its version 3 that opening to read may truncate.
    flags = os.O_PATH | os.O_ACCMODE
    for mask, value in (
        (flags | os.O_TRUNC, os.O_RDONLY),
        (flags, os.O_WRONLY),
        (flags, os.O_RDWR),
    ):
        _allow(rules, "open", Arg(1, MASKED_EQ, mask, value))
        _allow(rules, "openat", Arg(2, MASKED_EQ, mask, value))
    _allow(rules, "clone", Arg(0, MASKED_EQ, _CLONE_THREAD | _NEW_NAMESPACES, _CLONE_THREAD))
    _allow(rules, "prlimit64", Arg(0, EQ, 0))
    for call in ("kill", "tgkill"):
        _allow(rules, call, Arg(0, EQ, PID_PLACEHOLDER))


def build(*, sealed: bool = True) -> bytes:
    """The filter as classic BPF instructions, with the placeholder for the program's own process id.

    Unless what it can see is `sealed` by mounts (T1), modes and times of files cannot be set. Raises OSError
    or RuntimeError when libseccomp cannot build it.
    """
    # libseccomp offers what this kernel says it knows, and not every kernel says (gVisor does not). The
    # self-test sees whether the filter holds.
    pyseccomp.set_api(max(pyseccomp.get_api(), _API_WITH_KILL_PROCESS))
    rules = SyscallFilter(ERRNO(errno.EPERM))
    rules.set_attr(pyseccomp.Attr.ACT_BADARCH, KILL_PROCESS)
    for name in _known((*_FILES, *(_UNMEDIATED if sealed else ()), *_MEMORY, *_WAITING, *_SIGNALS, *_SELF)):
        rules.add_rule(ALLOW, name)
    for name in _known(_NEVER_HONEST):
        rules.add_rule(KILL_PROCESS, name)
    _allow_with_conditions(rules)
    for name in _known(_EXTENDED_ATTRIBUTES):
        rules.add_rule(ERRNO(errno.ENOTSUP), name)  # as many file systems answer; a copy then goes on without
    rules.add_rule(ERRNO(errno.ENOSYS), "clone3")  # its flags lie in memory where no filter sees them
    handle = os.memfd_create("filter", os.MFD_CLOEXEC)
    with os.fdopen(handle, "w+b") as file:
        rules.export_bpf(file)
        file.seek(0)
        return file.read()
