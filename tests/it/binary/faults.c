/* Disks and clocks that fail a program which this is preloaded into.
 *
 * FAULTS names a file that may come and go while the program runs. It holds a call, the end of a
 * path and an errno: `write -wal 28` fails every write to a file whose path ends with `-wal`, `sync`
 * every flush, `fsync` only those that flush a file's times too; `hang` lets flushes wait as long as the file
 * is there. CLOCK_AHEAD_S shifts the time of day; the time since boot passes as it does.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static int fails(const char *call, int fd) {
    const char *control = getenv("FAULTS");
    if (control == NULL) return 0;
    int file = (int)syscall(SYS_openat, AT_FDCWD, control, O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    char text[256];
    long length = syscall(SYS_read, file, text, sizeof text - 1);
    syscall(SYS_close, file);
    if (length <= 0) return 0;
    text[length] = '\0';
    char which[16], ending[64];
    int number;
    if (sscanf(text, "%15s %63s %d", which, ending, &number) != 3) return 0;
    if (strcmp(which, call) != 0) return 0;
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t named = readlink(link, path, sizeof path - 1);
    size_t wanted = strlen(ending);
    if (named < (ssize_t)wanted) return 0;
    path[named] = '\0';
    if (strcmp(path + named - wanted, ending) != 0) return 0;
    errno = number;
    return 1;
}

ssize_t write(int fd, const void *bytes, size_t length) {
    return fails("write", fd) ? -1 : syscall(SYS_write, fd, bytes, length);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) {
    return fails("write", fd) ? -1 : syscall(SYS_pwrite64, fd, bytes, length, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at) {
    return fails("write", fd) ? -1 : syscall(SYS_pwrite64, fd, bytes, length, at);
}

static void wait_while_it_hangs(int fd) {
    const struct timespec pause = {0, 5000000};
    while (fails("hang", fd)) nanosleep(&pause, NULL);
}

int fsync(int fd) {
    wait_while_it_hangs(fd);
    return fails("sync", fd) || fails("fsync", fd) ? -1 : (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd) {
    wait_while_it_hangs(fd);
    return fails("sync", fd) ? -1 : (int)syscall(SYS_fdatasync, fd);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int answer = (int)syscall(SYS_clock_gettime, clock, now);
    const char *ahead = getenv("CLOCK_AHEAD_S");
    if (clock == CLOCK_REALTIME && ahead != NULL) now->tv_sec += atoll(ahead);
    return answer;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec exact;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &exact);
    now->tv_sec = exact.tv_sec;
    now->tv_usec = exact.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *now) {
    struct timespec exact;
    clock_gettime(CLOCK_REALTIME, &exact);
    if (now != NULL) *now = exact.tv_sec;
    return exact.tv_sec;
}
