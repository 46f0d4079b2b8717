/**
 * Exports and tails of the decision log over HTTP (rule L8): complete, one's own, no faster than they are read, and themselves read of.
 */
import { type DecisionPage, EXPORT_FORMATS, type LoggedEntry } from '@mandate/protocol'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { TokenClaims } from '../fixtures/issuer.ts'
import { TRIPS } from '../fixtures/pdp.ts'
import { AUDITOR, useSuite } from '../fixtures/suite.ts'

const suite = useSuite({ sharedWorld: true })
const STREAMS = 4

const get = (path: string, as: TokenClaims = AUDITOR) => suite.tpdp.call('GET', path, { as })
const reads = async (as: string): Promise<readonly LoggedEntry[]> =>
  ((await get('/v1/decisions?kind=log_read&limit=1000')).body as DecisionPage).entries.filter(
    ({ change }) => change?.['as'] === as,
  )
const lines = (text: string): LoggedEntry[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as LoggedEntry)

/** So many decisions about A's trip, in one call. */
async function decide(count: number): Promise<void> {
  const item = suite.world.question({ subject: 'A', action: 'read' })
  const body = { evaluations: Array.from({ length: count }, () => item) }
  const { status, text } = await suite.tpdp.call('POST', '/access/v1/evaluations', { as: TRIPS, body })
  if (status !== 200) throw new Error(text)
}

describe('an export', () => {
  test('holds every entry that the query finds, newest first, however many pages that is', {
    timeout: 120_000,
  }, async () => {
    await decide(700)
    await decide(700)
    const to = new Date(suite.tpdp.now() + 1).toISOString()
    const filter = `kind=evaluation&to=${to}`
    const { body: page } = await get(`/v1/decisions?${filter}&limit=1000`)
    const { status, headers, text } = await get(`/v1/decisions/export?${filter}`)
    expect([status, headers.get('content-type')]).toEqual([200, 'application/jsonl; charset=utf-8'])
    expect(headers.get('content-disposition')).toBe('attachment; filename="decisions.jsonl"')
    const entries = lines(text)
    expect(entries).toHaveLength(page.total)
    expect(headers.get('x-total-count')).toBe(String(page.total))
    expect(page.total).toBeGreaterThanOrEqual(1_400)
    expect(entries.slice(0, 1_000)).toEqual(page.entries)
    expect(new Set(entries.map(({ id }) => id)).size).toBe(page.total)
  })

  test.for(['csv', 'ocsf'] as const)('as %s has a line an entry', async (format) => {
    const { body } = await get('/v1/decisions?kind=resource_registered&limit=1000')
    const { headers, text } = await get(`/v1/decisions/export?kind=resource_registered&format=${format}`)
    const { head, line, mediaType } = EXPORT_FORMATS[format]
    expect(text).toBe(head + (body as DecisionPage).entries.map(line).join(''))
    expect(headers.get('content-type')).toBe(`${mediaType}; charset=utf-8`)
  })

  test('leaves one entry, with its format and how many it found', async () => {
    const before = await reads('ocsf')
    const { headers } = await get('/v1/decisions/export?kind=evaluation&format=ocsf')
    const after = await reads('ocsf')
    expect(after).toHaveLength(before.length + 1)
    expect(after[0]?.change).toEqual({ as: 'ocsf', found: Number(headers.get('x-total-count')) })
  })

  test('gives people what they are a party to, and services nothing', async () => {
    const { world } = suite
    await world.ask({ subject: 'A', action: 'read' })
    const { body } = await get('/v1/decisions?limit=1', world.as('A'))
    expect(lines((await get('/v1/decisions/export', world.as('A'))).text)).toHaveLength(body.total)
    expect(lines((await get('/v1/decisions/export?action=read&kind=evaluation', world.as('B'))).text)).toEqual([])
    expect((await get('/v1/decisions/export', TRIPS)).status).toBe(403)
  })

  test.for(['format=xml', 'limit=3', 'decision=perhaps'])('that asks for %s is refused', async (query) => {
    expect((await get(`/v1/decisions/export?${query}`)).status).toBe(400)
  })

  test('that nobody reads to its end is given up, and counts no longer', async () => {
    for (let left = 0; left < STREAMS * 2; left += 1) {
      const stream = await open('/v1/decisions/export', AUDITOR)
      stream.leave()
    }
    await expect.poll(async () => (await get('/v1/decisions/export?limit=')).status).toBe(400)
    expect((await get('/v1/decisions/export?kind=fault')).status).toBe(200)
  })
})

