/**
 * PDPs of one PostgreSQL database: log origins, locks of a PDP that died or was suspended, leases of one that is gone.
 *
 * @module
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { type Postgres, startPostgres } from '@mandate/stack'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { LockLost } from '../../pdp/src/ports/locks.ts'
import { openPostgres } from '../../pdp/src/store/postgres.ts'
import { PostgresLeases } from '../../pdp/src/store/postgres-leases.ts'
import { PostgresLocks } from '../../pdp/src/store/postgres-locks.ts'
import { registerRelease, stepsBetween } from '../../pdp/src/store/releases.ts'
import type { Database } from '../../pdp/src/store/sql.ts'
import { joined } from './members.ts'

let postgres: Postgres
let database: Database

beforeAll(async () => {
  postgres = await startPostgres()
  database = await openPostgres(postgres.url)
})
afterAll(async () => {
  await database?.close()
  await postgres?.stop()
})

const ENTRY = fileURLToPath(new URL('member-process.ts', import.meta.url))

interface Other {
  readonly process: ChildProcess
  readonly lines: readonly string[]
}

/** Another process that has joined as `origin` and holds the lock `key`. */
async function anotherProcess(origin: string, key: string): Promise<Other> {
  const lines: string[] = []
  const other = spawn(process.execPath, [ENTRY, postgres.url, origin, key], { stdio: ['pipe', 'pipe', 'inherit'] })
  onTestFinished(() => void other.kill('SIGKILL'))
  other.stdout.setEncoding('utf8').on('data', (text: string) => void lines.push(...text.split('\n').slice(0, -1)))
  await expect.poll(() => lines).toContain('locked')
  return { process: other, lines }
}

/** Ends the connections of an origin's PDPs from outside, as a failing network or an operator would, and waits until they have ended. */
const cutOff = (origin: string): Promise<unknown> =>
  postgres.query(
    postgres.url,
    `SELECT pg_terminate_backend(pid, 60000) FROM pg_locks WHERE locktype = 'advisory'
     AND (classid::bigint << 32) | objid::bigint = hashtextextended('${origin}', ${0x6d_70_01})`,
  )

test('a second PDP with the same log origin does not start, and says who has it and what to do', async () => {
  await joined(postgres.url, { origin: 'pdp.example/one' })
  const refused = joined(postgres.url, { origin: 'pdp.example/one' })
  await expect(refused).rejects.toMatchObject({ name: 'ConfigError' })
  await expect(refused).rejects.toThrow(
    /PDP_LOG_ORIGIN.*pdp\.example\/one \(mandate-pdp .* pid \d+, connected from .* since .*Z\)/u,
  )
  await expect(refused).rejects.toThrow(/an origin and a data folder of its own/u)
  await joined(postgres.url, { origin: 'pdp.example/two' })
})

test.for(['SIGKILL', 'SIGSTOP'] as const)(
  'a PDP gets the origin of a predecessor that was ended by %s, and its locks',
  async (signal) => {
    const other = await anotherProcess(`origin-${signal}`, `key-${signal}`)
    other.process.kill(signal)
    const next = await joined(postgres.url, { origin: `origin-${signal}` })
    expect(await new PostgresLocks(next).run(`key-${signal}`, async () => 'locked')).toBe('locked')
  },
)

test('a suspended PDP stops nobody that needs other locks; what it writes when it goes on is rejected, and it stops', async () => {
  const other = await anotherProcess('suspended', 'its key')
  const locks = new PostgresLocks(await joined(postgres.url, { origin: 'alive' }))
  other.process.kill('SIGSTOP')
  const waiting = locks.run('its key', async () => 'its key')
  expect(await locks.run('another key', async () => 'another key', 'first')).toBe('another key')
  expect(await waiting).toBe('its key')
  await joined(postgres.url, { origin: 'suspended' })
  other.process.kill('SIGCONT')
  other.process.stdin?.write('go on\n')
  await expect.poll(() => other.lines.join()).toMatch(/not written: Fault .*lock.* lost/u)
  await expect.poll(() => other.lines.join()).toMatch(/replaced: PDP_LOG_ORIGIN/u)
})

