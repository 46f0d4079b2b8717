/**
 * Fetching a piece. npm and Python are stood in for by shell scripts on a PATH of their own, which copy a prepared archive; the real ones are used by
 * `npm test` on a machine without the programs.
 */
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { MissingToolError, StartError } from './errors.ts'
import { fetchPiece, fetchTool, type Machine, toolSources } from './fetch-piece.ts'
import { progressText } from './fetch-progress.ts'
import { PIECES, type Piece } from './pieces.ts'
import { runCommand } from './run-command.ts'
import { temporaryFolder } from './temporary.fixture.ts'

const HERE: Machine = { platform: 'linux', arch: 'x64', glibc: '2.36' }
const WORKS = '#!/bin/sh\necho "tool version 1.2.3"\n'

const sha256Of = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex')

interface Kit {
  readonly piece: Piece
  readonly env: NodeJS.ProcessEnv
  /** One line per call of npm. */
  readonly calls: () => readonly string[]
}

/** A package with one program, and an npm that "downloads" it. `client` replaces what npm does. */
async function kit({ program = WORKS, client = 'cp "$ARCHIVE" .' } = {}): Promise<Kit> {
  const root = temporaryFolder()
  const [bin, content, archive] = [join(root, 'bin'), join(root, 'package'), join(root, 'tool.tgz')]
  for (const folder of [bin, join(content, 'native', 'bin')]) mkdirSync(folder, { recursive: true })
  writeFileSync(join(content, 'native/bin/tool'), program, { mode: 0o755 })
  writeFileSync(join(content, 'native/links.json'), '[{"source":"native/bin/tool","target":"native/bin/alias"}]')
  await runCommand('tar', ['-czf', archive, '-C', root, 'package'])
  const log = join(root, 'calls')
  const script = `#!/bin/sh\n[ "$1" = --version ] && exit 0\necho "$@" >> "${log}"\nARCHIVE="${archive}"\n${client}\n`
  writeFileSync(join(bin, 'npm'), script)
  chmodSync(join(bin, 'npm'), 0o755)
  const piece: Piece = {
    name: 'Tool',
    purpose: 'this test',
    client: 'npm',
    version: '1.2.3',
    builds: { 'linux-x64': { package: '@some/tool', sha256: sha256Of(archive), bytes: 1_000 } },
    root: 'package/native',
    links: 'links.json',
    check: { program: 'bin/tool', args: [], prints: '1.2.3' },
    env: { TOOL_HOME: 'bin' },
  }
  const PATH = [bin, process.env['PATH'] ?? ''].join(delimiter)
  const calls = (): readonly string[] => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [])
  return { piece, env: { PATH, MANDATE_CACHE: join(root, 'cache') }, calls }
}

/** Entries of the cache, without locks. */
const entries = (env: NodeJS.ProcessEnv): readonly string[] =>
  readdirSync(env['MANDATE_CACHE'] ?? '').filter((name) => !name.endsWith('.lock'))

