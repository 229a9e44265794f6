/**
 * Holds what ARCHITECTURE.md promises of the source text: who may import whom, who may touch the
 * world, and how a file looks.
 */
import fs from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'

const root = path.resolve(import.meta.dirname, '..')

/**
 * The rooms that each room may use beside itself; a room that is not listed here may not be made.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  core: ['lib'],
  site: ['core', 'lib'],
  platform: ['core', 'lib'],
  client: ['site', 'platform', 'core', 'lib'],
  launch: ['site', 'platform', 'core', 'lib'],
  search: ['client', 'site', 'platform', 'core', 'lib'],
  report: ['search', 'client', 'site', 'platform', 'core', 'lib'],
  page: ['report', 'search', 'core'],
  cli: ['search', 'report', 'client', 'launch', 'site', 'platform', 'core', 'lib'],
  // The library as it is imported: what drivers get.
  'index.ts': ['search', 'report', 'client', 'site', 'core'],
}

/**
 * The order of the folders (and files beside them) of a room, lowest first: each may use itself and
 * what stands before it. A room that is not listed is one flat folder.
 */
const FOLDER_ORDER: Readonly<Record<string, readonly string[]>> = {
  lib: [
    'text',
    'bell.ts',
    'concurrently.ts',
    'defined.ts',
    'once.ts',
    'ordered-queue.ts',
    'random-stream.ts',
    'shapes.ts',
    'sleep.ts',
    'token.ts',
    'process',
  ],
  core: ['text', 'job', 'life', 'index', 'placement'],
  platform: ['hostlist.ts', 'transfer.ts', 'schedulers', 'mpi'],
  site: [
    'disk',
    'journal',
    'settings.ts',
    'site.ts',
    'follow',
    'applications.ts',
    'live-site.ts',
    'job',
    'view',
    'launcher',
    'fsck',
    'doctor',
  ],
  client: [
    'job-environment.ts',
    'view',
    'explain',
    'change',
    'spawn',
    'query',
    'ends',
    'make-site.ts',
    'site-client.ts',
    'allocation',
    'session',
  ],
  launch: [
    'agent',
    'launch-events.ts',
    'repeated-problems.ts',
    'allocation.ts',
    'lease.ts',
    'capacity.ts',
    'node-health.ts',
    'run-queue.ts',
    'parents.ts',
    'run',
    'background-tasks.ts',
    'dispatcher.ts',
    'set-aside-jobs.ts',
    'intake.ts',
    'recovery.ts',
    'launcher.ts',
    'run-launcher.ts',
  ],
  search: ['space', 'model', 'samplers', 'study'],
  cli: [
    'terminal',
    'command',
    'arguments',
    'watch',
    'show',
    'commands',
    'command-table.ts',
    'help',
    'completion',
    'main.ts',
  ],
}

/** Files in one folder beyond which it cannot be taken in at a glance. */
const MAX_FILES = 18

/** Beside `site`, which owns the tree: the modules that use node:fs, and for what. */
const MAY_TOUCH_FILES: Readonly<Record<string, string>> = {
  'lib/process/cpu-list.ts': 'which processors a process may use',
  'lib/process/interpreter.ts': 'the head of a program that could not be started',
  'lib/process/oom-counter.ts': 'control groups',
  'lib/process/process-mark.ts': '/proc',
  'lib/process/native-starter.ts': '/dev/null',
  'lib/process/process-usage.ts': '/proc',
  'lib/process/process-table.ts': '/proc',
  'lib/process/run-command.ts': 'looks for commands on the PATH',
  'launch/agent/attempt.ts': "opens the file for a job's output, which the job then writes",
  'launch/agent/start-failure.ts': 'whether the folder of a job that could not be started is there',
  'launch/allocation.ts': "reads the scheduler's list of nodes, outside of the tree",
  'client/make-site.ts': 'copies templates to where there is no site yet',
  'client/allocation/submit-launchers.ts': 'reads the template of a batch script',
  'cli/main.ts': "bjob's own package.json",
  'cli/command/error-origin.ts': 'where the parts of the bundle come from',
  'cli/arguments/spawn-source.ts': 'the file that --from names',
  'cli/terminal/terminal.ts': 'standard output',
  'search/study/driver.ts': 'writes the inputs of points into a temporary folder, from where they are staged',
  'cli/arguments/spawn-options.ts': 'looks whether words of the command line are a file',
  'cli/command/failure.ts': 'looks which folder is gone',
  'cli/commands/launch.ts': "looks whether the agent's program is there",
  'cli/commands/tune.ts': 'the file that describes the space, and the one that --csv names',
  'cli/commands/session.ts': 'standard output',
  'cli/commands/report.ts': 'the parts of the page, and the file that is asked for',
  'cli/commands/app.ts': 'looks whether a word of the command line is a file',
}