test('a connection that ended while the process was busy: the lock is taken on the next one', async () => {
  const member = await joined(postgres.url, { origin: 'pdp.example/busy' })
  const locks = new PostgresLocks(member)
  expect(await locks.run('k', async () => 'done')).toBe('done')
  // Synchronous: this process cannot notice that its connection ended before it uses it.
  const script = `import pg from 'pg'
    const client = new pg.Client(process.argv[1])
    await client.connect()
    await client.query('SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND application_name LIKE $1', ['mandate-pdp%'])
    await client.end()`
  execFileSync(process.execPath, ['--input-type=module', '-e', script, postgres.url])
  expect(await locks.run('k', async () => 'done')).toBe('done')
})

test('a task whose connection was ended cannot write, and the next one can', async () => {
  const member = await joined(postgres.url, { origin: 'cut off' })
  const locks = new PostgresLocks(member)
  const write = () => database.transaction((within) => locks.requireHeld(within))
  const lost = locks.run('a', async () => {
    await write()
    await cutOff('cut off')
    await write()
  })
  await expect(lost).rejects.toBeInstanceOf(LockLost)
  await expect
    .poll(() =>
      locks.run('a', write).then(
        () => 'written',
        () => 'not yet',
      ),
    )
    .toBe('written')
})

test('what a task starts in the background is not bound to its lock', async () => {
  const locks = new PostgresLocks(await joined(postgres.url, { origin: 'background' }))
  const go = Promise.withResolvers<void>()
  let background: Promise<void> = Promise.resolve()
  await locks.run('a', async () => {
    background = go.promise.then(() => database.transaction((within) => locks.requireHeld(within)))
  })
  await cutOff('background')
  go.resolve()
  await background
})

test('an urgent task goes before the waiters of other PDPs', async () => {
  const [one, two] = await Promise.all(
    ['u1', 'u2'].map(async (origin) => new PostgresLocks(await joined(postgres.url, { origin }))),
  )
  if (!one || !two) return expect.unreachable()
  const release = Promise.withResolvers<void>()
  const begun = Promise.withResolvers<void>()
  const seen: string[] = []
  const first = one.run('u', async () => {
    begun.resolve()
    await release.promise
  })
  await begun.promise
  const others = Array.from({ length: 10 }, (_, n) => one.run('u', async () => void seen.push(`${n}`)))
  const waiting = () =>
    postgres.query(postgres.url, `SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ShareLock'`)
  const urgent = two.run('u', async () => void seen.push('urgent'), 'first')
  await expect.poll(waiting).toBe('1')
  release.resolve()
  await Promise.all([first, urgent, ...others])
  expect(seen[0]).toBe('urgent')
})

test('a PDP with many waiters does not keep the lock from another one', async () => {
  const [one, two] = await Promise.all(
    ['f1', 'f2'].map(async (origin) => new PostgresLocks(await joined(postgres.url, { origin }))),
  )
  if (!one || !two) return expect.unreachable()
  let isOver = false
  let ran = 0
  const task = async (): Promise<void> => {
    ran += 1
  }
  const busy = Promise.all(
    Array.from({ length: 4 }, async () => {
      while (!isOver) await one.run('f', task)
    }),
  )
  await expect.poll(() => ran).toBeGreaterThan(4)
  expect(await two.run('f', async () => 'had its turn')).toBe('had its turn')
  isOver = true
  await busy
})

