/**
 * Parts of `npm run chaos`: what it counts as a violation, clocks set wrong, processes kept running, and faults that end.
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { AnswerBook, missingOf } from '../chaos/answers.ts'
import { causeChaos, type Fault } from '../chaos/faults.ts'
import { createClock, skewedTime } from '../chaos/skew.ts'
import { type Restartable, Supervisor } from '../chaos/supervisor.ts'
import { verdictOf } from '../chaos/verdict.ts'
import { startLine } from '../new-enemy/line.ts'
import { randomOf } from '../new-enemy/random.ts'

const answer = (status: number, body: unknown, id?: string) => ({
  status,
  body,
  text: '',
  headers: new Headers(id === undefined ? {} : { 'x-evaluation-id': id }),
})

describe('what was answered and is not in the logs', () => {
  function book(): AnswerBook {
    const answers = new AnswerBook()
    answers.note('POST', '/access/v1/evaluation', answer(200, { decision: true }, 'permit'))
    answers.note('POST', '/access/v1/evaluation', answer(200, { decision: false }, 'denial'))
    answers.note('POST', '/v1/grants', answer(201, { id: 'grant' }))
    answers.note('POST', '/v1/grants/revoked/revoke', answer(200, {}))
    answers.noteService(answer(403, {}, 'denial of a service'))
    return answers
  }

  test('is nothing when the logs have all of it', () => {
    expect(missingOf(book(), book())).toEqual([])
  })

  test.for([
    ['a permit', 'decision', 'permit', (logged: AnswerBook) => logged.decisions.delete('permit')],
    [
      'a denial of a service',
      'decision',
      'denial of a service',
      (logged: AnswerBook) => logged.decisions.delete('denial of a service'),
    ],
    [
      'a denial that is logged as a permit',
      'other decision',
      'denial',
      (logged: AnswerBook) => logged.decisions.set('denial', true),
    ],
    ['a grant', 'grant', 'grant', (logged: AnswerBook) => logged.grants.delete('grant')],
    ['a revocation', 'revocation', 'revoked', (logged: AnswerBook) => logged.revoked.delete('revoked')],
  ] as const)('is %s', ([, what, id, spoil]) => {
    const logged = book()
    spoil(logged)
    expect(missingOf(book(), logged)).toEqual([{ what, id }])
  })

  test('counts no answer without a decision', () => {
    const answers = new AnswerBook()
    answers.note('POST', '/access/v1/evaluation', answer(503, { code: 'log_unavailable' }, 'fault'))
    answers.note('POST', '/v1/grants', answer(409, { id: 'refused' }))
    answers.noteService(answer(503, {}, 'fault'))
    expect(missingOf(answers, new AnswerBook())).toEqual([])
  })
})

describe('the verdict', () => {
  const counts = { permits: 5, denials: 5, unanswered: 0, changes: 2, refused: 0, unknown: 0 }
  const log = { missing: [], findings: [], entries: 20 }
  const recoveries = [{ part: 'pdp-0 decides', ms: 900, after: ['process killed'] }]
  const right = { violations: [], log, recoveries, decisions: 10, grantChanges: 2, counts }
  const violation = (kind: 'permit after revocation' | 'denial after grant' | 'torn') => ({
    violations: [{ kind, at: 1, text: '' }],
  })
  const wrongOf = (more: Partial<Parameters<typeof verdictOf>[0]>): readonly string[] =>
    verdictOf({ ...right, ...more }, 5_000).flatMap(({ what, isRight }) => (isRight ? [] : [what]))

  test('is right when nothing is wrong', () => {
    expect(wrongOf({})).toEqual([])
  })

  test.for([
    ['wrong permits', violation('permit after revocation')],
    ['wrong denials', violation('denial after grant')],
    ['torn decisions', violation('torn')],
    ['answered decisions missing in the logs', { log: { ...log, missing: [{ what: 'decision', id: 'x' }] } }],
    ['answered decisions missing in the logs', { log: { ...log, missing: [{ what: 'other decision', id: 'x' }] } }],
    ['answered grants and revocations missing', { log: { ...log, missing: [{ what: 'revocation', id: 'x' }] } }],
    ['problems that verify finds in the logs', { log: { ...log, findings: ['PDP 0: entry 3 was edited'] } }],
    ['recovery within 5 s', { recoveries: [{ part: 'pdp-0 decides', ms: 5_001, after: [] }] }],
    ['recovery within 5 s', { recoveries: [] }],
  ] as const)('names %s', ([what, more]) => {
    expect(wrongOf(more)).toEqual([what])
  })
})

describe('a clock that is set wrong', () => {
  test.for([
    ['ahead', { byMs: 500, rate: 1, since: 1_000 }, 3_500],
    ['behind', { byMs: -500, rate: 1, since: 1_000 }, 2_500],
    ['at half the speed', { byMs: 0, rate: 0.5, since: 1_000 }, 2_000],
    ['right', { byMs: 0, rate: 1, since: 0 }, 3_000],
  ] as const)('is %s', ([, skew, read]) => {
    expect(skewedTime(3_000, skew)).toBe(read)
  })

  test('is the wall clock of the process, and not its monotonic one', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mandate-skew-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const clock = createClock(join(folder, 'clock'))
    clock.set({ byMs: 86_400_000, rate: 1 })
    const script =
      'console.log(JSON.stringify([Date.now(), new Date().getTime(), new Date(0).getTime(), performance.now(), new Date() instanceof Date]))'
    const { stdout } = await promisify(execFile)(process.execPath, ['--eval', script], { env: clock.env })
    const [now, made, zero, elapsed, isDate] = JSON.parse(stdout)
    for (const read of [now, made]) {
      expect(read).toBeGreaterThan(Date.now() + 86_000_000)
      expect(read).toBeLessThanOrEqual(Date.now() + 86_400_000)
    }
    expect([zero, isDate]).toEqual([0, true])
    expect(elapsed).toBeLessThan(3_600_000)
  })
})

test('a slow line delivers everything, in order, also what was sent just before the end', async () => {
  const server = createServer((socket) => {
    for (const part of ['one ', 'two ', 'three']) socket.write(part)
    socket.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  onTestFinished(() => void server.close())
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new TypeError('no address')
  const line = await startLine({ host: '127.0.0.1', port: address.port })
  onTestFinished(() => line.stop())
  line.slow(20)
  expect(await text(connect({ host: '127.0.0.1', port: line.port }))).toBe('one two three')
})

describe('a supervised process', () => {
  function aProcess() {
    let end: (how: string) => void = () => undefined
    let ended = new Promise<string>((resolve) => {
      end = resolve
    })
    const restart = vi.fn(async () => {
      ended = new Promise((resolve) => {
        end = resolve
      })
    })
    const part: Restartable = { ended: () => ended, kill: async () => end('SIGKILL'), restart }
    return { part, restart, end: (how: string) => end(how) }
  }

  test('is started again whenever it ends, and that is told', async () => {
    const { part, restart, end } = aProcess()
    const ends: string[] = []
    new Supervisor(part, (how) => ends.push(how))
    end('exit 70')
    await expect.poll(() => restart.mock.calls.length).toBe(1)
    end('exit 1')
    await expect.poll(() => restart.mock.calls.length).toBe(2)
    expect(ends).toEqual(['exit 70', 'exit 1'])
  })

  test('stays down while a fault holds it, and is started in its end', async () => {
    const { part, restart } = aProcess()
    const ends: string[] = []
    const supervisor = new Supervisor(part, (how) => ends.push(how))
    await supervisor.hold()
    expect(restart).not.toHaveBeenCalled()
    await supervisor.release()
    expect([restart.mock.calls.length, ends]).toEqual([1, []])
  })

  test('is started again when a start failed', async () => {
    const { part, restart } = aProcess()
    restart.mockRejectedValueOnce(new Error('PostgreSQL is down'))
    const supervisor = new Supervisor(part, () => undefined)
    await supervisor.hold()
    await supervisor.release()
    expect(restart).toHaveBeenCalledTimes(2)
  })
})

test('every fault that began has ended, and two at a time have different targets', async () => {
  const active = new Set<string>()
  const together: (readonly string[])[] = []
  const fault = (kind: string, target: string): Fault => ({
    kind,
    target,
    begin: () => {
      active.add(`${kind} ${target}`)
      together.push([...active].map((one) => one.split(' ').at(-1) ?? ''))
    },
    end: () => active.delete(`${kind} ${target}`),
  })
  const faults = ['a', 'b', 'c'].flatMap((target) => [fault('stopped', target), fault('killed', target)])
  const end = new AbortController()
  const recovered: string[] = []
  const causing = {
    faults,
    recovered: async (kinds: readonly string[]) => {
      recovered.push(...kinds)
      if (recovered.length > 4) end.abort()
    },
    note: () => undefined,
  }
  const log = { counts: new Map<string, number>(), now: '' }
  await causeChaos({ ...causing, pause: async () => undefined }, randomOf(3), log, end.signal)
  expect(active.size).toBe(0)
  for (const targets of together) expect(new Set(targets).size).toBe(targets.length)
})
