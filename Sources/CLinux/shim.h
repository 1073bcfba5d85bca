#include <linux/sched.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

// Glibc declares these only where _GNU_SOURCE is defined, which Swift's own module of it does not.
int syncfs(int descriptor);
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);