test('a lease of a PDP that is gone can be taken at once, that of one that runs cannot', async () => {
  const leases = (origin: string) => new PostgresLeases(database, origin)
  const gone = await joined(postgres.url, { origin: 'gone' })
  await joined(postgres.url, { origin: 'next' })
  await leases('gone').require('grant', 'g')
  expect(await leases('next').orphans()).not.toContainEqual({ kind: 'grant', id: 'g' })
  expect(await leases('next').isHeldByAnother('grant', 'g')).toBe(true)
  expect(await leases('next').take('grant', 'g')).toBe(false)
  await gone.close()
  expect(await leases('next').orphans()).toContainEqual({ kind: 'grant', id: 'g' })
  expect(await leases('next').isHeldByAnother('grant', 'g')).toBe(false)
  expect(await leases('next').take('grant', 'g')).toBe(true)
  expect(await leases('next').orphans()).not.toContainEqual({ kind: 'grant', id: 'g' })
  await expect(leases('gone').release('grant', 'g')).rejects.toThrow('another PDP')
})

test('the end of a lease is by the clock of the database', async () => {
  const leases = (origin: string) => new PostgresLeases(database, origin)
  await joined(postgres.url, { origin: 'slow' })
  await leases('slow').require('agent', 'a')
  expect(await leases('fast').take('agent', 'a')).toBe(false)
  await postgres.query(postgres.url, "UPDATE mandate_pdp.leases SET lease_until = lease_until - 60000 WHERE id = 'a'")
  expect(await leases('fast').orphans()).toContainEqual({ kind: 'agent', id: 'a' })
  expect(await leases('fast').take('agent', 'a')).toBe(true)
})

test('leases that stand for no change are dropped once they are orphans, and only then', async () => {
  const leases = (origin: string) => new PostgresLeases(database, origin)
  const other = await joined(postgres.url, { origin: 'dropped' })
  await leases('dropped').require('facts', 'f')
  const orphan = { kind: 'facts', id: 'f' } as const
  await leases('mine').dropOrphans([orphan])
  expect(await leases('mine').isHeldByAnother('facts', 'f')).toBe(true)
  await other.close()
  expect(await leases('mine').orphans()).toContainEqual(orphan)
  await leases('mine').dropOrphans([orphan])
  expect(await leases('mine').orphans()).not.toContainEqual(orphan)
})

test('a task whose connection was ended takes no lease, by a single statement either', async () => {
  const locks = new PostgresLocks(await joined(postgres.url, { origin: 'no lease' }))
  const leases = new PostgresLeases(database, 'no lease', () => locks.heldOn().map(({ id }) => id))
  await locks.run('a', async () => {
    expect(await leases.take('write', 'w1')).toBe(true)
    await cutOff('no lease')
    expect(await leases.take('write', 'w2')).toBe(false)
  })
  expect(await leases.take('write', 'w2')).toBe(true)
})

test('a release works beside the one before and after it, and refuses others with what to do', async () => {
  const url = await postgres.createDatabase('releases')
  const start = (origin: string, version: string) =>
    joined(url, { origin, onJoin: (session) => registerRelease(session, origin, { version, schema: 1 }) })
  const old = await start('old', '0.4.1')
  await start('next', '0.5.0')
  await expect(start('newest', '0.6.0')).rejects.toThrow(/PDP old on .* runs release 0\.4\.1.*update that PDP first/u)
  await old.close()
  await start('newest', '0.6.0')
  await expect(start('older', '0.4.0')).rejects.toThrow(/PDP newest on .* runs release 0\.6\.0.*start a newer release/u)
})

test.for([
  ['0.2.0', '0.2.9', 0],
  ['0.2.0', '0.3.0', 1],
  ['0.3.0', '0.2.0', -1],
  ['0.2.0', '0.4.0', 2],
  ['0.9.3', '1.0.0', 1],
  ['0.9.3', '1.1.0', 2],
  ['1.0.0', '0.9.3', -1],
  ['1.0.0', '3.0.0', 2],
] as const)('from release %s to %s it is %i', ([from, to, steps]) => {
  expect(stepsBetween(from, to)).toBe(steps)
})
