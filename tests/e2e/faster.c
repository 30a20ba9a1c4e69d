/* Makes a program's clocks run FASTER times as fast as the machine's, from its start on: preloaded by tests that would
   otherwise wait for minutes. Timers of the reactor are shortened likewise. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <time.h>

static long long ns_of(const struct timespec* t) { return t->tv_sec * 1000000000LL + t->tv_nsec; }
static struct timespec of_ns(long long ns) { return (struct timespec){ns / 1000000000LL, ns % 1000000000LL}; }
static long factor(void) {
  const char* set = getenv("FASTER");
  return set ? atol(set) : 1;
}

int clock_gettime(clockid_t clock, struct timespec* out) {
  static int (*real)(clockid_t, struct timespec*);
  static long long began[16];
  if (!real) real = (int (*)(clockid_t, struct timespec*))dlsym(RTLD_NEXT, "clock_gettime");
  const int result = real(clock, out);
  if (result != 0 || (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC && clock != CLOCK_BOOTTIME)) return result;
  if (!began[clock]) began[clock] = ns_of(out);
  *out = of_ns(began[clock] + (ns_of(out) - began[clock]) * factor());
  return 0;
}

int timerfd_settime(int fd, int flags, const struct itimerspec* set, struct itimerspec* old) {
  static int (*real)(int, int, const struct itimerspec*, struct itimerspec*);
  if (!real) real = (int (*)(int, int, const struct itimerspec*, struct itimerspec*))dlsym(RTLD_NEXT, "timerfd_settime");
  struct itimerspec sooner = *set;
  /* An absolute one of 1 ns means "now": it stays. */
  if ((flags & TFD_TIMER_ABSTIME) == 0 && ns_of(&set->it_value) > 1) sooner.it_value = of_ns(ns_of(&set->it_value) / factor() + 1);
  return real(fd, flags, &sooner, old);
}
