'use strict'
// The build of the command: its bundle, the agent's, and what V8 compiles of the first, kept beside it.
const { execFileSync } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const esbuild = require('esbuild')

const root = path.join(__dirname, '..')
const dist = path.join(root, 'dist')

/** Packages that take as long to load as a short command to run, and that many have no use for: each is a part of its own. */
const LAZY = ['zod', 'yaml']
const PARTS = ['bjob', ...LAZY]

/** In the place of such a package a module with those of its functions that are used, which loads it when one of them is. */
const lazyPackages = {
  name: 'lazy packages',
  setup(build) {
    build.onResolve({ filter: new RegExp(`^(${LAZY.join('|')})$`) }, ({ path: name }) => ({
      path: name,
      namespace: 'lazy',
    }))
    build.onResolve({ filter: /^\.\/\w+\.cjs$/ }, ({ path: name }) => ({ path: name, external: true }))
    build.onLoad({ filter: /./, namespace: 'lazy' }, ({ path: name }) => ({
      contents: `
        for (const name of ${JSON.stringify(usedNames(name))})
          Object.defineProperty(exports, name, { enumerable: true, get: () => require('./${name}.cjs')[name] })
        Object.defineProperty(exports, '__esModule', { value: true })`,
    }))
  },
}

/** Node's own modules as modules of the bundle, once each: otherwise esbuild copies their hundred names for each of the files that import them. */
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
        ${importedNames(name)
          .map((key) => `export const ${key} = own.${key}`)
          .join('\n')}`,
    }))
  },
}

const files = fs.readdirSync(path.join(root, 'src'), { recursive: true }).filter((name) => name.endsWith('.ts'))
const sources = files.map((name) => fs.readFileSync(path.join(root, 'src', name), 'utf8')).join('\n')

/** What the sources import from a module by name. */
function importedNames(name) {
  const lists = sources.match(new RegExp(`(?<=import [^'{}]*\\{)[^}]+(?=\\} from '${name}')`, 'g')) ?? []
  return Object.keys(require(name)).filter((key) => lists.some((list) => new RegExp(`\\b${key}\\b`).test(list)))
}

/** What they import from a package, or use of all of it. */
function usedNames(name) {
  const [, namespace] = new RegExp(`import \\* as (\\w+) from '${name}'`).exec(sources) ?? []
  const members = namespace === undefined ? [] : (sources.match(new RegExp(`(?<=\\b${namespace}\\.)\\w+`, 'g')) ?? [])
  const used = Object.keys(require(name)).filter(
    (key) => members.includes(key) && typeof require(name)[key] === 'function',
  )
  return [...importedNames(name), ...used]
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
}

/** As `bin/bjob.js` wants a part: putting it together there would copy it. */
const WRAPPED = { banner: { js: '(function (require, module, exports) {' }, footer: { js: '})' } }

/** What is kept is what any of these has used: run one after the other in one process, in a folder that is thrown away. */
const COMMANDS = [
  ['init'],
  ['app', 'add', 'none', '--executable', 'true'],
  ['spawn', '--app', 'none', '--name', 'one', '--', 'word'],
  ['ls'],
  ['show', 'one'],
  ['why', 'one'],
  ['history', 'one'],
  ['results'],
  ['kill', 'one'],
  ['fsck'],
]

async function build() {
  // V8 cannot tell that they are of other bundles.
  for (const name of PARTS) fs.rmSync(path.join(dist, `${name}.cjs.cache`), { force: true })
  const alias = { 'graceful-fs': 'node:fs' }
  await esbuild.build({
    ...OPTIONS,
    entryPoints: { agent: 'src/launch/agent.ts' },
    alias,
    external: ['koffi'],
  })
  await esbuild.build({
    ...OPTIONS,
    ...WRAPPED,
    entryPoints: { bjob: 'src/cli/main.ts' },
    alias,
    external: ['koffi'],
    plugins: [lazyPackages, ownModules],
  })
  for (const name of LAZY) {
    const contents = `export { ${usedNames(name).join(', ')} } from '${name}'`
    await esbuild.build({ ...OPTIONS, ...WRAPPED, stdin: { contents, resolveDir: root }, entryNames: name })
  }
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bjob-build-'))
  const env = { ...process.env, BJOB_SITE: '', BJOB_JOB_ID: '' }
  try {
    execFileSync(process.execPath, [__filename, '--record'], {
      cwd: folder,
      env,
      stdio: ['ignore', 'ignore', 'inherit'],
    })
  } finally {
    fs.rmSync(folder, { recursive: true, force: true })
  }
}

function record() {
  const { load, parts } = require('./bjob.js')
  const left = [...COMMANDS]
  const next = () => {
    // Whoever waits for this process hears that one has failed.
    if (process.exitCode !== undefined && process.exitCode !== 0) return
    const words = left.shift()
    if (words === undefined) {
      for (const name of PARTS)
        fs.writeFileSync(path.join(dist, `${name}.cjs.cache`), parts.get(`${name}.cjs`).script.createCachedData())
      return
    }
    process.argv.splice(2, Infinity, ...words)
    process.once('beforeExit', next)
    // Without anything to wait for, the loop would not end once more.
    setImmediate(() => (parts.has('bjob.cjs') ? parts.get('bjob.cjs').run() : load('bjob.cjs')))
  }
  next()
}

if (process.argv[2] === '--record') record()
else void build()
