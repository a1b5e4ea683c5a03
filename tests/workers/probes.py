"""Ways out of a worker, written as R code that says TRUE when it got out.

``{home}``, ``{secret}``, ``{parent}`` and the like are filled in by the test. The code runs in the
predict body of a version, as an attacker's would.
"""

from __future__ import annotations

READS = {
    "passwd": "readLines('/etc/passwd')",
    "passwd_by_link": "{{ file.symlink('/etc/passwd', way <- tempfile()); readLines(way) }}",
    "passwd_by_root_link": "readLines('/proc/self/root/etc/passwd')",
    "environment_of_init": "readBin('/proc/1/environ', raw(), 10)",
    "command_of_init": "readBin('/proc/1/cmdline', raw(), 10)",
    "environment_of_the_server": "readBin('/proc/{parent}/environ', raw(), 10)",
    "environment_by_dots": "readBin('/proc/self/../{parent}/environ', raw(), 10)",
    "root_of_the_server": "readLines('/proc/{parent}/root/etc/passwd')",
    "descriptors_of_the_server": "list.files('/proc/{parent}/fd')",
    "memory_map_of_the_server": "readLines('/proc/{parent}/maps')",
    "processes": "grep('^[0-9]+$', list.files('/proc'), value = TRUE)",
    "home": "list.files('{home}')",
    "home_by_working_directory": "{{ setwd('{home}'); list.files('.') }}",
    "home_by_dots": "list.files(file.path(tempdir(), '../../..', '{home}'))",
    "catalog": "readBin('{home}/catalog.db', raw(), 10)",
    "token": "readLines('{home}/token')",
    "settings": "readLines('{home}/settings.toml')",
    "models_of_others": "readBin('{artifact}', raw(), 10)",
    "folder_of_another_worker": "list.files('{other_folder}')",
    "folders_of_workers": "list.files(dirname('{other_folder}'))",
    "copy_of_a_secret": "{{ file.copy('{secret}', mine <- tempfile()); readLines(mine) }}",
    "web_page": "readLines(url('http://127.0.0.1:{port}/'))",
    "download": "{{ utils::download.file('http://127.0.0.1:{port}/', 'page', quiet = TRUE);"
    " readLines('page') }}",
    "socket": "{{ s <- socketConnection('127.0.0.1', {port}, open = 'r+', timeout = 5);"
    " on.exit(close(s)); 'open' }}",
    "server_socket": "{{ s <- serverSocket(0L); on.exit(close(s)); 'open' }}",
    "system": "system('echo out', intern = TRUE)",
    "system2": "system2('echo', 'out', stdout = TRUE)",
    "pipe": "{{ p <- pipe('echo out'); on.exit(close(p)); readLines(p) }}",
    "shell": "system2(Sys.which('sh'), c('-c', shQuote('echo out')), stdout = TRUE)",
}
"""Each is out when it gives anything back."""

DOES = {
    "write_to_tmp": "file.create('/tmp/modelyard-probe')",
    "write_to_var_tmp": "file.create('/var/tmp/modelyard-probe')",
    "write_to_home": "file.create('{home}/probe')",
    "write_to_r_library": "file.create(file.path(.Library, 'probe'))",
    "write_to_site_library": "file.create(file.path(.Library.site[1], 'probe'))",
    "write_to_own_code": "file.create('{code}/probe')",
    "write_beside_own_folder": "file.create(file.path(dirname(dirname(getwd())), 'modelyard-probe'))",
    "write_to_shared_memory": "file.create('/dev/shm/modelyard-probe')",
    "folder_elsewhere": "dir.create('/tmp/modelyard-probe-folder')",
    "append_to_a_secret": "file.append('{secret}', '{secret}')",
    "overwrite_a_secret": "{{ writeLines('mine', '{secret}'); TRUE }}",
    "move_a_secret": "file.rename('{secret}', tempfile())",
    "remove_a_secret": "unlink('{secret}') == 0 && !file.exists('{secret}')",
    "mode_of_a_secret": "Sys.chmod('{secret}', '0777')",
    "time_of_a_secret": "Sys.setFileTime('{secret}', Sys.time())",
    "hard_link_to_a_secret": "file.link('{secret}', tempfile())",
    "signal_the_server": "tools::pskill({parent}, 0L)",
    "signal_another_worker": "tools::pskill({other}, 0L)",
    "fork": "{{ p <- parallel:::mcfork(); if (!inherits(p, 'childProcess'))"
    " tools::pskill(Sys.getpid(), 9L); TRUE }}",
    "fifo": "{{ f <- fifo(tempfile(), 'w+'); on.exit(close(f)); TRUE }}",
    "process_of_r": "nzchar(R.home()) && system2(file.path(R.home('bin'), 'Rscript'),"
    " '--version', stdout = FALSE, stderr = FALSE) == 0",
}
"""Each is out when it gives TRUE."""

BODY = """function(model, input) {
  setwd(tempdir())
  got <- tryCatch(
    suppressWarnings(eval(parse(text = input$code), new.env(parent = globalenv()))),
    error = function(e) NULL
  )
  rep(as.numeric(isTRUE(got)), nrow(input))
}"""

NATIVE = [
    "fork",
    "execve",
    "execveat",
    "memfd_create",
    "socket",
    "socket_netlink",
    "socketpair",
    "abstract_socket",
    "ptrace",
    "memory_of_another",
    "unshare_user",
    "setns",
    "mount",
    "umount",
    "chroot",
    "pivot_root",
    "setuid",
    "setresgid",
    "setgroups",
    "capset",
    "dumpable",
    "raise_limit",
    "limit_of_another",
    "kill_parent",
    "kill_group",
    "kill_all",
    "tgkill",
    "tkill",
    "sigqueue",
    "pidfd_open",
    "signal_by_descriptor",
    "keyring",
    "add_key",
    "io_uring",
    "bpf",
    "perf_event_open",
    "userfaultfd",
    "personality",
    "hard_link",
    "symlink",
    "chmod",
    "chown",
    "times",
    "setxattr",
    "truncate",
    "mknod",
    "shmget",
    "mq_open",
    "affinity",
    "priority",
    "open_by_handle",
    "terminal_input",
    "mlock",
    "device",
    "shared_memory",
    "new_file_outside",
    "read_file",
    "read_file_by_descriptor",
    "write_file",
    "clone3",
    "seccomp_off",
]

REFUSED_ANYWAY = {"environment_of_init", "io_uring", "userfaultfd", "terminal_input", "setxattr", "mlock", "raise_limit",
                  "seccomp_off", "abstract_socket"}  # fmt: skip
"""By some kernels, to root too: not seen to succeed there, so said nothing of there."""

NATIVE_BODY = """function(model, input) {
  setwd(tempdir())
  if (!is.loaded('attack')) {
    writeBin(model, 'attack.so')
    dyn.load('attack.so')
  }
  mapply(function(what, number, text) {
    as.numeric(.C('attack', what, as.integer(number), text, error = 0L)$error)
  }, input$what, input$number, input$text)
}"""
