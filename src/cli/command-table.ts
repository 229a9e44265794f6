/** All commands, in the order in which a newcomer needs them. Each is loaded on demand. */
import type { Command } from './command/command.ts'

export interface CommandEntry {
  readonly name: string
  readonly summary: string
  readonly load: () => Promise<Command>
}

export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'init',
    summary: 'make a site: the folder that holds jobs, settings and results',
    load: async () => (await import('./commands/init.ts')).initCommand,
  },
  {
    name: 'app',
    summary: 'register, list and remove the applications that jobs may run',
    load: async () => (await import('./commands/app.ts')).appCommand,
  },
  {
    name: 'spawn',
    summary: 'make one job, or thousands from a file',
    load: async () => (await import('./commands/spawn.ts')).spawnCommand,
  },
  {
    name: 'launch',
    summary: 'run jobs, here or inside an allocation',
    load: async () => (await import('./commands/launch.ts')).launchCommand,
  },
  {
    name: 'submit',
    summary: 'submit a batch job that runs jobs on its nodes',
    load: async () => (await import('./commands/submit.ts')).submitCommand,
  },
  {
    name: 'ls',
    summary: 'list jobs, applications, workflows or launchers',
    load: async () => (await import('./commands/ls.ts')).lsCommand,
  },
  {
    name: 'show',
    summary: 'show everything about one job',
    load: async () => (await import('./commands/show.ts')).showCommand,
  },
  {
    name: 'history',
    summary: 'show the history of a job',
    load: async () => (await import('./commands/history.ts')).historyCommand,
  },
  {
    name: 'why',
    summary: 'explain why a job is not running',
    load: async () => (await import('./commands/why.ts')).whyCommand,
  },
  {
    name: 'path',
    summary: "print the path of a job's folder",
    load: async () => (await import('./commands/path.ts')).pathCommand,
  },
  {
    name: 'cat',
    summary: "print a file from a job's folder",
    load: async () => (await import('./commands/cat.ts')).catCommand,
  },
  {
    name: 'log',
    summary: "print or follow a job's output or a launcher's log",
    load: async () => (await import('./commands/log.ts')).logCommand,
  },
  {
    name: 'watch',
    summary: 'show live progress on one screen',
    load: async () => (await import('./commands/watch.ts')).watchCommand,
  },
  { name: 'wait', summary: 'wait until jobs end', load: async () => (await import('./commands/wait.ts')).waitCommand },
  {
    name: 'results',
    summary: 'print newly ended jobs with their result files',
    load: async () => (await import('./commands/results.ts')).resultsCommand,
  },
  {
    name: 'session',
    summary: 'serve a driver in any language over JSON Lines',
    load: async () => (await import('./commands/session.ts')).sessionCommand,
  },
  { name: 'kill', summary: 'kill jobs', load: async () => (await import('./commands/kill.ts')).killCommand },
  {
    name: 'retry',
    summary: 'rerun failed or killed jobs',
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
    summary: 'copy jobs',
    load: async () => (await import('./commands/clone.ts')).cloneCommand,
  },
  {
    name: 'dep',
    summary: 'add a dependency between two jobs',
    load: async () => (await import('./commands/dep.ts')).depCommand,
  },
  {
    name: 'tune',
    summary: 'run a hyperparameter search without writing a driver',
    load: async () => (await import('./commands/tune.ts')).tuneCommand,
  },
  {
    name: 'report',
    summary: 'write figures and plots into one HTML file',
    load: async () => (await import('./commands/report.ts')).reportCommand,
  },
  {
    name: 'doctor',
    summary: 'test whether a file system is fit for bjob, on one node or two',
    load: async () => (await import('./commands/doctor.ts')).doctorCommand,
  },
  {
    name: 'fsck',
    summary: 'check the site for damage and repair it',
    load: async () => (await import('./commands/fsck.ts')).fsckCommand,
  },
  {
    name: 'completion',
    summary: 'print a completion script for bash, zsh or fish',
    load: async () => (await import('./commands/completion.ts')).completionCommand,
  },
]
