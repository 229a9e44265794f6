/** The manual page in man(7) markup, built from the same tables as the help. */
import { COMMANDS, type CommandEntry } from '../command-table.ts'
import type { Command } from '../command/command.ts'
import { optionFlags, optionMeaning } from '../command/parser.ts'
import { BASICS, DESCRIPTION, EXIT_STATUS, FIRST_LINES } from './help.ts'

const ENVIRONMENT = [
  ['BJOB_SITE', "the site's folder, for commands run outside it"],
  [
    'BJOB_JOB_ID',
    'set by the launcher: the job that a command runs in; jobs that the command spawns become its children',
  ],
  ['NO_COLOR, FORCE_COLOR', 'when not empty: disable colours, or force them where the output is not a terminal'],
] as const

const FILES = [
  ['bjob.yaml', "the site's settings; its presence makes the folder a site"],
  ['apps/APP.yaml', 'an application'],
  ['jobs/WORKFLOW/NAME/', "a job's folder: job.yaml (specification), state.yaml (state and history), job.out (output)"],
  ['launchers/LAUNCHER/', "a launcher's settings, lease and log"],
  ['templates/SCHEDULER.sh', 'the batch script that `bjob submit` fills in'],
  ['journal/, submissions/, trash/', 'changes, submitted batch jobs, and jobs removed by `bjob rm`'],
] as const

/** @param version bjob's version */
export async function manualPage(version: string): Promise<string> {
  const commands = await Promise.all(COMMANDS.map(async (entry) => ({ entry, command: await entry.load() })))
  return `${[
    `.TH BJOB 1 "" "bjob ${version}" "User Commands"`,
    // No hyphenation or justification, because much of the text is typed literally.
    '.nh',
    '.ad l',
    '.SH NAME',
    `bjob \\- ${escapeText(DESCRIPTION)}`,
    '.SH SYNOPSIS',
    '.B bjob',
    '.I COMMAND',
    '[options]',
    '.br',
    '.B bjob',
    '.SH DESCRIPTION',
    ...formatText(
      `A driver, such as a hyperparameter search, makes jobs while it runs. Launchers, one in each batch allocation, run them. A job is a folder on the shared file system with its specification, its history and its output. There is no server and no database. \`bjob\` alone prints the state of the site and the next step.\n${BASICS}`,
    ),
    '.PP',
    'A first job:',
    ...verbatim(FIRST_LINES),
    '.SH COMMANDS',
    ...commands.flatMap(({ entry, command }) => formatCommand(entry, command)),
    '.SH OPTIONS FOR ALL COMMANDS',
    ...tagged([
      ['--help, -h', 'print what a command does, its options and examples'],
      ['--version, -V', 'print the version'],
      ['--debug', 'print where an error came from'],
    ]),
    '.SH FILES',
    'Of a site:',
    ...tagged(FILES),
    '.SH ENVIRONMENT',
    ...tagged(ENVIRONMENT),
    '.SH EXIT STATUS',
    ...tagged(EXIT_STATUS),
  ].join('\n')}\n`
}

function formatCommand({ name, summary }: CommandEntry, command: Command): string[] {
  return [
    `.SS ${escapeText(`bjob ${name} ${command.words}`.trim())}`,
    ...formatText(`${capitalised(summary)}.`),
    ...(command.about === '' ? [] : ['.PP', ...formatText(command.about)]),
    ...tagged(command.options.map((option) => [optionFlags(option), optionMeaning(option)] as const)),
    '.PP',
    command.examples.length === 1 ? 'Example:' : 'Examples:',
    ...command.examples.flatMap(([line, meaning]) => ['.TP', `\\fB${escapeText(line)}\\fR`, ...formatText(meaning)]),
  ]
}

function tagged(entries: readonly (readonly [tag: string, text: string])[]): string[] {
  return entries.flatMap(([tag, text]) => ['.TP', `\\fB${escapeText(tag)}\\fR`, ...formatText(text)])
}

/** Filled text, except for lines that start with blanks. */
function formatText(text: string): string[] {
  const lines: string[] = []
  let isVerbatim = false
  for (const line of text.trim().split('\n')) {
    const isIndented = line.startsWith(' ')
    if (isIndented !== isVerbatim) lines.push(...(isIndented ? ['.PP', '.nf'] : ['.fi', '.PP']))
    isVerbatim = isIndented
    lines.push(isIndented ? escapeText(line) : formatWords(line))
  }
  return isVerbatim ? [...lines, '.fi'] : lines
}

function verbatim(lines: readonly string[]): string[] {
  return ['.PP', '.nf', '.RS 4', ...lines.map((line) => escapeText(line)), '.RE', '.fi', '.PP']
}

/** Text between backquotes is bold. */
function formatWords(line: string): string {
  return line
    .split('`')
    .map((part, index) => (index % 2 === 1 ? `\\fB${escapeText(part)}\\fR` : escapeText(part)))
    .join('')
}

/** Escapes roff markup; minus signs can be copied and typed. */
function escapeText(text: string): string {
  const escaped = text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll(/[^\u0020-\u007e]/gu, (character) => {
      const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
      return `\\[u${code}]`
    })
  return /^[.']/.test(escaped) ? `\\&${escaped}` : escaped
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
