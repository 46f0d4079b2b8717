/**
 * `mandate-audit --url`: everything that an auditor's command line does at a PDP, and what it says when that cannot be done (rule L9).
 */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { run } from '../../auditor/src/cli.ts'
import { AUDITOR, useSuite } from '../fixtures/suite.ts'

interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

const suite = useSuite({ sharedWorld: true })
let folder: string
let token: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mandate-audit-'))
  token = await suite.tpdp.issuer.token({ ...AUDITOR })
  return () => rm(folder, { recursive: true, force: true })
})

/** At the PDP, as an auditor. */
const ran = (argv: readonly string[], as = token): Promise<Ran> => ranBare([...argv, '--url', suite.tpdp.pdp.url], as)

async function ranBare(argv: readonly string[], as?: string): Promise<Ran> {
  const said = { out: '', err: '' }
  const out = (text: string): void => {
    said.out += text
  }
  const err = (text: string): void => {
    said.err += text
  }
  const environment = { MANDATE_TOKEN: as }
  return { code: await run(argv, { out, err, environment }), ...said }
}

async function decided(action = 'read'): Promise<string> {
  const { headers } = await suite.world.ask({ subject: 'A', action })
  return headers.get('x-evaluation-id') ?? expect.unreachable('no id')
}
const idsIn = (lines: string): readonly string[] =>
  lines
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).id)

test('query finds what was decided, newest first, for people and for programs', async () => {
  const ids = [await decided(), await decided()]
  const { code, out } = await ran(['query', '--action', 'read', '--decision', 'permit', '--limit', '2', '--json'])
  expect([code, idsIn(out)]).toEqual([0, ids.toReversed()])
  const table = await ran(['query', '--action', 'read', '--limit', '2'])
  expect(table.out.split('\n').at(0)).toMatch(/^time +decision/iu)
  expect(table.out).toContain(ids[0])
})

test('show draws the chain of a decision', async () => {
  await suite.give({ from: 'A', to: 'B', actions: ['read'], name: 'shown' })
  const { body } = await suite.world.ask({ subject: 'B', action: 'read' })
  const { code, out } = await ran(['show', body.context.evaluation_id])
  expect(code).toBe(0)
  expect(out).toMatch(/user:p_[\w-]{22}[\s\S]*user:p_[\w-]{22}/u)
  expect(out).toContain('delegated')
})

test('what prove wrote is verified without the PDP, and not when one byte of it is another', async () => {
  const id = await decided()
  const [proof, entry, key] = [
    join(folder, 'a.tlog-proof'),
    join(folder, 'a.json'),
    join(suite.tpdp.dataDir, 'log.vkey'),
  ]
  const out = ['--out', proof, '--entry-out', entry]
  expect(await ran(['prove', id, '--key', key, ...out])).toEqual({ code: 0, out: '', err: '' })
  const verify = (): Promise<Ran> => ranBare(['verify', '--proof', proof, '--entry', entry, '--key', key])
  expect(await verify()).toMatchObject({ code: 0, out: expect.stringMatching(/OK\n$/u) })
  const written = await readFile(entry, 'utf8')
  await writeFile(entry, written.replace('"decision":true', '"decision":false'))
  expect(await verify()).toMatchObject({ code: 1, out: expect.stringContaining('not what was logged') })
})

test('replay says what is answered now, and what differs', async () => {
  await suite.give({ from: 'A', to: 'B', actions: ['update'], name: 'fleeting' })
  const { body } = await suite.world.ask({ subject: 'B', action: 'update' })
  await suite.world.revoke('fleeting', 'A')
  const { code, out } = await ran(['replay', body.context.evaluation_id])
  expect(code).toBe(0)
  expect(out).toMatch(
    /then .*permit .*delegated[\s\S]*now .*DENY .*grant_revoked[\s\S]*differs in decision, reasons, chain\n$/u,
  )
})

test.for(['jsonl', 'csv', 'ocsf'])('export as %s is a whole file, readable by its owner alone', async (format) => {
  const id = await decided()
  const file = join(folder, `export.${format}`)
  expect(await ran(['export', '--kind', 'evaluation', '--format', format, '--out', file])).toMatchObject({ code: 0 })
  const text = await readFile(file, 'utf8')
  expect(text).toContain(id)
  const found = await ran(['query', '--kind', 'evaluation', '--limit', '1000', '--json'])
  const heads = format === 'csv' ? 1 : 0
  expect(text.trim().split(/\r?\n/u)).toHaveLength(idsIn(found.out).length + heads)
  expect((await readdir(folder)).filter((name) => name.endsWith('.part'))).toEqual([])
})

test('watch tells what is decided from now on, in order, each once', async () => {
  const before = await decided()
  let isWatching = true
  const watching = ran(['watch', '--kind', 'evaluation', '--limit', '3', '--json']).finally(() => {
    isWatching = false
  })
  // When it has begun nobody tells: decisions are made until it has seen enough.
  const ids: string[] = []
  while (isWatching) ids.push(await decided())
  const { code, out } = await watching
  const seen = idsIn(out)
  const from = ids.indexOf(seen[0] ?? '')
  expect(from).toBeGreaterThanOrEqual(0)
  expect([code, seen]).toEqual([0, ids.slice(from, from + 3)])
  expect(seen).not.toContain(before)
})

test('what cannot be done is said in a line, with an exit code of its own', async () => {
  const nobody = await suite.tpdp.issuer.token({ sub: 'stranger', azp: 'desktop' })
  const id = await decided()
  expect(await ran(['show', id], nobody)).toMatchObject({
    code: 66,
    err: expect.stringContaining('there is no decision'),
  })
  expect(await ran(['query'], 'nonsense')).toMatchObject({ code: 77, err: expect.stringContaining('401') })
  expect(await ran(['query', '--actor', 'nonsense'])).toMatchObject({ code: 64 })
  expect(await ran(['show', 'nonsense'])).toMatchObject({ code: 64, err: expect.stringContaining('ULID') })
  expect(await ranBare(['query', '--url', 'http://127.0.0.1:1'])).toMatchObject({
    code: 69,
    err: expect.stringContaining('does not answer'),
  })
})
