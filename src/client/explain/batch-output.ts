/** Finds the complaint in the output of a batch script whose launcher never started. Pure. */

export interface BatchComplaint {
  /** One line. */
  readonly line: string
  /**
   * True if the script itself reports the missing launcher; any other last line may be followed by
   * more output.
   */
  readonly isFinal: boolean
}

const LONGEST = 300

/** @returns undefined if a launcher started, or there is no output */
export function readComplaint(output: string): BatchComplaint | undefined {
  const lines = output.split('\n').flatMap((line) => (line.trim() === '' ? [] : [line.trim()]))
  if (lines.some((line) => /^launcher \S+ on /.test(line))) return undefined
  const own = lines.find((line) => /^bjob(: | needs )/.test(line))
  const line = (own?.replace(/^bjob: /, '') ?? lines.at(-1))?.slice(0, LONGEST)
  return line === undefined ? undefined : { line, isFinal: own !== undefined }
}
