'use strict'
// Builds the command: its bundle, the agent's, the report's page, the manual, and the compiled code
// of each command. `--if-changed` skips a build of the same sources with the same Node.js.
const { execFileSync } = require('node:child_process')
const { createHash } = require('node:crypto')
const fs = require('node:fs')
const path = require('node:path')
const esbuild = require('esbuild')
const { compileCommands } = require('./compile.js')

const root = path.join(__dirname, '..')
const dist = path.join(root, 'dist')

/** Packages that load as slowly as a short command runs, and that few commands use: own parts. */
const LAZY = ['yaml', 'get-east-asian-width', 'chokidar']

/** Replaces such a package by an object that loads the part when a name is first read from it. */
const lazyPackages = {
  name: 'lazy packages',
  setup(build) {
    build.onResolve({ filter: new RegExp(`^(${LAZY.join('|')})$`) }, ({ path: name }) => ({
      path: name,
      namespace: 'lazy',
    }))
    build.onResolve({ filter: /^\.\/[\w-]+\.cjs$/ }, ({ path: name }) => ({ path: name, external: true }))
    build.onLoad({ filter: /./, namespace: 'lazy' }, ({ path: name }) => ({
      contents: `
        const part = new Proxy({}, { get: (_, name) => require('./${name}.cjs')[name] })
        module.exports = Object.create(part, { __esModule: { value: true } })`,
    }))
  },
}

/**
 * Wraps each of Node's modules once. Otherwise esbuild copies its names for each importing file.
 * Names that no file imports are dropped, as long as reading them counts as pure.
 */
const ownModules = {
  name: 'own modules',
  setup(build) {
    build.onResolve({ filter: /^node:/ }, ({ path: name, kind }) =>
      kind === 'import-statement' ? { path: name, namespace: 'own' } : undefined,
    )
    build.onLoad({ filter: /./, namespace: 'own' }, ({ path: name }) => ({
      contents: `
        const own = require('${name}')
        export default own
        ${Object.keys(require(name))
          .map((key) => `export const ${key} = /* @__PURE__ */ (() => own.${key})()`)
          .join('\n')}`,
    }))
  },
}

/**
 * The one assertion of signal-exit. Node's own module takes a twentieth of Node's start to load.
 */
const assertModule = {
  name: 'assert',
  setup(build) {
    build.onResolve({ filter: /^assert$/ }, ({ path: name }) => ({ path: name, namespace: 'assert' }))
    build.onLoad({ filter: /./, namespace: 'assert' }, () => ({
      contents: 'exports.equal = (value, other, message) => { if (value !== other) throw new TypeError(message) }',
    }))
  },
}

const OPTIONS = {
  absWorkingDir: root,
  bundle: true,
  minify: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  outdir: 'dist',
  outExtension: { '.js': '.cjs' },
  logLevel: 'warning',
  alias: { 'graceful-fs': 'node:fs' },
  external: ['koffi'],
}

const PART = {
  ...OPTIONS,
  // In a script of node:vm there is no import.
  supported: { 'dynamic-import': false },
  plugins: [lazyPackages, ownModules, assertModule],
  // `bin/bjob.js` wants a function; wrapping the text there would copy it.
  banner: { js: '(function (require, module, exports) {' },
  footer: { js: '})' },
}

const PAGE = {
  absWorkingDir: root,
  entryPoints: [
    { in: 'src/page/main.ts', out: 'report-page' },
    { in: 'src/page/page.css', out: 'report-page' },
  ],
  bundle: true,
  minify: true,
  platform: 'browser',
  target: 'es2022',
  format: 'iife',
  outdir: 'dist',
  logLevel: 'warning',
}

async function build() {
  // V8 cannot tell that compiled code belongs to another bundle.
  fs.rmSync(path.join(dist, 'compiled'), { recursive: true, force: true })
  await esbuild.build({ ...OPTIONS, entryPoints: { agent: 'src/launch/agent/agent.ts' } })
  // The map is read for `--debug` alone.
  const map = { sourcemap: 'external', sourcesContent: false }
  await esbuild.build({ ...PART, ...map, entryPoints: { bjob: 'src/cli/main.ts' } })
  for (const name of LAZY) {
    const stdin = { contents: `module.exports = require('${name}')`, resolveDir: root }
    await esbuild.build({ ...PART, plugins: [], stdin, entryNames: name })
  }
  await esbuild.build(PAGE)
  const command = path.join(__dirname, 'bjob.js')
  fs.writeFileSync(path.join(dist, 'bjob.1'), execFileSync(process.execPath, [command, '--manual']))
  compileCommands()
}

/** A hash of everything that the build reads. The lock file stands for the packages. */
function fingerprint() {
  const hash = createHash('sha256').update(process.version)
  const files = ['src', 'bin'].flatMap((folder) =>
    fs.readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true }),
  )
  const names = files.filter((file) => file.isFile()).map((file) => path.join(file.parentPath, file.name))
  for (const name of [...names.toSorted(), path.join(root, 'package-lock.json')])
    hash.update(path.relative(root, name)).update('\0').update(fs.readFileSync(name)).update('\0')
  return hash.digest('hex')
}

async function main() {
  const record = path.join(dist, '.fingerprint')
  const current = fingerprint()
  const last = fs.existsSync(record) ? fs.readFileSync(record, 'utf8') : ''
  if (process.argv.includes('--if-changed') && last === current) return
  fs.rmSync(record, { force: true })
  await build()
  fs.writeFileSync(record, current)
}

if (require.main === module) void main()
else module.exports = { PART }
