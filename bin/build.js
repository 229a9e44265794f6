'use strict'
// The build of the command: its bundle, the agent's, and what V8 compiles of the first.
const fs = require('node:fs')
const path = require('node:path')
const esbuild = require('esbuild')
const { compileCommands } = require('./compile.js')

const root = path.join(__dirname, '..')
const dist = path.join(root, 'dist')

/** Packages that take as long to load as a short command to run, and that many have no use for: each is a part of its own. */
const LAZY = ['yaml']

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
        for (const name of ${JSON.stringify(importedNames(name))})
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

/** The one thing that proper-lockfile's signal-exit asserts: Node's own module takes a twentieth of Node's start to load. */
const assertModule = {
  name: 'assert',
  setup(build) {
    build.onResolve({ filter: /^assert$/ }, ({ path: name }) => ({ path: name, namespace: 'assert' }))
    build.onLoad({ filter: /./, namespace: 'assert' }, () => ({
      contents: 'exports.equal = (value, other, message) => { if (value !== other) throw new TypeError(message) }',
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

const OPTIONS = {
  absWorkingDir: root,
  bundle: true,
  minify: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  // In a script of node:vm there is no import.
  supported: { 'dynamic-import': false },
  outdir: 'dist',
  outExtension: { '.js': '.cjs' },
  logLevel: 'warning',
}

/** As `bin/bjob.js` wants a part: putting it together there would copy it. */
const WRAPPED = { banner: { js: '(function (require, module, exports) {' }, footer: { js: '})' } }

async function build() {
  // V8 cannot tell that they are of another bundle.
  fs.rmSync(path.join(dist, 'compiled'), { recursive: true, force: true })
  const alias = { 'graceful-fs': 'node:fs' }
  await esbuild.build({
    ...OPTIONS,
    entryPoints: { agent: 'src/launch/agent/agent.ts' },
    alias,
    external: ['koffi'],
  })
  await esbuild.build({
    ...OPTIONS,
    ...WRAPPED,
    entryPoints: { bjob: 'src/cli/main.ts' },
    alias,
    external: ['koffi'],
    // Read for `--debug` alone.
    sourcemap: 'external',
    sourcesContent: false,
    plugins: [lazyPackages, ownModules, assertModule],
  })
  for (const name of LAZY) {
    const contents = `export { ${importedNames(name).join(', ')} } from '${name}'`
    await esbuild.build({ ...OPTIONS, ...WRAPPED, stdin: { contents, resolveDir: root }, entryNames: name })
  }
  compileCommands()
}

void build()
