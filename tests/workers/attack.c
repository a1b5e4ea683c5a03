/* What native code could try from inside a worker: each case is one system call.
 *
 * Called by .C("attack", name, number, text, errno): errno is 0 when the kernel did it, else why not.
 * Cases that would do harm where nothing stops them are made with arguments that cannot succeed, so
 * that another errno than EPERM, EACCES or ENOSYS tells that the call was let through.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define CASE(name) if (strcmp(*what, name) == 0)

static long child(long pid) {
  if (pid == 0) _exit(0);
  if (pid > 0) waitpid((pid_t)pid, NULL, 0);
  return pid;
}

static long unix_socket(const char *address, int length) {
  struct sockaddr_un to = {.sun_family = AF_UNIX};
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  if (fd < 0) return -1;
  memcpy(to.sun_path, address, (size_t)length);
  return connect(fd, (struct sockaddr *)&to, (socklen_t)(sizeof(sa_family_t) + length));
}

static long memory_of(pid_t pid) {
  char here[8];
  struct iovec to = {here, 8}, from = {(void *)8, 8};
  return process_vm_readv(pid, &to, 1, &from, 1, 0);
}

static long raise_limit(void) {
  struct rlimit most;
  if (getrlimit(RLIMIT_SIGPENDING, &most) < 0) return -1;
  most.rlim_cur = most.rlim_max = most.rlim_max + 1;
  return syscall(SYS_prlimit64, 0, RLIMIT_SIGPENDING, &most, NULL);
}

static long signal_by_descriptor(pid_t pid) {
  int ends[2];
  if (pipe(ends) < 0) return -1;
  return fcntl(ends[0], F_SETOWN, pid);
}

static long traced(pid_t pid) {
  long done = ptrace(PTRACE_SEIZE, pid, NULL, NULL);
  if (done == 0) ptrace(PTRACE_DETACH, pid, NULL, NULL);
  return done;
}

void attack(char **what, int *number, char **text, int *error) {
  long r = -2;
  pid_t pid = (pid_t)*number;
  const char *t = *text;
  errno = 0;
  CASE("fork") r = child(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
  CASE("clone3") r = syscall(SYS_clone3, NULL, 0);
  CASE("execve") r = syscall(SYS_execve, "/nonexistent", NULL, NULL);
  CASE("execveat") r = syscall(SYS_execveat, -1, "", NULL, NULL, AT_EMPTY_PATH);
  CASE("memfd_create") r = memfd_create("x", 0);
  CASE("socket") r = socket(AF_INET, SOCK_STREAM, 0);
  CASE("socket_netlink") r = socket(AF_NETLINK, SOCK_RAW, 0);
  CASE("socketpair") { int ends[2]; r = socketpair(AF_UNIX, SOCK_STREAM, 0, ends); }
  CASE("abstract_socket") { char a[64] = {0}; strncpy(a + 1, t, 60); r = unix_socket(a, 1 + (int)strlen(t)); }
  CASE("ptrace") r = traced(pid);
  CASE("memory_of_another") r = memory_of(pid);
  CASE("unshare_user") r = unshare(CLONE_NEWUTS);
  CASE("setns") r = setns(-1, 0);
  CASE("mount") r = mount("none", "/nonexistent", "tmpfs", 0, NULL);
  CASE("umount") r = umount2("/nonexistent", 0);
  CASE("chroot") r = chroot("/nonexistent");
  CASE("pivot_root") r = syscall(SYS_pivot_root, "/nonexistent", "/nonexistent");
  CASE("setuid") r = syscall(SYS_setuid, 0);
  CASE("setresgid") r = syscall(SYS_setresgid, 0, 0, 0);
  CASE("setgroups") r = syscall(SYS_setgroups, 0, NULL);
  CASE("capset") { int head[2] = {0x20080522, 0}; r = syscall(SYS_capset, head, NULL); }
  CASE("dumpable") r = prctl(PR_SET_DUMPABLE, 1);
  CASE("raise_limit") r = raise_limit();
  CASE("limit_of_another") { struct rlimit l = {9, 9}; r = syscall(SYS_prlimit64, pid, 99, &l, NULL); }
  CASE("kill_parent") r = kill(pid, 0);
  CASE("kill_group") r = kill(0, 0);
  CASE("kill_all") r = kill(-1, 0);
  CASE("tgkill") r = syscall(SYS_tgkill, pid, pid, 0);
  CASE("tkill") r = syscall(SYS_tkill, pid, 0);
  CASE("sigqueue") r = syscall(SYS_rt_sigqueueinfo, pid, 0, NULL);
  CASE("pidfd_open") r = syscall(SYS_pidfd_open, pid, 0);
  CASE("signal_by_descriptor") r = signal_by_descriptor(pid);
  CASE("keyring") r = syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_PROCESS_KEYRING, 1);
  CASE("add_key") r = syscall(SYS_add_key, "user", "x", "y", 1, KEY_SPEC_PROCESS_KEYRING);
  CASE("io_uring") r = syscall(SYS_io_uring_setup, 1, NULL);
  CASE("bpf") r = syscall(SYS_bpf, 99, NULL, 0);
  CASE("perf_event_open") r = syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0);
  CASE("userfaultfd") r = syscall(SYS_userfaultfd, 0);
  CASE("personality") r = syscall(SYS_personality, 0xffffffff);
  CASE("hard_link") r = link(t, "linked");
  CASE("symlink") r = symlink(t, "pointing");
  CASE("chmod") r = syscall(SYS_fchmodat, AT_FDCWD, t, 0600);
  CASE("chown") r = chown(t, (uid_t)-1, (gid_t)-1);
  CASE("times") r = utimensat(AT_FDCWD, t, NULL, 0);
  CASE("setxattr") r = setxattr(t, "user.x", "y", 1, 0);
  CASE("truncate") r = truncate(t, 6);
  CASE("mknod") r = mknod("fifo", S_IFIFO | 0600, 0);
  CASE("shmget") r = shmget(IPC_PRIVATE, 4096, 0600);
  CASE("mq_open") r = syscall(SYS_mq_open, "probe", O_RDONLY, 0, NULL);
  CASE("affinity") { cpu_set_t all; memset(&all, 255, sizeof all); r = sched_setaffinity(pid, sizeof all, &all); }
  CASE("priority") r = setpriority(PRIO_PROCESS, (id_t)pid, 0);
  CASE("open_by_handle") r = syscall(SYS_open_by_handle_at, -1, NULL, 0);
  CASE("terminal_input") r = ioctl(0, TIOCSTI, "x");
  CASE("mlock") r = mlockall(MCL_FUTURE << 5);
  CASE("device") r = open("/dev/full", O_RDONLY);
  CASE("shared_memory") { r = open("/dev/shm/modelyard-probe", O_CREAT | O_RDWR, 0600); if (r >= 0) unlink("/dev/shm/modelyard-probe"); }
  CASE("new_file_outside") { r = open(t, O_CREAT | O_WRONLY, 0600); if (r >= 0) unlink(t); }
  CASE("read_file") r = open(t, O_RDONLY);
  CASE("read_file_by_descriptor") r = openat(open("/", O_PATH), t + 1, O_RDONLY);
  CASE("write_file") r = open(t, O_WRONLY);
  CASE("garbage_on_the_socket") { char bad[64]; memset(bad, 255, 64); for (int fd = 3; fd < 1024; fd++) if (send(fd, bad, 64, 0) == 64) r = 0; }
  CASE("seccomp_off") r = prctl(PR_SET_SECCOMP, 0);
  *error = r == -2 ? 9999 : (r < 0 ? errno : 0);
}
