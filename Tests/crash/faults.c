/*
 * Makes one chosen system call of a program fail, or the program die there: LD_PRELOAD this.
 *
 *   FAULT_KIND   kill     the process is gone before the call
 *                torn     a write is done by half, then the process is gone
 *                short    a write is done by half, which is legal
 *                ENOSPC, EDQUOT, EIO, EMFILE, EROFS, EPIPE, EFBIG, EINTR   the call fails with it
 *   FAULT_AT     which call, from 1; without it none fails
 *   FAULT_CALLS  change (default): calls that change a file system, and flock; open: opens of any
 *                kind; read: reads and looks; write: writes alone
 *   FAULT_FROM   set: every later call of the class fails as well, as on a full disk
 *   FAULT_LOG    a file that gets a line for each counted call: name and path or descriptor; with
 *                FAULT_AT, for that call alone: threads may make it another than in a run before
 *
 * Standard error is never touched. Calls that libc makes inside itself are not seen.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { CHANGE = 1, OPEN = 2, READ = 4, WRITE = 8, REMOVE = 16 };
enum { NOTHING, FAIL, SHORT, TORN };

static atomic_long counter;
static long at;
static int classes, from_on, error_number, kind_kill, kind_torn, kind_short, log_file = -1;

static const struct {
    const char *name;
    int number;
} errors[] = {{"ENOSPC", ENOSPC}, {"EDQUOT", EDQUOT}, {"EIO", EIO},     {"EMFILE", EMFILE},
              {"EROFS", EROFS},   {"EPIPE", EPIPE},   {"EFBIG", EFBIG}, {"EINTR", EINTR}};

__attribute__((constructor)) static void start(void) {
    const char *kind = getenv("FAULT_KIND"), *calls = getenv("FAULT_CALLS");
    const char *log = getenv("FAULT_LOG"), *number = getenv("FAULT_AT");
    if (log) log_file = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    at = number ? atol(number) : 0;
    from_on = getenv("FAULT_FROM") != NULL;
    classes = CHANGE;
    if (calls && !strcmp(calls, "open")) classes = OPEN;
    if (calls && !strcmp(calls, "read")) classes = READ;
    if (calls && !strcmp(calls, "write")) classes = WRITE;
    if (!kind) return;
    kind_kill = !strcmp(kind, "kill");
    kind_torn = !strcmp(kind, "torn");
    kind_short = !strcmp(kind, "short");
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (!strcmp(kind, errors[i].name)) error_number = errors[i].number;
}

static void note(const char *name, const char *path, int file) {
    char line[600];
    int length = path ? snprintf(line, sizeof line, "%s %s\n", name, path)
                      : snprintf(line, sizeof line, "%s %d\n", name, file);
    if (length > (int)sizeof line - 1) length = sizeof line - 1;
    (void)!syscall(SYS_write, log_file, line, (size_t)length);
}

static void die(void) {
    syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
    for (;;) pause();
}

/* What is to become of a call. */
static int fate(int class, const char *name, const char *path, int file) {
    if (!(class & classes) || file == 2) return NOTHING;
    long number = atomic_fetch_add(&counter, 1) + 1;
    if (log_file >= 0 && (!at || number == at)) note(name, path, file);
    if (!at || number < at || (number > at && !from_on)) return NOTHING;
    if (kind_kill) die();
    if (kind_torn) {
        if (class & WRITE) return TORN;
        die();
    }
    if (kind_short) return class & WRITE ? SHORT : NOTHING;
    /* A full disk still lets files be removed. */
    if ((error_number == ENOSPC || error_number == EDQUOT) && (class & REMOVE)) return NOTHING;
    if (error_number == EINTR && (class & REMOVE)) return NOTHING;
    errno = error_number;
    return error_number ? FAIL : NOTHING;
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define PLAIN(class, name, path, file) \
    if (fate(class, #name, path, file) == FAIL) return -1

ssize_t write(int file, const void *bytes, size_t count) {
    static __typeof__(&write) next;
    if (!next) next = NEXT(write);
    switch (fate(CHANGE | WRITE, "write", NULL, file)) {
    case FAIL: return -1;
    case SHORT: return next(file, bytes, count > 1 ? count / 2 : count);
    case TORN: (void)!next(file, bytes, count / 2); die();
    }
    return next(file, bytes, count);
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset) {
    static __typeof__(&pwrite) next;
    if (!next) next = NEXT(pwrite);
    switch (fate(CHANGE | WRITE, "pwrite", NULL, file)) {
    case FAIL: return -1;
    case SHORT: return next(file, bytes, count > 1 ? count / 2 : count, offset);
    case TORN: (void)!next(file, bytes, count / 2, offset); die();
    }
    return next(file, bytes, count, offset);
}

int open(const char *path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;
    va_end(more);
    int class = OPEN | (flags & (O_CREAT | O_TRUNC | O_WRONLY | O_RDWR) ? CHANGE : 0);
    PLAIN(class, open, path, -1);
    return syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int openat(int folder, const char *path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;
    va_end(more);
    int class = OPEN | (flags & (O_CREAT | O_TRUNC | O_WRONLY | O_RDWR) ? CHANGE : 0);
    PLAIN(class, openat, path, -1);
    return syscall(SYS_openat, folder, path, flags, mode);
}

DIR *opendir(const char *path) {
    static __typeof__(&opendir) next;
    if (!next) next = NEXT(opendir);
    if (fate(OPEN, "opendir", path, -1) == FAIL) return NULL;
    return next(path);
}

#define WRAP(class, name, path, file, declaration, arguments) \
    int name declaration {                                    \
        static __typeof__(&name) next;                        \
        if (!next) next = NEXT(name);                         \
        PLAIN(class, name, path, file);                       \
        return next arguments;                                \
    }
WRAP(CHANGE, rename, to, -1, (const char *from, const char *to), (from, to))
WRAP(CHANGE, link, to, -1, (const char *from, const char *to), (from, to))
WRAP(CHANGE, symlink, to, -1, (const char *from, const char *to), (from, to))
WRAP(CHANGE, mkdir, path, -1, (const char *path, mode_t mode), (path, mode))
WRAP(CHANGE, fsync, NULL, file, (int file), (file))
WRAP(CHANGE, fdatasync, NULL, file, (int file), (file))
WRAP(CHANGE, ftruncate, NULL, file, (int file, off_t size), (file, size))
WRAP(CHANGE, fchmod, NULL, file, (int file, mode_t mode), (file, mode))
WRAP(CHANGE, flock, NULL, file, (int file, int operation), (file, operation))
WRAP(CHANGE | REMOVE, unlink, path, -1, (const char *path), (path))
WRAP(CHANGE | REMOVE, rmdir, path, -1, (const char *path), (path))
WRAP(READ, fstat, NULL, file, (int file, struct stat *status), (file, status))

ssize_t read(int file, void *bytes, size_t count) {
    static __typeof__(&read) next;
    if (!next) next = NEXT(read);
    PLAIN(READ, read, NULL, file);
    return next(file, bytes, count);
}

ssize_t pread(int file, void *bytes, size_t count, off_t offset) {
    static __typeof__(&pread) next;
    if (!next) next = NEXT(pread);
    PLAIN(READ, pread, NULL, file);
    return next(file, bytes, count, offset);
}
