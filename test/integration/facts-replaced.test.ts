/**
 * Facts that are replaced: OpenFGA needs two Writes where the condition of a tuple changes, and what a model takes away with `but not` is given
 * to everybody in between. No question sees the middle, and what is cut short is undone (ADR 0068).
 *
 * @module
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { FgaStore } from '@mandate/pdp'
import type { OpenFga } from '@mandate/stack'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type BadLine, type Behaviour, startBadLine } from '../fixtures/bad-line.ts'
import { startDurableOpenFga } from '../fixtures/durable.ts'
import { packFolder } from '../fixtures/packs.ts'
import { type Answer, startTestPdp, type TestPdp } from '../fixtures/pdp.ts'

const DESK = { sub: 'service-account-desk', azp: 'desk', svc: 'desk' }
const AUDITOR = { sub: 'staff-auditor', azp: 'auditor', roles: ['auditor'] }

let openFga: OpenFga
let line: BadLine
let tpdp: TestPdp
let packs: string
beforeAll(async () => {
  packs = join(mkdtempSync(join(tmpdir(), 'mandate-packs-')), 'sheets')
  cpSync(packFolder('sheets'), packs, { recursive: true })
  openFga = await startDurableOpenFga()
  line = await startBadLine(openFga.url)
  tpdp = await startTestPdp({
    openFga: { url: line.url, apiToken: openFga.apiToken },
    env: {
      PDP_PACKS: packs,
      PDP_SERVICES: 'desk=sheet',
      PDP_SERVICE_PER_SECOND: '100000',
      PDP_ADDRESS_PER_SECOND: '100000',
    },
  })
})
afterAll(async () => {
  line?.behave(() => 'pass')
  await tpdp?.stop()
  await line?.stop()
  await openFga?.stop()
  if (packs) rmSync(dirname(packs), { recursive: true, force: true })
})

const user = (id: string) => ({ type: 'user', id })
const SHEET = { type: 'sheet', id: 's1' }
const until = (end: string) => ({ condition: { name: 'until', context: { end } } })
const block = (end: string) => ({ subject: user('ida'), relation: 'shut_out', resource: SHEET, ...until(end) })
const lease = (end: string) => ({ subject: user('ben'), relation: 'reader', resource: SHEET, ...until(end) })
const change = (body: object): Promise<Answer> =>
  tpdp.call('POST', '/v1/facts', { as: DESK, body: { domain: 'sheets', ...body } })
const ask = async (id: string, name: string): Promise<boolean | number> => {
  const { status, body } = await tpdp.call('POST', '/access/v1/evaluation', {
    as: DESK,
    body: { subject: user(id), action: { name }, resource: SHEET },
  })
  return status === 200 ? body.decision : status
}
const idaSees = () => ask('ida', 'see')
const kinds = async (): Promise<readonly string[]> => {
  const { body } = await tpdp.call('GET', '/v1/decisions?limit=2', { as: AUDITOR })
  return body.entries.map(({ kind }: { readonly kind: string }) => kind)
}
/** What happens to a Write that stores facts about the sheet; deletes, withdrawals and the claim of the store pass. */
const storing =
  (behaviour: Behaviour) =>
  (path: string, body: string): Behaviour => {
    if (!path.endsWith('/write')) return 'pass'
    const tuples: readonly { readonly object: string }[] = JSON.parse(body).writes?.tuple_keys ?? []
    return tuples.some(({ object }) => object.startsWith('sheet:')) ? behaviour : 'pass'
  }

beforeEach(async () => {
  const everyone = { subject: user('*'), relation: 'everyone', resource: SHEET }
  const written = await change({ write: [everyone, block('2099-01-01T00:00:00Z'), lease('2099-01-01T00:00:00Z')] })
  expect(written.status, written.text).toBe(200)
  expect(await idaSees()).toBe(false)
})
afterEach(() => line.behave(() => 'pass'))

