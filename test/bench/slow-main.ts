/** The command on a tree that a busy metadata server keeps. */
import { slowDown } from './slow-disk.ts'

slowDown(Number(process.env['BENCH_CALL_MS']))
void import('../../src/cli/main.ts')