/** Which room each dependency may be used in; a dependency that is not here has no room yet. */
const PACKAGE_ROOMS: Readonly<Record<string, readonly string[]>> = {
  cac: ['cli'],
  prints: ['cli'],
  valibot: ['lib', 'core', 'site', 'platform', 'client', 'search'],
  yaml: ['core'],
  'proper-lockfile': ['site'],
  chokidar: ['site'],
  'fast-glob': ['site'],
  koffi: ['lib'],
  'get-east-asian-width': ['lib'],
  uplot: ['page'],
}

const MAX_LINES = 300

interface Source {
  /** Below `src/`. */
  readonly file: string
  readonly room: string
  readonly text: string
  /** Without comments and the content of strings, for rules about words. */
  readonly code: string
  readonly imports: readonly string[]
}

function listFiles(folder: string, ending: string): string[] {
  if (!fs.existsSync(path.join(root, folder))) return []
  return fs
    .readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => `${folder}/${name}`)
    .toSorted()
}

const readText = (file: string): string => fs.readFileSync(path.join(root, file), 'utf8')

/**
 * The text without comments; strings keep their quotes only. Good enough for this source: no
 * regular expression here holds a quote and `//`.
 */
function stripText(text: string): string {
  return text
    .replaceAll(/\/\*[^]*?\*\//g, '')
    .replaceAll(/^\s*\/\/.*$/gm, '')
    .replaceAll(/`(?:[^`\\]|\\.)*`|'(?:[^'\\\n]|\\.)*'/g, "''")
}

const sources: readonly Source[] = listFiles('src', '.ts').map((name) => {
  const text = readText(name)
  const file = name.slice('src/'.length)
  const found = [
    ...text.matchAll(/^(?:import|export|\})[^'\n]*\bfrom '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm),
  ].map(([, one, two, three]) => one ?? two ?? three ?? '')
  return { file, room: file.split('/')[0] ?? '', text, code: stripText(text), imports: found }
})

/** The room of a relative import; undefined for a package or a part of Node. */
function roomOf(file: string, target: string): string | undefined {
  return target.startsWith('.') ? path.join(path.dirname(file), target).split('/')[0] : undefined
}

/** Where files of the tests match, but for this one, which holds the words that it looks for. */
const matchesIn = (files: readonly string[], pattern: RegExp): string[] =>
  files
    .filter((file) => file !== 'test/tidy.test.ts')
    .flatMap((file) => (stripText(readText(file)).match(pattern) ?? []).map((what) => `${file}: ${what}`))

const places = (rule: (source: Source) => string[]): string[] =>
  sources.flatMap((source) => rule(source).map((what) => `${source.file}: ${what}`))

describe('the rooms of src', () => {
  test('are all there is, and import downwards only', () => {
    expect(sources.length).toBeGreaterThan(50)
    const wrong = places(({ file, room, imports }) => {
      const allowed = MAY_IMPORT[room]
      if (allowed === undefined) return [`there is no room ${room}`]
      return imports.filter((target) => {
        const other = roomOf(file, target)
        return other !== undefined && other !== room && !allowed.includes(other)
      })
    })
    expect(wrong).toEqual([])
  })

  test('order their folders, and import downwards between them', () => {
    const wrong = places(({ file, room, imports }) => {
      const order = FOLDER_ORDER[room]
      if (order === undefined) return []
      const rank = (name: string): number => order.indexOf(name.split('/')[1] ?? '')
      if (rank(file) < 0) return ['has no place in FOLDER_ORDER']
      return imports.filter(
        (target) => roomOf(file, target) === room && rank(path.join(path.dirname(file), target)) > rank(file),
      )
    })
    expect(wrong).toEqual([])
  })

  test('hold few files in each folder', () => {
    const counts = new Map<string, number>()
    for (const { file } of sources) counts.set(path.dirname(file), (counts.get(path.dirname(file)) ?? 0) + 1)
    // A file for each command is a list that people look names up in.
    counts.delete('cli/commands')
    expect([...counts].filter(([, count]) => count > MAX_FILES)).toEqual([])
  })

  test('client and launch never import each other: they meet in the tree', () => {
    expect(MAY_IMPORT['client']).not.toContain('launch')
    expect(MAY_IMPORT['launch']).not.toContain('client')
  })

  test('use each package in its rooms, and none that package.json does not name', () => {
    const { dependencies, optionalDependencies, devDependencies } = JSON.parse(readText('package.json')) as {
      dependencies: Record<string, string>
      optionalDependencies: Record<string, string>
      devDependencies: Record<string, string>
    }
    const wrong = places(({ room, imports }) =>
      imports.filter((target) => {
        if (target.startsWith('.') || target.startsWith('node:')) return false
        // The build bundles the page's packages, so an installed bjob does not need them.
        const named = room === 'page' ? devDependencies : { ...dependencies, ...optionalDependencies }
        return !Object.hasOwn(named, target) || !(PACKAGE_ROOMS[target] ?? []).includes(room)
      }),
    )
    expect(wrong).toEqual([])
  })

  test('touch files in site only, but for what is listed with its reason', () => {
    const touching = sources
      .filter(({ room, imports }) => room !== 'site' && imports.some((target) => /^node:fs(\/|$)/.test(target)))
      .map(({ file }) => file)
    expect(touching).toEqual(
      Object.keys(MAY_TOUCH_FILES)
        .filter((file) => fs.existsSync(path.join(root, 'src', file)))
        .toSorted(),
    )
  })

  test('print and set an exit status in cli only, but for the agent, which is a process of its own', () => {
    const wrong = places(({ file, room, code }) =>
      room === 'cli' || file === 'launch/agent/agent.ts'
        ? []
        : (code.match(/\bconsole\.|process\.exit(Code)?\b|process\.stdout|process\.stderr/g) ?? []),
    )
    expect(wrong).toEqual([])
  })

  test('keep core pure: no I/O, no clock, no chance, nothing to wait for', () => {
    const wrong = places(({ room, imports, code }) =>
      room === 'core'
        ? [
            ...imports.filter((target) => target.startsWith('node:')),
            ...(code.match(
              /\bDate\.now|\bnew Date\(\)|\bMath\.random|\basync\b|\bawait\b|\bperformance\.|\bprocess\.|\bsetTimeout/g,
            ) ?? []),
          ]
        : [],
    )
    expect(wrong).toEqual([])
  })

  test('keep the page for browsers: nothing of Node.js, no network, no markup out of text', () => {
    const wrong = places(({ room, imports, code }) =>
      room === 'page'
        ? [
            ...imports.filter((target) => target.startsWith('node:')),
            ...(code.match(
              /\bprocess\.|\bfetch\(|\bXMLHttpRequest|\binnerHTML|\bouterHTML|\binsertAdjacentHTML|\beval\(/g,
            ) ?? []),
          ]
        : [],
    )
    expect(wrong).toEqual([])
  })

  test('join paths of the tree in layout.ts only', () => {
    const wrong = places(({ file, text }) =>
      file === 'site/disk/layout.ts' ? [] : (text.match(/'(state\.yaml|job\.yaml|\.lock|lease\.yaml)'(?=\))/g) ?? []),
    ).filter(
      // Looks for names in a listing that it got, and joins nothing.
      (place) => !place.startsWith('site/fsck/fsck-folders.ts'),
    )
    expect(wrong).toEqual([])
  })
})

describe('where a job is', () => {
  test('is known to layout.ts and job-folder.ts, and to whoever makes or checks the folder of all jobs', () => {
    const known = ['site/disk/layout.ts', 'site/disk/job-folder.ts', 'site/job/create.ts']
    const allowed = [...known, 'site/fsck/check-site.ts', 'client/make-site.ts', 'report/read-report.ts']
    const wrong = places(({ file, code }) =>
      allowed.includes(file) ? [] : (code.match(/\blayout\.(workflow|jobs|aside)\b/g) ?? []),
    )
    expect(wrong).toEqual([])
  })
})

describe('every file', () => {
  const all = [...listFiles('src', '.ts'), ...listFiles('test', '.ts')]

  test('is small enough to be read at once', () => {
    const long = listFiles('src', '.ts')
      .map((file) => ({ file, lines: readText(file).split('\n').length - 1 }))
      .filter(({ lines }) => lines > MAX_LINES)
    expect(long).toEqual([])
  })

  test('is named by what it defines', () => {
    expect(all.filter((file) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.(test|config))?\.ts$/.test(path.basename(file)))).toEqual(
      [],
    )
    expect(all.filter((file) => /^(utils?|helpers?|types?|common|misc|shared)\./.test(path.basename(file)))).toEqual([])
  })

  test('of src shares its name with no other, but for commands, which are named as people type them', () => {
    const names = sources.filter(({ file }) => !file.startsWith('cli/commands/')).map(({ file }) => path.basename(file))
    expect(names.filter((name, at) => name !== 'main.ts' && names.indexOf(name) !== at)).toEqual([])
  })

  test('of src exports names that no other file exports', () => {
    const places = new Map<string, string[]>()
    for (const { file, text } of sources) {
      const exported =
        /^export (?:declare )?(?:abstract )?(?:async )?(?:function\*?|class|interface|type|const) (\w+)/gm
      const names = new Set(Array.from(text.matchAll(exported), ([, name = '']) => name))
      for (const name of names) places.set(name, [...(places.get(name) ?? []), file])
    }
    expect(places.size).toBeGreaterThan(500)
    expect([...places].filter(([, files]) => files.length > 1)).toEqual([])
  })

  test('of src begins by saying why it exists', () => {
    expect(listFiles('src', '.ts').filter((file) => !readText(file).startsWith('/**'))).toEqual([])
  })

  test('has no default export, no enum, no private keyword, no way around a type', () => {
    const wrong = places(
      ({ code }) =>
        code.match(
          /\bexport default\b|\benum \w+ \{|\bprivate (?!constructor)\w+|\bas any\b|: any\b|@ts-ignore|@ts-expect-error|@ts-nocheck|\bTODO\b|\bFIXME\b/g,
        ) ?? [],
    )
    expect(wrong).toEqual([])
  })

  test('leaves out what is not known by defined(), not by a spread of an empty object', () => {
    const wrong = places(({ room, code }) =>
      // The page is for browsers and has none of lib.
      room === 'page' ? [] : (code.match(/\.\.\.\((\w+) === undefined \? \{\} : \{ (?:\w+: )?\1 \}\)/g) ?? []),
    )
    expect(wrong).toEqual([])
  })

  test('spreads no specification: its fields are read through its prototype', () => {
    expect(places(({ code }) => code.match(/\.\.\.(?:[\w#]+\.)*spec(?:ification)?\b(?!\.)/g) ?? [])).toEqual([])
  })

  test("names no machine's folders", () => {
    const texts = [
      ...all,
      ...listFiles('templates', ''),
      ...listFiles('bin', ''),
      'package.json',
      'README.md',
      'ARCHITECTURE.md',
    ].filter((file) => fs.existsSync(path.join(root, file)) && fs.statSync(path.join(root, file)).isFile())
    expect(
      texts.filter(
        (file) =>
          new RegExp(
            ['/home/(?!ada/)\\w', '/root\\b', '/work\\b(?!flow)', '/Users/\\w', String.raw`\.\./shared`].join('|'),
          ).test(readText(file)) && file !== 'test/tidy.test.ts',
      ),
    ).toEqual([])
  })

  test('runs no test alone, and asks for what a machine may lack by needs() only, so that what is skipped is listed', () => {
    const wrong = matchesIn(
      listFiles('test', '.test.ts'),
      /\b(?:test|it|describe)\.(?:only|todo|skip|skipIf|runIf)\b|\bskip\(|\bskip: |\bhasCommand\b|\bfindCommand\b|\bgetuid\b|\.(?:each|for)\([^)]*\.filter\(/g,
    )
    expect(wrong).toEqual([])
  })

  test('hands on no variable but what rig/environment.mjs lets through', () => {
    const files = [...listFiles('test', '.ts'), ...listFiles('test', '.mjs')]
    const wrong = matchesIn(
      files.filter((file) => file !== 'test/rig/environment.mjs'),
      /\bprocess\.env\b(?!\[)/g,
    )
    expect(wrong).toEqual([])
  })
})

describe('package.json', () => {
  const { scripts, files, bin } = JSON.parse(readText('package.json')) as {
    scripts: Record<string, string>
    files: string[]
    bin: Record<string, string>
  }

  test('has scripts that start what is there', () => {
    const missing = Object.entries(scripts).flatMap(([name, line]) => {
      const words = line.split(/\s+/)
      const ownScripts = [...line.matchAll(/npm run (?:-\S+ )*([\w:-]+)/g)]
        .map(([, script = '']) => script)
        .filter((script) => !Object.hasOwn(scripts, script))
      const ownFiles = words
        .filter((word) => /^(test|src|templates|bin)\//.test(word))
        .filter((word) => !fs.existsSync(path.join(root, word)))
      return [...ownScripts, ...ownFiles].map((what) => `${name}: ${what}`)
    })
    expect(missing).toEqual([])
  })

  test('names the executable that is there, and ships it', () => {
    for (const file of Object.values(bin)) expect(fs.existsSync(path.join(root, file))).toBe(true)
    expect(files).toEqual(expect.arrayContaining(['bin', 'dist', 'templates']))
  })
})

describe('README.md', () => {
  const readme = readText('README.md')
  const blocks = [...readme.matchAll(/```(?:sh|bash|console|shell)\n([^]*?)```/g)].map(([, block = '']) => block)

  test('names commands that there are', () => {
    const commands = readText('src/cli/command-table.ts')
    const used = blocks.flatMap((block) =>
      [...block.matchAll(/(?:^|[|;&(`$]|\$ )\s*bjob ([a-z]+)/gm)].map(([, word = '']) => word),
    )
    expect(used.length).toBeGreaterThan(0)
    expect([...new Set(used)].filter((word) => !commands.includes(`'${word}'`))).toEqual([])
  })

  test('names npm scripts that there are', () => {
    const { scripts } = JSON.parse(readText('package.json')) as { scripts: Record<string, string> }
    const used = [...readme.matchAll(/npm (?:run )?(?:-\S+ )*(demo|test|bench|build|check|unit|[a-z]+:[a-z]+)\b/g)].map(
      ([, script = '']) => script,
    )
    expect([...new Set(used)].filter((script) => !Object.hasOwn(scripts, script))).toEqual([])
  })

  test('points to files that there are', () => {
    const links = [...readme.matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g)].map(([, target = '']) => target)
    expect(links.filter((target) => !fs.existsSync(path.join(root, target)))).toEqual([])
  })
})
