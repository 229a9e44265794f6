/** All commands, in the order in which a newcomer meets them. Each is loaded when it is asked for. */
import type { Command } from './command/command.ts'

export interface CommandEntry {
  readonly name: string
  readonly summary: string
  readonly load: () => Promise<Command>
}

export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'init',
    summary: 'make a site: the folder in which everything happens',
    load: async () => (await import('./commands/init.ts')).initCommand,
  },
  {
    name: 'app',
    summary: 'register, list and remove applications: what jobs may run',
    load: async () => (await import('./commands/app.ts')).appCommand,
  },
  {
    name: 'spawn',
    summary: 'make jobs: one, or thousands from a file',
    load: async () => (await import('./commands/spawn.ts')).spawnCommand,
  },
  {
    name: 'launch',
    summary: 'run jobs, here or inside an allocation',
    load: async () => (await import('./commands/launch.ts')).launchCommand,
  },
  {
    name: 'submit',
    summary: 'ask the batch scheduler for nodes to run jobs on',
    load: async () => (await import('./commands/submit.ts')).submitCommand,
  },
  {
    name: 'ls',
    summary: 'list jobs, applications, workflows or launchers',
    load: async () => (await import('./commands/ls.ts')).lsCommand,
  },
  { name: 'show', summary: 'all of one job', load: async () => (await import('./commands/show.ts')).showCommand },
  {
    name: 'history',
    summary: 'what happened to a job, when and why',
    load: async () => (await import('./commands/history.ts')).historyCommand,
  },
  {
    name: 'why',
    summary: 'what a job is waiting for',
    load: async () => (await import('./commands/why.ts')).whyCommand,
  },
  { name: 'path', summary: "a job's folder", load: async () => (await import('./commands/path.ts')).pathCommand },
  {
    name: 'cat',
    summary: "a file from a job's folder",
    load: async () => (await import('./commands/cat.ts')).catCommand,
  },
  {
    name: 'log',
    summary: "a job's output, or a launcher's log, while it runs or afterwards",
    load: async () => (await import('./commands/log.ts')).logCommand,
  },
  {
    name: 'watch',
    summary: 'what happens, live, on one screen',
    load: async () => (await import('./commands/watch.ts')).watchCommand,
  },
  { name: 'wait', summary: 'wait until jobs end', load: async () => (await import('./commands/wait.ts')).waitCommand },
  {
    name: 'results',
    summary: 'what ended since the last time, with the files that the jobs wrote',
    load: async () => (await import('./commands/results.ts')).resultsCommand,
  },
  {
    name: 'session',
    summary: 'a coprocess for drivers in any language: JSON Lines in and out',
    load: async () => (await import('./commands/session.ts')).sessionCommand,
  },
  { name: 'kill', summary: 'end jobs', load: async () => (await import('./commands/kill.ts')).killCommand },
  {
    name: 'retry',
    summary: 'run jobs again that have failed or were killed',
    load: async () => (await import('./commands/retry.ts')).retryCommand,
  },
  { name: 'rm', summary: 'remove jobs', load: async () => (await import('./commands/rm.ts')).rmCommand },
  {
    name: 'set',
    summary: 'change fields of jobs',
    load: async () => (await import('./commands/set.ts')).setCommand,
  },
  {
    name: 'clone',
    summary: 'make jobs like others',
    load: async () => (await import('./commands/clone.ts')).cloneCommand,
  },
  {
    name: 'dep',
    summary: 'make a job wait for another one',
    load: async () => (await import('./commands/dep.ts')).depCommand,
  },
  {
    name: 'tune',
    summary: 'a whole hyperparameter search, without writing a driver',
    load: async () => (await import('./commands/tune.ts')).tuneCommand,
  },
  {
    name: 'report',
    summary: 'figures and plots of what happened, in one HTML file',
    load: async () => (await import('./commands/report.ts')).reportCommand,
  },
  {
    name: 'doctor',
    summary: 'check that a file system is fit for bjob, on one node or two',
    load: async () => (await import('./commands/doctor.ts')).doctorCommand,
  },
  {
    name: 'fsck',
    summary: 'check that the site is whole, and mend it',
    load: async () => (await import('./commands/fsck.ts')).fsckCommand,
  },
  {
    name: 'completion',
    summary: 'make a shell complete ids, options and whatever bjob takes',
    load: async () => (await import('./commands/completion.ts')).completionCommand,
  },
]
