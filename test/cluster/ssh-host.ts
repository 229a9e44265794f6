/**
 * A machine to be reached by ssh: OpenSSH's own server on a port of the loopback interface, with
 * keys and a configuration that are made for it. The way there leads through this process, which
 * can hold it up in the middle of a transfer.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { SSHD } from '../rig/needs.ts'
import { until } from '../rig/until.ts'

async function listen(server: net.Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

async function freePort(): Promise<number> {
  const server = net.createServer()
  const port = await listen(server)
  await new Promise((resolve) => server.close(resolve))
  return port
}

export class SshHost implements AsyncDisposable {
  /** Its name in a URL. */
  readonly name = 'far'
  readonly #folder: string
  readonly #server: ChildProcess
  readonly #way: net.Server
  readonly #sockets = new Set<net.Socket>()
  #holdAfter = Infinity
  #isHeld = false

  private constructor(folder: string, server: ChildProcess, port: number) {
    this.#folder = folder
    this.#server = server
    this.#way = net.createServer((near) => this.#connect(near, port))
  }

  /** @param folder is made, and holds everything */
  static async start(folder: string): Promise<SshHost> {
    fs.mkdirSync(folder)
    for (const key of ['host', 'user'])
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path.join(folder, key)])
    fs.copyFileSync(path.join(folder, 'user.pub'), path.join(folder, 'authorized'))
    const port = await freePort()
    const settings = [
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${folder}/host`,
      `AuthorizedKeysFile ${folder}/authorized`,
      'PidFile none',
      'UsePAM no',
      'StrictModes no',
      'PasswordAuthentication no',
      'Subsystem sftp internal-sftp',
    ]
    fs.writeFileSync(path.join(folder, 'sshd_config'), `${settings.join('\n')}\n`)
    if (process.getuid?.() === 0) fs.mkdirSync('/run/sshd', { recursive: true })
    const log = path.join(folder, 'sshd.log')
    const server = spawn(SSHD, ['-D', '-f', path.join(folder, 'sshd_config'), '-E', log], { stdio: 'ignore' })
    const host = new SshHost(folder, server, port)
    await host.#prepare()
    await until('sshd to listen', () => fs.existsSync(log) && fs.readFileSync(log, 'utf8').includes('listening'))
    return host
  }

  /** For a launcher that is to find it: ssh and scp with the configuration for this host. */
  get env(): NodeJS.ProcessEnv {
    return { PATH: `${path.join(this.#folder, 'bin')}:${process.env['PATH']}` }
  }

  /** From now on, each way there stops once that many bytes have gone over it. */
  holdAfter(bytes: number): void {
    this.#holdAfter = bytes
    this.#isHeld = false
  }

  get isHeld(): boolean {
    return this.#isHeld
  }

  letGo(): void {
    this.#holdAfter = Infinity
    for (const socket of this.#sockets) socket.resume()
  }

  async #prepare(): Promise<void> {
    const port = await listen(this.#way)
    const key = fs.readFileSync(path.join(this.#folder, 'host.pub'), 'utf8')
    fs.writeFileSync(path.join(this.#folder, 'known_hosts'), `[127.0.0.1]:${port} ${key}`)
    const settings = [
      `Host ${this.name}`,
      'HostName 127.0.0.1',
      `Port ${port}`,
      `User ${os.userInfo().username}`,
      `IdentityFile ${this.#folder}/user`,
      'IdentitiesOnly yes',
      `UserKnownHostsFile ${this.#folder}/known_hosts`,
    ]
    const config = path.join(this.#folder, 'ssh_config')
    fs.writeFileSync(config, `${settings.join('\n')}\n`)
    fs.mkdirSync(path.join(this.#folder, 'bin'))
    for (const program of ['ssh', 'scp']) {
      const script = `#!/bin/sh\nexec /usr/bin/${program} -F ${config} "$@"\n`
      fs.writeFileSync(path.join(this.#folder, 'bin', program), script, { mode: 0o755 })
    }
  }

  #connect(near: net.Socket, port: number): void {
    const far = net.connect(port, '127.0.0.1')
    let count = 0
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(from)
      from.on('data', (bytes) => {
        to.write(bytes)
        count += bytes.length
        if (count < this.#holdAfter) return
        this.#isHeld = true
        near.pause()
        far.pause()
      })
      from.on('error', () => to.destroy())
      from.on('close', () => {
        this.#sockets.delete(from)
        to.destroy()
      })
      from.on('end', () => to.end())
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#way.close()
    if (this.#server.exitCode !== null) return
    const ended = new Promise((resolve) => this.#server.once('exit', resolve))
    this.#server.kill()
    await ended
  }
}
