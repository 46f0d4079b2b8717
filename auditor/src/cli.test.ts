import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { run } from './cli.ts'

interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

async function ran(argv: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Ran> {
  let out = ''
  let err = ''
  const code = await run(argv, {
    out: (text) => {
      out += text
    },
    err: (text) => {
      err += text
    },
    environment,
  })
  return { code, out, err }
}

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

/** A PDP that answers what it is told to, and remembers what it was asked. */
async function aPdp(answer: (url: URL) => { readonly status: number; readonly body: unknown }): Promise<{
  readonly url: string
  readonly asked: { readonly url: string; readonly authorization: string | undefined }[]
}> {
  const asked: { url: string; authorization: string | undefined }[] = []
  const server: Server = createServer((req, res) => {
    asked.push({ url: req.url ?? '', authorization: req.headers.authorization })
    const { status, body } = answer(new URL(req.url ?? '', 'http://pdp'))
    res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => server.close())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}

const ENTRY = {
  v: 1,
  id: '01KC0000000000000000000000',
  at: '2026-11-21T20:15:04.120Z',
  kind: 'evaluation',
  decision: true,
  index: 4,
}

test('filters that cannot be are named as they were typed, each on the same line', async () => {
  const { code, err } = await ran(['query', '--dir', '.', '--from', 'yesterday', '--decision', 'maybe'])
  const [line] = err.split('\n')
  expect({ code, line }).toEqual({
    code: 64,
    line: '--decision: must be permit or deny; --from: must be an RFC 3339 date-time',
  })
})

test('help goes to stdout and is no failure', async () => {
  expect(await ran(['--help'])).toMatchObject({ code: 0, out: expect.stringContaining('Examples'), err: '' })
  expect(await ran(['verify', '-h'])).toMatchObject({ code: 0, out: expect.stringContaining('Exit codes') })
})

test.each([
  ['nothing', []],
  ['an unknown command', ['audit']],
  ['a directory too many', ['query', '--dir', '.', '--dir', '/tmp']],
  ['a filter given twice', ['query', '--dir', '.', '--actor', 'agent:a', '--actor', 'agent:b']],
  ['an unknown option', ['query', '--dir', '.', '--subjekt', 'user:p_1']],
  ['no source', ['query']],
  ['two sources', ['query', '--dir', '.', '--url', 'http://127.0.0.1']],
  ['a bad filter', ['query', '--dir', '.', '--actor', 'somebody']],
  ['a bad limit', ['query', '--dir', '.', '--limit', '0']],
  ['something left over', ['query', '--dir', '.', 'more']],
  ['an id that is none', ['show', '--dir', '.', 'abc']],
  ['no key', ['verify', '--dir', '.']],
  ['a key that is none', ['verify', '--dir', '.', '--key', 'log+00000000+AAAA']],
  [
    'remembering nowhere',
    [
      'verify',
      '--dir',
      '.',
      '--key',
      'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k',
      '--remember',
    ],
  ],
  ['an address that is none', ['query', '--url', 'ftp://x']],
  ['a token over plain http', ['query', '--url', 'http://pdp.example.com']],
])('%s is wrong usage: 64, on stderr', async (_, argv) => {
  expect(await ran(argv, { MANDATE_TOKEN: 'secret' })).toMatchObject({
    code: 64,
    out: '',
    err: expect.stringMatching(/^[^\n]+\n$/u),
  })
})

test.each([
  ['a command', ['qury', '--dir', '.'], 'Did you mean query?'],
  ['an option', ['query', '--dir', '.', '--decison', 'deny'], 'Did you mean --decision?'],
  ['a kind', ['query', '--dir', '.', '--kind', 'evaluaton'], 'Did you mean evaluation?'],
])('%s that is misspelt gets a suggestion', async (_, argv, suggestion) => {
  expect(await ran(argv)).toMatchObject({ code: 64, out: '', err: expect.stringContaining(suggestion) })
})

const DOMAIN = {
  domain: 'lab',
  version: 'lab@1',
  label: 'Lab',
  everything: 'all samples',
  resources: { lab_sample: { called: { one: 'a sample', many: 'samples' } } },
  titles: {},
  actions: {},
  attributes: {},
  gates: [{ name: 'volume', label: 'volume', reason: 'volume_above_limit', actions: [] }],
  reasons: {},
}

test.each([
  ['--reason', 'no_grnt', 'Did you mean no_grant?'],
  ['--reason', 'volume_above_limt', 'Did you mean volume_above_limit?'],
  ['--under', 'lab_sampel:vial', 'Did you mean lab_sample?'],
])('%s %s finds nothing, and gets a suggestion from the names that exist', async (option, value, suggestion) => {
  const pdp = await aPdp(({ pathname }) => ({
    status: 200,
    body: pathname === '/v1/domains' ? { items: [DOMAIN] } : { entries: [], total: 0 },
  }))
  expect(await ran(['query', '--url', pdp.url, option, value])).toMatchObject({
    code: 64,
    err: expect.stringContaining(suggestion),
  })
})

test('a name that entries have is searched for, known or not', async () => {
  const pdp = await aPdp(() => ({ status: 200, body: { entries: [ENTRY], total: 1 } }))
  expect((await ran(['query', '--url', pdp.url, '--reason', 'no_grnt'])).code).toBe(0)
})

test('a PDP is asked with filters and token, page after page', async () => {
  const page = (cursor: string | null): unknown =>
    cursor === null
      ? { entries: [ENTRY], total: 2, next_cursor: 'more' }
      : { entries: [{ ...ENTRY, index: 3 }], total: 2 }
  const pdp = await aPdp((url) => ({ status: 200, body: page(url.searchParams.get('cursor')) }))
  const { code, out, err } = await ran(
    ['query', '--url', pdp.url, '--actor', 'agent:a', '--decision', 'permit', '--json'],
    { MANDATE_TOKEN: 't0k' },
  )
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(
    out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).index),
  ).toEqual([4, 3])
  expect(pdp.asked).toEqual([
    { url: '/v1/decisions?actor=agent%3Aa&decision=permit&limit=50', authorization: 'Bearer t0k' },
    { url: '/v1/decisions?actor=agent%3Aa&decision=permit&limit=49&cursor=more', authorization: 'Bearer t0k' },
  ])
})