describe('no question sees the middle of a replacement', () => {
  test('60 replacements of a block and a lease: the block always holds, and so does the lease', async () => {
    const seen = new Set<string>()
    let replacing = true
    const poll = async (): Promise<void> => {
      while (replacing) {
        seen.add(`ida sees: ${await idaSees()}`)
        seen.add(`ben reads: ${await ask('ben', 'read')}`)
      }
    }
    const polls = [poll(), poll(), poll()]
    for (let second = 0; second < 60; second += 1) {
      const at = `00:00:${String(second).padStart(2, '0')}Z`
      const { status } = await change({ write: [block(`2099-02-01T${at}`), lease(`2099-03-01T${at}`)] })
      expect(status).toBe(200)
    }
    replacing = false
    await Promise.all(polls)
    expect([...seen].sort()).toEqual(['ben reads: true', 'ida sees: false'])
  })
})

describe('a replacement that fails half way is undone', () => {
  test.for<readonly [string, Behaviour]>([
    ['OpenFGA answers 503', 503],
    ['the line is cut', 'refuse'],
    ['there is never an answer', 'stall'],
  ])('%s to the second Write: the old fact is back, and the log says so', async ([, behaviour]) => {
    let failed = 0
    line.behave((path, body) => (storing(behaviour)(path, body) === behaviour && failed++ === 0 ? behaviour : 'pass'))
    expect((await change({ write: [block('2099-05-01T00:00:00Z')] })).status).toBe(503)
    expect(failed).toBeGreaterThan(0)
    expect(await idaSees()).toBe(false)
    expect(await kinds()).toContain('fault')
    await tpdp.restart()
    expect(await idaSees()).toBe(false)
  })

  test('while it cannot be undone nothing is answered, before and after a restart', async () => {
    line.behave(storing(503))
    expect((await change({ write: [block('2099-05-01T00:00:00Z')] })).status).toBe(503)
    expect(await idaSees()).toBe(503)
    await tpdp.restart()
    expect(await idaSees()).toBe(503)
    line.behave(() => 'pass')
    await expect.poll(idaSees).toBe(false)
    expect((await change({ write: [block('2099-05-01T00:00:00Z')] })).status).toBe(200)
    expect(await idaSees()).toBe(false)
  })

  test('a second Write that landed without an answer is the change that was asked for', async () => {
    line.behave(storing('lose'))
    expect((await change({ write: [block('2099-06-01T00:00:00Z')] })).status).toBe(200)
    expect(await idaSees()).toBe(false)
  })

  test('what one request removes and what it stores happen together, or not at all', async () => {
    const zoe = { subject: user('zoe'), relation: 'reader', resource: SHEET }
    line.behave(storing(503))
    const { status } = await change({ remove: [lease('2099-01-01T00:00:00Z')], write: [zoe] })
    expect(status).toBe(503)
    line.behave(() => 'pass')
    expect([await ask('ben', 'read'), await ask('zoe', 'read')]).toEqual([true, false])
    expect((await change({ remove: [lease('2099-01-01T00:00:00Z')], write: [zoe] })).status).toBe(200)
    expect([await ask('ben', 'read'), await ask('zoe', 'read')]).toEqual([false, true])
    await change({ remove: [zoe] })
  })
})

describe('what comes in the middle of a replacement', () => {
  /** Nothing is settled by itself before the line passes everything. */
  const cutShort = async (fact: object): Promise<void> => {
    line.behave((path, body) => (path === '/healthz' ? 'refuse' : storing(503)(path, body)))
    expect((await change({ write: [fact] })).status).toBe(503)
    line.behave((path) => (path === '/healthz' ? 'refuse' : 'pass'))
  }

  test('policies in which the old fact has no place: questions are answered again', async () => {
    await cutShort(block('2099-05-01T00:00:00Z'))
    const file = join(packs, 'model.fga')
    const model = readFileSync(file, 'utf8')
    writeFileSync(file, model.replace('shut_out: [user, user with until]', 'shut_out: [user]'))
    await tpdp.pdp.operator.loadPolicies()
    line.behave(() => 'pass')
    await expect.poll(() => ask('ben', 'see')).toBe(true)
    writeFileSync(file, model)
    await tpdp.pdp.operator.loadPolicies()
    expect(await idaSees()).toBe(false)
  })

  test('the erasure of whom it is about: nothing of theirs is written back', async () => {
    const zoe = { sub: 'zoe', azp: 'desktop' }
    const { pseudonym } = (await tpdp.call('GET', '/v1/subjects/me/export', { as: zoe })).body
    expect((await change({ write: [{ ...block('2099-01-01T00:00:00Z'), subject: user('zoe') }] })).status).toBe(200)
    await cutShort({ ...block('2099-05-01T00:00:00Z'), subject: user('zoe') })
    expect((await tpdp.call('DELETE', '/v1/subjects/me', { as: zoe })).status).toBe(200)
    line.behave(() => 'pass')
    await expect.poll(() => ask('ben', 'see')).toBe(true)
    const store = await FgaStore.open({ ...openFga, name: tpdp.config.OPENFGA_STORE })
    expect((await store.read('sheet:s1')).map((tuple) => tuple.user)).not.toContain(pseudonym)
  })
})

