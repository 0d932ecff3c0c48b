// What Swift's view of the C library lacks.
#include <errno.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdlib.h>

/// Begins to write a range of a file to the disk and does not wait (sync_file_range(2), which the
/// C library declares to GNU sources only).
static inline int deroot_start_writing(int file, int64_t offset, int64_t count) {
    extern int sync_file_range(int, int64_t, int64_t, unsigned int);
    const unsigned int write = 2;  // SYNC_FILE_RANGE_WRITE
    return sync_file_range(file, offset, count, write);
}

/// Sets room aside in a file that stays as long as it is (fallocate(2), FALLOC_FL_KEEP_SIZE).
static inline int deroot_set_aside(int file, int64_t offset, int64_t count) {
    extern int fallocate(int, int, int64_t, int64_t);
    return fallocate(file, 1, offset, count);
}

/// A semaphore at 0, as a number so that threads may share it; 0: none to be had.
static inline uintptr_t deroot_semaphore_make(void) {
    sem_t *semaphore = malloc(sizeof *semaphore);
    if (semaphore && sem_init(semaphore, 0, 0) != 0) {
        free(semaphore);
        semaphore = NULL;
    }
    return (uintptr_t)semaphore;
}

static inline void deroot_semaphore_signal(uintptr_t semaphore) {
    sem_post((sem_t *)semaphore);
}

static inline void deroot_semaphore_wait(uintptr_t semaphore) {
    while (sem_wait((sem_t *)semaphore) != 0 && errno == EINTR) continue;
}

static inline void deroot_semaphore_free(uintptr_t semaphore) {
    sem_destroy((sem_t *)semaphore);
    free((void *)semaphore);
}
