/**
 * An evaluation that goes wrong in each way that a driver has to live with, before it goes well.
 */
import fs from 'node:fs'
import path from 'node:path'

/** Those that leave no loss: nothing at all, NaN, a failure, words, a list, null. */
export const HARD_COUNT = 6

/** Puts it in the place of a template's application. */
export function useHardWorker(site: string, format: (loss: string) => string = (loss) => `{"loss":${loss}}`): void {
  const put = (text: string): string => `printf '%s\\n' '${text}' >result.dat`
  fs.writeFileSync(
    path.join(site, 'hard.sh'),
    `n=0
until mkdir ${site}/seen-$n 2>/dev/null; do n=$((n + 1)); done
case $n in
  0) ;;
  1) ${put(format('NaN'))} ;;
  2) exit 3 ;;
  3) ${put('went well')} ;;
  4) ${put('[]')} ;;
  5) ${put('null')} ;;
  *) ${put(format('0.5'))} ;;
esac
`,
  )
  fs.writeFileSync(path.join(site, 'apps/eval_point.yaml'), `executable: sh {site}/hard.sh\n`)
}
