/*
 * The limits of the machine, for what the bench measures beside them. It prints the seconds that it took.
 *
 *   limits start COUNT AT_ONCE    starts /bin/true COUNT times, AT_ONCE at once, by posix_spawn
 *   limits folders COUNT FOLDER   makes COUNT folders in FOLDER, each built aside with two small files and renamed into place
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

static void start_all(long count, long at_once) {
  char *words[] = {"/bin/true", NULL};
  long running = 0;
  for (long started = 0; started < count || running > 0;) {
    if (started < count && running < at_once) {
      pid_t child;
      if (posix_spawn(&child, words[0], NULL, NULL, words, environ) != 0) fail("posix_spawn");
      started++;
      running++;
    } else {
      if (wait(NULL) < 0) fail("wait");
      running--;
    }
  }
}

static void write_file(const char *folder, const char *name) {
  static const char text[] = "state: CREATED\nattempt: 0\nrevision: 1\nhistory:\n  - 2026-11-23T21:06:06.447Z CREATED spawned\n";
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  int file = open(path, O_WRONLY | O_CREAT | O_EXCL, 0666);
  if (file < 0 || write(file, text, sizeof text - 1) < 0 || close(file) < 0) fail(path);
}

static void make_folders(long count, const char *parent) {
  char aside[4000], folder[4000];
  for (long at = 0; at < count; at++) {
    snprintf(aside, sizeof aside, "%s/.new-%ld", parent, at);
    snprintf(folder, sizeof folder, "%s/job%ld", parent, at);
    if (mkdir(aside, 0777) < 0) fail(aside);
    write_file(aside, "job.yaml");
    write_file(aside, "state.yaml");
    if (rename(aside, folder) < 0) fail(folder);
  }
}

int main(int count, char **words) {
  if (count != 4) return 2;
  double begun = now();
  if (strcmp(words[1], "start") == 0) start_all(atol(words[2]), atol(words[3]));
  else if (strcmp(words[1], "folders") == 0) make_folders(atol(words[2]), words[3]);
  else return 2;
  printf("%.6f\n", now() - begun);
  return 0;
}
