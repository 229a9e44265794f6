/** What a batch script has written when its launcher never began. Pure. */

export interface BatchComplaint {
  /** One line. */
  readonly line: string
  /** The script itself says that there is no launcher; any other last line may be followed by more while it runs. */
  readonly isFinal: boolean
}

const LONGEST = 300

/** @returns undefined where a launcher began, or nothing was written */
export function readComplaint(output: string): BatchComplaint | undefined {
  const lines = output.split('\n').flatMap((line) => (line.trim() === '' ? [] : [line.trim()]))
  if (lines.some((line) => /^launcher \S+ on /.test(line))) return undefined
  const own = lines.find((line) => /^bjob(: | needs )/.test(line))
  const line = (own?.replace(/^bjob: /, '') ?? lines.at(-1))?.slice(0, LONGEST)
  return line === undefined ? undefined : { line, isFinal: own !== undefined }
}
