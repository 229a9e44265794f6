/** What can be said of a new job's staging before it is made. */
import path from 'node:path'
import { requestError } from '../core/errors.ts'
import type { Specification } from '../core/specification.ts'
import { parseStageUrl, stagedName } from '../core/stage-url.ts'
import { checkInputName } from '../site/jobs.ts'

/** @throws BjobError `reserved-name`, `half-a-stage` */
export function checkStaging({ stageInUrl, stageOutUrl, stageOutFiles }: Specification): void {
  for (const url of stageInUrl) checkInputName(stagedName(parseStageUrl(url)))
  if ((stageOutUrl === undefined) === (stageOutFiles.length === 0)) return
  const [there, missing] =
    stageOutUrl === undefined ? ['stage_out_files', 'stage_out_url'] : ['stage_out_url', 'stage_out_files']
  throw requestError('half-a-stage', `${there} is given without ${missing}`, { field: missing })
}

/**
 * @param inputs absolute paths of the files that the job gets from its spawner
 * @throws BjobError `input-clash`
 */
export function checkClash({ stageInUrl }: Specification, inputs: readonly string[]): void {
  const names = new Set(stageInUrl.map((url) => stagedName(parseStageUrl(url))))
  const clash = inputs.find((file) => names.has(path.basename(file)))
  if (clash === undefined) return
  throw requestError('input-clash', `stage_in_url and input_files both bring a ${path.basename(clash)}`, {
    field: 'stage_in_url',
  })
}
