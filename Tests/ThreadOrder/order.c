/*
 * Shows the thread sanitizer the order that Swift's Mutex makes between threads.
 *
 * An uncontended lock is a compare-and-exchange in the caller, which is instrumented. A contended one is
 * taken and given back by the kernel (futex(2), FUTEX_LOCK_PI) in two functions of libswiftSynchronization,
 * which is not: two holders would seem unordered, and whatever a mutex protects a race. These stand in
 * for the two, and do the same and say so. In other builds this file is empty.
 */
#if __has_feature(thread_sanitizer)
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

extern void __tsan_acquire(void *address);
extern void __tsan_release(void *address);

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context))
/* Synchronization._MutexHandle._lockSlow(Swift.UInt32) -> () */
#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
/* Synchronization._MutexHandle._unlockSlow() -> () */
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

typedef SWIFT void (*Lock)(uint32_t thread, SELF void *mutex);
typedef SWIFT void (*Unlock)(SELF void *mutex);

static void *real(const char *name) {
    void *found = dlsym(RTLD_NEXT, name);
    if (found == NULL) {
        fprintf(stderr, "the library has no %s any more: see Tests/ThreadOrder\n", name);
        abort();
    }
    return found;
}

SWIFT void lock_slow(uint32_t thread, SELF void *mutex) __asm__(LOCK);
SWIFT void unlock_slow(SELF void *mutex) __asm__(UNLOCK);

SWIFT void lock_slow(uint32_t thread, SELF void *mutex) {
    ((Lock)real(LOCK))(thread, mutex);
    __tsan_acquire(mutex);
}

SWIFT void unlock_slow(SELF void *mutex) {
    __tsan_release(mutex);
    ((Unlock)real(UNLOCK))(mutex);
}
#else
typedef int nothing;
#endif