describe('a piece', () => {
  test('is fetched by its exact version, without install scripts, and only once', async () => {
    const { piece, env, calls } = await kit()
    const said: string[] = []
    const { folder, env: more } = await fetchPiece(piece, { env, onFetch: (what) => said.push(what) }, HERE)
    expect(await runCommand(join(folder, 'bin/alias'), [])).toBe('tool version 1.2.3\n')
    expect(more).toEqual({ TOOL_HOME: join(folder, 'bin') })
    expect(said).toEqual(['fetching Tool 1.2.3 with npm (1 MB, once)', 'unpacking Tool 1.2.3'])
    expect((await fetchPiece(piece, { env }, HERE)).folder).toBe(folder)
    expect(calls()).toEqual([expect.stringMatching(/^pack @some\/tool@1\.2\.3 .*--ignore-scripts/u)])
  })

  test('is downloaded once by callers at the same moment', async () => {
    const { piece, env, calls } = await kit()
    const all = await Promise.all([1, 2, 3].map(() => fetchPiece(piece, { env }, HERE)))
    expect(new Set(all.map(({ folder }) => folder)).size).toBe(1)
    expect(calls()).toHaveLength(1)
  })

  test('is downloaded once by two processes at the same moment, and the second one says that it waits', async () => {
    const { piece, env, calls } = await kit()
    const script = `
      import { fetchPiece } from ${JSON.stringify(join(import.meta.dirname, 'fetch-piece.ts'))}
      const onFetch = (what) => process.stdout.write(what + '\\n')
      await fetchPiece(${JSON.stringify(piece)}, { env: process.env, onFetch }, ${JSON.stringify(HERE)})`
    const run = (): Promise<string> => runCommand(process.execPath, ['--input-type=module', '-e', script], { env })
    const outputs = await Promise.all([run(), run()])
    expect(calls()).toHaveLength(1)
    // Either it waited, or the first one was done when it began.
    expect(outputs.filter((output) => !output.includes('with npm'))).toHaveLength(1)
  })

  test('with another checksum is refused, and the cache stays empty', async () => {
    const { piece, env } = await kit()
    const build = { package: '@some/tool', sha256: '0'.repeat(64), bytes: 1_000 }
    const other: Piece = { ...piece, builds: { 'linux-x64': build } }
    await expect(fetchPiece(other, { env }, HERE)).rejects.toThrow(StartError)
    await expect(fetchPiece(other, { env }, HERE)).rejects.toThrow(/checksum/u)
    expect(entries(env)).toEqual([])
  })

  test.for([
    ['npm', 'npm error code EINTEGRITY'],
    ['pip', 'ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.'],
  ])('whose checksum %s itself refuses is not taken for missing', async ([, says]) => {
    const { piece, env } = await kit({ client: `echo '${says}' >&2; exit 1` })
    await expect(fetchPiece(piece, { env }, HERE)).rejects.toThrow(StartError)
  })

  test('cut off in the middle is refused, and the next try works', async () => {
    const { piece, env } = await kit({
      client: 'if [ -e "$0.2" ]; then cp "$ARCHIVE" .; else touch "$0.2"; head -c 50 "$ARCHIVE" > x.tgz; fi',
    })
    await expect(fetchPiece(piece, { env }, HERE)).rejects.toThrow(/checksum/u)
    expect(entries(env)).toEqual([])
    expect(existsSync((await fetchPiece(piece, { env }, HERE)).folder)).toBe(true)
  })

  test.for([
    [
      'when the client fails, with its last lines',
      'echo "no route to the registry" >&2; exit 1',
      /no route to the registry/u,
    ],
    ['when the client brings nothing', ':', /npm failed/u],
  ] as const)('is missing %s', async ([, client, message]) => {
    const { piece, env } = await kit({ client })
    await expect(fetchPiece(piece, { env }, HERE)).rejects.toMatchObject({
      name: 'MissingToolError',
      tool: 'Tool',
      message: expect.stringMatching(message),
    })
    expect(entries(env)).toEqual([])
  })

  test('that does not run here is refused, and not kept', async () => {
    const { piece, env } = await kit({ program: '#!/bin/sh\necho "GLIBC_9.9 not found" >&2; exit 1\n' })
    await expect(fetchPiece(piece, { env }, HERE)).rejects.toThrow(/does not run here:\s+GLIBC_9\.9/u)
    expect(entries(env)).toEqual([])
  })

  test('is missing without the client', async () => {
    const { piece, env } = await kit()
    const empty = { ...env, PATH: temporaryFolder() }
    await expect(fetchPiece(piece, { env: empty }, HERE)).rejects.toMatchObject({
      message: expect.stringContaining('npm is not on PATH'),
    })
  })

  test.for([
    ['another system', { platform: 'darwin', arch: 'arm64', glibc: undefined }, 'darwin-arm64'],
    ['another processor', { platform: 'linux', arch: 'arm64', glibc: '2.36' }, 'linux-arm64'],
    ['another C library', { platform: 'linux', arch: 'x64', glibc: undefined }, 'without glibc'],
  ] as const)('is missing on %s, which the message names, and nothing is downloaded', async ([, machine, named]) => {
    const { piece, env, calls } = await kit()
    await expect(fetchPiece(piece, { env }, machine)).rejects.toMatchObject({
      name: 'MissingToolError',
      message: expect.stringContaining(named),
    })
    expect(calls()).toEqual([])
  })
})

test('on each platform that has a build, that one is fetched', async () => {
  const { piece, env, calls } = await kit()
  const { 'linux-x64': build } = piece.builds
  if (build === undefined) expect.unreachable('no build')
  const mac: Piece = { ...piece, builds: { ...piece.builds, 'darwin-arm64': { ...build, package: '@some/mac-tool' } } }
  await fetchPiece(mac, { env }, { platform: 'darwin', arch: 'arm64', glibc: undefined })
  expect(calls()).toEqual([expect.stringMatching(/^pack @some\/mac-tool@1\.2\.3 /u)])
})

test('data is the same for every machine, and is kept only when its file is there', async () => {
  const { piece, env } = await kit()
  const { 'linux-x64': build } = piece.builds
  if (build === undefined) expect.unreachable('no build')
  const data: Piece = { ...piece, builds: { any: build }, check: { file: 'bin/tool' } }
  const musl = { platform: 'linux', arch: 'riscv64', glibc: undefined }
  const wrong: Piece = { ...data, check: { file: 'bin/other' } }
  await expect(fetchPiece(wrong, { env }, musl)).rejects.toThrow('was fetched and has no bin/other')
  expect(entries(env)).toEqual([])
  const { folder } = await fetchPiece(data, { env }, musl)
  expect(existsSync(join(folder, 'bin/tool'))).toBe(true)
})

test.for(Object.entries(PIECES))('%s is pinned by exact version and checksum', ([, piece]: [string, Piece]) => {
  expect(piece.version).toMatch(/^\d+\.\d+\.\d+[\w.-]*$/u)
  const builds = Object.values(piece.builds)
  expect(new Set(builds.map(({ sha256 }) => sha256)).size).toBe(builds.length)
  for (const { sha256, wheel } of builds) {
    expect(sha256).toMatch(/^[0-9a-f]{64}$/u)
    expect(wheel !== undefined).toBe(piece.client === 'pip')
  }
})

test('MANDATE_TOOLS chooses between installed and fetched programs', async () => {
  expect(toolSources({})).toEqual({ installed: true, fetched: true })
  expect(toolSources({ MANDATE_TOOLS: 'fetched' })).toEqual({ installed: false, fetched: true })
  await expect(fetchTool('go', { env: { MANDATE_TOOLS: 'installed' } })).rejects.toThrow(MissingToolError)
  await expect(fetchTool('go', { env: { MANDATE_TOOLS: 'none' } })).rejects.toThrow(TypeError)
})

test.for([
  [25, 100, 10_000, '25 %, 30 s left'],
  [999, 1_000, 1_000, '99 %, 1 s left'],
  [10, 100, 60_000, '10 %, 9 min left'],
] as const)('%i of %i bytes after %i ms: %s', ([done, total, elapsedMs, text]) => {
  expect(progressText(done, total, elapsedMs)).toBe(text)
})
