/**
 * A job's id is its path below `jobs/`: `<workflow>/<name>`. The allowed characters are few,
 * because ids are typed in shells, sorted, read aloud, and joined to paths.
 */
import { requestError } from '../text/errors.ts'

/** `<workflow>/<name>`. */
export type JobId = string

/** Workflow of jobs that name none and have no parent. */
export const DEFAULT_WORKFLOW = 'default'

/** File systems allow 255 bytes; the rest is for suffixes of temporary folders. */
const MAX_LENGTH = 200
const WORD = /^[A-Za-z0-9_][A-Za-z0-9_.,+=@%^~-]*$/

/**
 * Checks one part of an id, or an application's name.
 * @param field its name in messages: `name`, `workflow`, `application`
 * @throws BjobError `bad-name`
 */
export function checkName(field: string, word: string): string {
  const problem = nameProblem(word)
  if (problem === undefined) return word
  throw requestError('bad-name', `${field} ${quoteName(word)} ${problem}`, { field })
}

/** An invalid name as shown in a message. */
export function quoteName(word: string): string {
  return JSON.stringify(shorten(word))
}

/** @returns why `word` is not a valid name, or undefined */
export function nameProblem(word: string): string | undefined {
  if (word === '') return 'is empty'
  if (word.length > MAX_LENGTH) return `has ${word.length} characters; the limit is ${MAX_LENGTH}`
  if (word.includes('/')) return 'contains a /; a workflow and a name are one folder each'
  if (/^[.,+=@%^~-]/.test(word)) return `starts with ${word.charAt(0)}`
  if (WORD.test(word)) return undefined
  const bad = [...word].find((character) => !/[A-Za-z0-9_.,+=@%^~-]/.test(character)) ?? ''
  return bad.trim() === '' || bad < ' ' ? 'contains a blank or a control character' : `contains ${bad}`
}

/** True for a valid id with a workflow. */
export function isJobId(id: string): boolean {
  const words = id.split('/')
  return words.length === 2 && words.every((word) => nameProblem(word) === undefined)
}

export function jobId(workflow: string, name: string): JobId {
  return `${workflow}/${name}`
}

/**
 * Splits an id. A name alone is in the default workflow.
 * @throws BjobError `bad-name`
 */
export function splitId(id: string): { readonly workflow: string; readonly name: string } {
  const words = id.split('/')
  const [workflow, name] = words.length === 1 ? [DEFAULT_WORKFLOW, words[0]] : words
  if (workflow === undefined || name === undefined || words.length > 2) {
    throw requestError('bad-id', `${quoteName(id)} is not a job id`, {
      hint: 'an id is WORKFLOW/NAME, as printed by `bjob ls`',
    })
  }
  return { workflow: checkName('workflow', workflow), name: checkName('name', name) }
}

/**
 * The id that a person means: a bare name is one of the default workflow. @throws BjobError
 * `bad-name`
 */
export function fullId(word: string): JobId {
  const { workflow, name } = splitId(word)
  return jobId(workflow, name)
}

/** The workflow of an id that is known to be one. */
export function workflowOf(id: JobId): string {
  return id.slice(0, id.indexOf('/'))
}

/** The name of an id that is known to be one. */
export function nameOf(id: JobId): string {
  return id.slice(id.indexOf('/') + 1)
}

function shorten(word: string): string {
  return word.length > 60 ? `${word.slice(0, 57)}...` : word
}