test('the token can come from a file', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'mandate-audit-'))
  closers.push(() => rm(dir, { recursive: true }))
  await writeFile(join(dir, 'token'), 'from-a-file\n', { mode: 0o600 })
  const pdp = await aPdp(() => ({ status: 200, body: ENTRY }))
  const { code, out } = await ran(['show', ENTRY.id, '--url', pdp.url, '--token-file', join(dir, 'token')])
  expect(code).toBe(0)
  expect(out).toContain('PERMIT')
  expect(pdp.asked[0]?.authorization).toBe('Bearer from-a-file')
})

test('a token that others may read, and a verifier key that everybody may change, are refused', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'mandate-audit-'))
  closers.push(() => rm(dir, { recursive: true }))
  const [token, key] = [join(dir, 'token'), join(dir, 'log.vkey')]
  await writeFile(token, 'from-a-file\n')
  await writeFile(key, 'x')
  await chmod(token, 0o644)
  await chmod(key, 0o666)
  const pdp = await aPdp(() => ({ status: 200, body: ENTRY }))
  const shown = await ran(['show', ENTRY.id, '--url', pdp.url, '--token-file', token])
  expect(shown).toMatchObject({ code: 77, err: expect.stringContaining('mode 0644') })
  expect(pdp.asked).toEqual([])
  const verified = await ran(['verify', '--dir', dir, '--key', key])
  expect(verified).toMatchObject({ code: 77, err: expect.stringContaining('mode 0666') })
})

test.each([
  [400, 64],
  [401, 77],
  [403, 77],
  [404, 66],
  [503, 69],
])('a PDP that answers %i ends in %i', async (status, exit) => {
  const pdp = await aPdp(() => ({ status, body: { title: 'No.', detail: 'Because.' } }))
  const { code, err } = await ran(['show', ENTRY.id, '--url', pdp.url])
  expect(code).toBe(exit)
  if (status !== 404) expect(err).toContain('No. Because.')
})

test('a PDP that is not there is 69, one that answers nonsense 65', async () => {
  expect((await ran(['query', '--url', 'http://127.0.0.1:1'])).code).toBe(69)
  const pdp = await aPdp(() => ({ status: 200, body: { rows: [] } }))
  expect((await ran(['query', '--url', pdp.url])).code).toBe(65)
})

test('a directory that is not there is 66', async () => {
  const key = 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k'
  expect((await ran(['verify', '--dir', '/nowhere', '--key', key])).code).toBe(66)
  expect((await ran(['query', '--dir', '/nowhere'])).code).toBe(66)
})

test('an unknown option is named in one line, with the one that was probably meant', async () => {
  const { err } = await ran(['query', '--dirr', '.'])
  expect(err).toBe("Unknown option '--dirr'. Did you mean --dir?\n")
})

test('a --key that is neither a key nor a file is named as both', async () => {
  expect(await ran(['verify', '--dir', '.', '--key', 'nokey'])).toMatchObject({
    code: 66,
    err: '--key: nokey is neither a verifier key nor a file that can be read\n',
  })
})

test('a repeated --dir is wrong usage: no log is left out silently', async () => {
  const { err } = await ran(['query', '--dir', '.', '--dir', '/tmp'])
  expect(err).toBe('--dir may be given once; for several logs run it for each, or use --url\n')
})