describe('what OpenFGA would refuse is refused before anything is done', () => {
  test.for([
    '2099-06-01',
    '2099-06-01T00:00Z',
    'Jun 1 2099',
    '2099-06-01 00:00:00Z',
    '2099-06-01T00:00:00',
    '2099-06-01t00:00:00z',
    '2099-02-30T00:00:00Z',
    '2099-06-30T23:59:60Z',
    '2099-06-01T24:00:00Z',
    '9999-12-31T23:59:59-23:59',
    '0000-01-01T00:00:00Z',
    '2099-06-01T00:00:00.1234567891Z',
  ])('the date %s', async (end) => {
    const { status, body } = await change({ write: [block(end)] })
    expect(status).toBe(400)
    expect(body.detail).toMatch(/^write\.0\.condition\.context\.end: must be an RFC 3339 timestamp/)
    expect(await idaSees()).toBe(false)
  })

  test.for([
    '2099-06-01T00:00:00+02:00',
    '2099-06-01T00:00:00.123456789Z',
    '9999-12-31T23:59:59.999Z',
    '2096-02-29T00:00:00Z',
  ])('the date %s is taken', async (end) => {
    const { status, text } = await change({ write: [block(end)] })
    expect(status, text).toBe(200)
    expect(await idaSees()).toBe(false)
  })

  test('the time is never a parameter of a fact', async () => {
    const pinned = { ...block('2099-01-01T00:00:00Z') }
    const context = { ...pinned.condition.context, current_time: '2001-01-01T00:00:00Z' }
    const { status, body } = await change({ write: [{ ...pinned, condition: { name: 'until', context } }] })
    expect([status, body.detail]).toEqual([400, expect.stringMatching(/current_time: the time is the PDP's to say/)])
  })

  test('attributes: the largest that are taken are taken by OpenFGA, one byte more is 400', async () => {
    const note = (bytes: number) => change({ write: [{ resource: SHEET, attributes: { note: 'x'.repeat(bytes) } }] })
    let [fits, tooLarge] = [1_000, 40_000]
    while (tooLarge - fits > 1) {
      const middle = Math.floor((fits + tooLarge) / 2)
      const { status } = await note(middle)
      expect([200, 400]).toContain(status)
      if (status === 200) fits = middle
      else tooLarge = middle
    }
    expect(fits).toBeGreaterThan(32_000)
    expect((await note(tooLarge)).body.detail).toMatch(/^write\.0\.attributes: more than 32 KiB/)
  })

  test.for(['persona', 'grant', 'seat', 'agent', 'attributes', 'conditions', 'change'])(
    'facts about the core type %s',
    async (type) => {
      const relation = { subject: user('ida'), relation: 'reader', resource: { type, id: 'x' } }
      const subject = { subject: { type, id: 'x' }, relation: 'reader', resource: SHEET }
      const attributes = { resource: { type, id: 'x' }, attributes: { note: 'x' } }
      for (const fact of type === 'agent' ? [relation, subject] : [relation, subject, attributes])
        expect((await change({ write: [fact] })).status).toBe(400)
    },
  )
})
