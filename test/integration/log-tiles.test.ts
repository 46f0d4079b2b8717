/**
 * The log over HTTP is a C2SP tlog-tiles log: clients that we did not write follow it, caches may keep what never changes, and nothing but
 * published tiles has an address.
 */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { parseCheckpoint, parseNote, tilePath } from '@mandate/protocol'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { TRIPS } from '../fixtures/pdp.ts'
import { AUDITOR, useSuite } from '../fixtures/suite.ts'

const suite = useSuite({ sharedWorld: true })
const FOLLOWER = join(import.meta.dirname, '../fixtures/tlog-follow')
/** More than one full tile, and a partial one. */
const ENTRIES = 300
const BATCH = 20

const checkpoint = async () => {
  const { text } = await suite.tpdp.call('GET', '/log/checkpoint', { as: AUDITOR })
  return parseCheckpoint(parseNote(text).text)
}

beforeAll(async () => {
  const question = suite.world.question({ subject: 'A', action: 'read' })
  const body = { evaluations: Array.from({ length: BATCH }, () => question) }
  for (let asked = 0; asked < ENTRIES; asked += BATCH)
    await suite.tpdp.call('POST', '/access/v1/evaluations', { as: TRIPS, body })
  await vi.waitFor(async () => expect((await checkpoint()).size).toBeGreaterThan(ENTRIES), 60_000)
})

test('Tessera’s client and sumdb/tlog follow it: every entry is proven, and the root comes out', {
  timeout: 180_000,
}, async () => {
  const token = await suite.tpdp.issuer.token(AUDITOR)
  const vkey = readFileSync(join(suite.tpdp.dataDir, 'log.vkey'), 'utf8').trim()
  const { stdout } = await promisify(execFile)('go', ['run', '.', `${suite.tpdp.pdp.url}/log/`, token, vkey], {
    cwd: FOLLOWER,
  })
  const [verdict, size] = stdout.trim().split(' ')
  expect(verdict).toBe('ok')
  expect(Number(size)).toBeGreaterThan(ENTRIES)
})

describe('a tile', () => {
  const get = (path: string) => suite.tpdp.call('GET', path, { as: AUDITOR })

  test('is bytes that a cache of one’s own may keep for ever; a checkpoint is not', async () => {
    const { size } = await checkpoint()
    for (const path of ['tile/0/000', tilePath({ level: 0, index: 1, width: size - 256 }), 'tile/entries/000']) {
      const { status, headers } = await get(`/log/${path}`)
      expect([status, headers.get('content-type')]).toEqual([200, 'application/octet-stream'])
      expect(headers.get('cache-control')).toBe('private, max-age=31536000, immutable')
    }
    const { headers } = await get('/log/checkpoint')
    expect(headers.get('content-type')).toBe('text/plain; charset=utf-8')
    expect(headers.get('cache-control')).toBe('private, max-age=1')
    expect((await get('/log/tile/0/000')).headers.get('content-length')).toBe('8192')
  })

  test.for([
    ['that the tree does not reach', '/log/tile/0/999'],
    ['of more path elements that the tree does not reach', '/log/tile/0/x001/x000/000'],
    ['of a level without any', '/log/tile/5/000.p/1'],
    ['wider than the tree', '/log/tile/1/000.p/200'],
    ['of no width', '/log/tile/0/000.p/0'],
    ['of a full width that is written out', '/log/tile/0/000.p/256'],
    ['whose level has a zero in front', '/log/tile/00/000'],
    ['whose index is not written in threes', '/log/tile/0/0'],
    ['above the log', '/log/tile/%2e%2e/%2e%2e/log.key'],
    ['above the log, in one element', '/log/tile/0/..%2f..%2f..%2flog.key'],
    ['that is the journal', '/log/journal/0000000001'],
  ] as const)('%s is not there', async ([, path]) => {
    expect(await get(path)).toMatchObject({ status: 404, body: { code: 'not_found' } })
  })

  test('that became full is gone as a partial one', async () => {
    expect((await get('/log/tile/0/000.p/7')).status).toBe(404)
  })
})

test('bundles are read by auditors, and an hour of reading leaves one entry', async () => {
  expect((await suite.tpdp.call('GET', '/log/tile/entries/000', { as: TRIPS })).body.code).toBe('forbidden')
  for (let read = 0; read < 3; read += 1) await suite.tpdp.call('GET', '/log/tile/entries/000', { as: AUDITOR })
  const reads = async (): Promise<number> => {
    const { body } = await suite.tpdp.call('GET', '/v1/decisions?kind=log_read&limit=1000', { as: AUDITOR })
    return body.entries.filter(({ change }: { change?: { as?: string } }) => change?.as === 'bundles').length
  }
  expect(await reads()).toBe(1)
  suite.tpdp.advance(3_600_000)
  await suite.tpdp.call('GET', '/log/tile/entries/000', { as: AUDITOR })
  expect(await reads()).toBe(2)
})
