/** The help: of bjob, and of each command. Written for somebody who has never seen either. */
import type { Command } from '../command/command.ts'
import { COMMANDS, type CommandEntry } from '../command-table.ts'
import type { Option } from '../command/option.ts'

export const DESCRIPTION = 'thousands of batch jobs on a cluster, with nothing but directories'

export const FIRST_LINES = [
  'bjob init mysite && cd mysite',
  "bjob app add hello --executable 'echo hello'",
  'bjob spawn --app hello --name first -- world',
  'bjob launch --idle-seconds 1',
  'bjob log first',
] as const

export const BASICS = `A job's id is WORKFLOW/NAME, and its folder jobs/WORKFLOW/NAME. A bare NAME is one of the workflow \`default\`.
Commands find the site from any folder inside it, or by BJOB_SITE.`

export const EXIT_STATUS = [
  ['0', 'done'],
  ['1', 'a job that was waited for did not finish well'],
  ['2', 'the request was wrong'],
  ['3', 'the site failed'],
] as const

export function generalHelp(): string {
  const width = Math.max(...COMMANDS.map(({ name }) => name.length))
  return `bjob: ${DESCRIPTION}

usage: bjob COMMAND [options]        bjob COMMAND --help tells more about each

${COMMANDS.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`).join('\n')}

from nothing to a result:
${FIRST_LINES.map((line) => `  ${line}`).join('\n')}

${BASICS}
Options for all: --help, --version, --debug (where did an error come from). \`man bjob\`, or \`bjob --manual | man -l -\`, has all at once.
Exit status: ${EXIT_STATUS.map(([status, meaning]) => `${status} ${meaning}`).join(', ')}.
`
}

export function commandHelp({ name, summary }: CommandEntry, command: Command): string {
  const parts = [
    `bjob ${name}: ${summary}`,
    `usage: bjob ${name} ${command.words}${command.options.length > 0 ? ' [options]' : ''}`.trimEnd(),
    command.about.trim(),
  ]
  if (command.options.length > 0) parts.push(`options:\n${command.options.map(formatOption).join('\n')}`)
  parts.push(`examples:\n${command.examples.map(([line, meaning]) => `  ${line}\n      ${meaning}`).join('\n')}`)
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`
}

const COLUMN = 30

function formatOption(option: Option): string {
  const left = `  ${optionFlags(option)}`
  const right = optionMeaning(option)
  return left.length < COLUMN ? `${left.padEnd(COLUMN)}${right}` : `${left}\n${' '.repeat(COLUMN)}${right}`
}

/** `--follow, -f`, `--output, -o FILE`. */
export function optionFlags({ name, alias, value }: Option): string {
  const short = alias === undefined ? '' : `, ${alias.length === 1 ? `-${alias}` : `--${alias}`}`
  return `--${name}${short}${value === undefined ? '' : ` ${value}`}`
}

export function optionMeaning({ summary, isList }: Option): string {
  return `${summary}${isList === true ? ' (repeatable)' : ''}`
}
