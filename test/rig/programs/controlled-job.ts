/**
 * A job that a test controls: it connects to the test's socket, says who it is, and does what it is
 * told, a JSON object a line. When the test is gone, so is it.
 */
import fs from 'node:fs'
import net from 'node:net'

interface Order {
  readonly print?: string
  readonly write?: { readonly file: string; readonly text: string }
  readonly ignoreTerm?: true
  readonly exit?: number
}

const socket = net.connect(process.env['BJOB_TEST_SOCKET'] ?? '')
const tell = (message: unknown): void => void socket.write(`${JSON.stringify(message)}\n`)
let isDeaf = false
process.on('SIGTERM', () => {
  tell({ signal: 'SIGTERM' })
  if (!isDeaf) process.exit(143)
})
socket.setEncoding('utf8')
socket.on('connect', () =>
  tell({
    id: process.env['BJOB_JOB_ID'],
    attempt: Number(process.env['BJOB_ATTEMPT']),
    pid: process.pid,
    folder: process.cwd(),
    args: process.argv.slice(2),
  }),
)
let rest = ''
socket.on('data', (text: string) => {
  const lines = (rest + text).split('\n')
  rest = lines.pop() ?? ''
  for (const line of lines) obey(JSON.parse(line) as Order)
})
socket.on('close', () => process.exit(99))
socket.on('error', () => process.exit(98))

function obey({ print, write, ignoreTerm, exit }: Order): void {
  if (print !== undefined) fs.writeSync(1, print)
  if (write !== undefined) fs.writeFileSync(write.file, write.text)
  if (ignoreTerm !== undefined) isDeaf = true
  if (exit !== undefined) process.exit(exit)
}