interface Opened {
  readonly status: number
  /** Events until there are so many, or until it ends. */
  events(count: number): Promise<readonly { readonly id: string; readonly entry: LoggedEntry }[]>
  /** What came until it has this text. */
  until(wanted: string): Promise<string>
  /** What came until it ended. */
  rest(): Promise<string>
  leave(): void
}

async function open(path: string, as: TokenClaims, lastEventId?: string): Promise<Opened> {
  const { pdp, issuer } = suite.tpdp
  const leaving = new AbortController()
  onTestFinished(() => leaving.abort())
  const response = await fetch(`${pdp.url}${path}`, {
    headers: {
      authorization: `Bearer ${await issuer.token(as)}`,
      ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
    },
    signal: leaving.signal,
  })
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  const read = async (): Promise<boolean> => {
    const { done = true, value = '' } = (await reader?.read()) ?? {}
    text += value
    return !done
  }
  const found = () =>
    text
      .split('\n\n')
      .slice(0, -1)
      .map((event) => Object.fromEntries(event.split('\n').map((line) => line.split(/: (.*)/u))))
      .filter(({ data }) => data !== undefined)
      .map(({ id, data }) => ({ id: String(id), entry: JSON.parse(data ?? '') as LoggedEntry }))
  return {
    status: response.status,
    events: async (count) => {
      while (found().length < count && (await read()));
      return found()
    },
    until: async (wanted) => {
      while (!text.includes(wanted) && (await read()));
      return text
    },
    rest: async () => {
      while (await read());
      return text
    },
    leave: () => leaving.abort(),
  }
}

const idsOf = (events: readonly { readonly entry: LoggedEntry }[]): string[] => events.map(({ entry }) => entry.id)

