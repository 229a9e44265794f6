/** Checks of a new job's staging fields. */
import { requestError } from '../../core/text/errors.ts'
import type { NewInputFile } from '../../core/life/job-inputs.ts'
import type { JobSpec } from '../../core/job/job-spec.ts'
import { parseStageUrl, stagedName } from '../../core/job/stage-url.ts'
import { checkInputName } from '../../site/job/input-files.ts'

/** @throws BjobError `reserved-name`, `half-a-stage` */
export function checkStaging({ stageInUrl, stageOutUrl, stageOutFiles }: JobSpec): void {
  for (const url of stageInUrl) checkInputName(stagedName(parseStageUrl(url)))
  if ((stageOutUrl === undefined) === (stageOutFiles.length === 0)) return
  const [there, missing] =
    stageOutUrl === undefined ? ['stage_out_files', 'stage_out_url'] : ['stage_out_url', 'stage_out_files']
  throw requestError('half-a-stage', `${there} is given without ${missing}`, { field: missing })
}

/**
 * @param inputs files provided at spawn
 * @throws BjobError `input-clash`
 */
export function checkClash({ stageInUrl }: JobSpec, inputs: readonly NewInputFile[]): void {
  const names = new Set(stageInUrl.map((url) => stagedName(parseStageUrl(url))))
  const clash = inputs.find(({ name }) => names.has(name))
  if (clash === undefined) return
  throw requestError('input-clash', `stage_in_url and input_files both bring a ${clash.name}`, {
    field: 'stage_in_url',
  })
}