describe('a tail', () => {
  test('tells what is logged from now on, as the query has it, oldest first', async () => {
    const tail = await open('/v1/decisions/stream?kind=evaluation', AUDITOR)
    await decide(3)
    await suite.world.ask({ subject: 'A', action: 'read' })
    const events = await tail.events(4)
    const { body } = await get('/v1/decisions?kind=evaluation&limit=4')
    expect(events.map(({ entry }) => entry)).toEqual(body.entries.toReversed())
  })

  test('goes on where its reader left off: nothing twice, nothing missing', async () => {
    const first = await open('/v1/decisions/stream?kind=evaluation', AUDITOR)
    await decide(5)
    const seen = (await first.events(5)).slice(0, 2)
    first.leave()
    await decide(450)
    const second = await open('/v1/decisions/stream?kind=evaluation', AUDITOR, seen.at(-1)?.id)
    const rest = await second.events(453)
    const { body } = await get('/v1/decisions?kind=evaluation&limit=455')
    expect([...idsOf(seen), ...idsOf(rest)]).toEqual(
      idsOf(body.entries.map((entry: LoggedEntry) => ({ entry }))).reverse(),
    )
  })

  test('shows people what they are a party to', async () => {
    const { world } = suite
    const tail = await open('/v1/decisions/stream?kind=evaluation', world.as('B'))
    await world.ask({ subject: 'A', action: 'read' })
    await world.ask({ subject: 'B', action: 'read' })
    const [event] = await tail.events(1)
    const { body } = await get('/v1/decisions?kind=evaluation&limit=1', world.as('B'))
    expect(event?.entry).toEqual(body.entries[0])
  })

  test('tells the parties of a grant that it permits less, though no entry of the agent or of another’s persona is theirs', async () => {
    const { world } = suite
    const { body: given } = await world.grant({ from: 'A', to: 'X', actions: ['execute'] })
    await world.grant({ from: 'A', to: 'B', actions: ['read'] })
    const [tail, stranger] = [
      await open('/v1/decisions/stream', world.as('A')),
      await open('/v1/decisions/stream', world.as('S')),
    ]
    const withheld = async () => (await get(`/v1/grants/${given.id}`, world.as('A'))).body.withheld
    const set = (status: string) =>
      world.call('PATCH', `/v1/agents/${world.id('X')}`, world.staff('operator'), { status })
    await set('suspended')
    await tail.until('event: grants')
    expect(await withheld()).toEqual([{ code: 'agent_suspended', actions: given.actions }])
    await set('active')
    expect(await withheld()).toBeUndefined()
    tail.leave()
    const again = await open('/v1/decisions/stream', world.as('A'))
    await world.personaStatus('B', 'travel-agent/acme', 'suspended')
    await again.until('event: grants')
    await world.personaStatus('B', 'travel-agent/acme', 'active')
    await world.ask({ subject: 'S', action: 'read' })
    expect(await stranger.until('data: ')).not.toContain('event: grants')
  })

  test('leaves one entry when it is opened, not one a look', async () => {
    const before = await reads('stream')
    const tail = await open('/v1/decisions/stream?kind=evaluation', AUDITOR)
    for (let round = 1; round <= 3; round += 1) {
      await decide(1)
      await tail.events(round)
    }
    expect(await reads('stream')).toHaveLength(before.length + 1)
  })

  test('has so many beside it for one caller, and room again when one is left', async () => {
    const as = suite.world.as('D')
    const tails = []
    for (let number = 0; number < STREAMS; number += 1) tails.push(await open('/v1/decisions/stream', as))
    expect(tails.map(({ status }) => status)).toEqual(tails.map(() => 200))
    expect(await get('/v1/decisions/stream', as)).toMatchObject({ status: 429, body: { code: 'too_many_requests' } })
    expect((await open('/v1/decisions/stream', suite.world.as('B'))).status).toBe(200)
    tails[0]?.leave()
    await expect.poll(async () => (await open('/v1/decisions/stream', as)).status).toBe(200)
  })

  test('counts with what a person exports of their own', async () => {
    const as = suite.world.as('M')
    const tails = []
    for (let number = 0; number < STREAMS; number += 1) tails.push(await open('/v1/decisions/stream', as))
    expect(await get('/v1/subjects/me/export', as)).toMatchObject({ status: 429, body: { code: 'too_many_requests' } })
    tails[0]?.leave()
    await expect.poll(async () => (await get('/v1/subjects/me/export', as)).status).toBe(200)
  })

  test.for([
    ['that is no id', 'nonsense'],
    ['of another index, ahead of this one', Buffer.from('[[0,999999999]]').toString('base64url')],
  ] as const)('is refused with a Last-Event-ID %s', async ([, id]) => {
    const answer = await suite.tpdp.call('GET', '/v1/decisions/stream', {
      as: AUDITOR,
      headers: { 'last-event-id': id },
    })
    expect(answer).toMatchObject({ status: 400, body: { detail: expect.stringContaining('Last-Event-ID') } })
  })

  test('ends with the token that opened it', async () => {
    const tail = await open('/v1/decisions/stream', { ...AUDITOR, lifetime: 3 })
    expect(await tail.rest()).toContain('retry: ')
  })

  test('does not keep the PDP from stopping', async () => {
    const tail = await open('/v1/decisions/stream', AUDITOR)
    await suite.tpdp.restart()
    await tail.rest()
  })
})
