/**
 * SpiceDB on PostgreSQL: the same chain of three, caveats where OpenFGA has conditions.
 *
 * @module
 */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort, runCommand } from '@mandate/stack'
import { Pool } from 'undici'
import { startProcess } from '../../../stack/src/process.ts'
import { send } from '../client.ts'
import type { Place } from './place.ts'
import type { Timed } from './timing.ts'

const KEY = 'bench'
const DAY_MS = 86_400_000
const UNITS = 100
/** Longer than an answer by default is behind. */
const STALE_MS = 20_000
const POLL_MS = 250
/** Relationships a write, at most, by SpiceDB's default. */
const A_WRITE = 500

const SCHEMA = `
caveat link(current_time timestamp, expires_at timestamp, action string, actions list<string>, workflow string, scope list<string>) {
  current_time < expires_at && action in actions && (size(scope) == 0 || workflow in scope)
}
definition user {}
definition delegation {
  relation root: user with link
  relation parent: delegation with link
  permission source = root + parent->source
}
definition seat {
  relation via: delegation
  permission source = via->source
}
definition workflow {
  relation owner: user
  permission owned = owner
}
`

interface Relationship {
  readonly resource: Ref
  readonly relation: string
  readonly subject: { readonly object: Ref }
  readonly optionalCaveat?: { readonly caveatName: string; readonly context: object }
}
interface Ref {
  readonly objectType: string
  readonly objectId: string
}
const ref = (objectType: string, objectId: string): Ref => ({ objectType, objectId })
const related = (resource: Ref, relation: string, object: Ref): Relationship => ({
  resource,
  relation,
  subject: { object },
})

function chain(n: number, length: number): readonly Relationship[] {
  const w = `w${n}c${length}`
  const expires_at = new Date(Date.now() + 30 * DAY_MS).toISOString()
  const optionalCaveat = { caveatName: 'link', context: { expires_at, actions: ['read', 'execute'], scope: [w] } }
  return Array.from({ length }, (_, at) => at).flatMap((at): readonly Relationship[] => {
    const link = ref('delegation', `${w}-d${at}`)
    const edge =
      at === 0
        ? related(link, 'root', ref('user', `o${n}`))
        : related(link, 'parent', ref('delegation', `${w}-d${at - 1}`))
    return [{ ...edge, optionalCaveat }, related(ref('seat', `${w}|u${n}-${length}-${at}`), 'via', link)]
  })
}

/** Starts it with the data. @returns its cases: fully consistent, and by its default, which may be stale. */
export async function startSpiceDb(
  { postgres, dir, onShutdown, analyze }: Place,
  binary: string,
): Promise<readonly Timed[]> {
  const url = await postgres.createDatabase('spicedb')
  const datastore = ['--datastore-engine', 'postgres', '--datastore-conn-uri', url]
  await runCommand(binary, ['datastore', 'migrate', 'head', ...datastore, '--skip-release-check'], {
    cwd: dir,
    timeoutMs: 120_000,
  })
  const [http, grpc] = [await freePort(), await freePort()]
  const running = await startProcess({
    name: 'SpiceDB',
    command: binary,
    args: [
      'serve',
      ...datastore,
      ...['--grpc-preshared-key', KEY, '--grpc-addr', `127.0.0.1:${grpc}`],
      ...['--http-enabled', '--http-addr', `127.0.0.1:${http}`, '--metrics-enabled=false', '--log-level', 'warn'],
      ...['--telemetry-endpoint', '', '--dispatch-cluster-enabled=false', '--skip-release-check'],
    ],
    env: { PATH: process.env['PATH'] ?? '', HOME: dir },
    ready: `http://127.0.0.1:${http}/healthz`,
    readyTimeoutMs: 60_000,
    logFile: join(dir, 'spicedb.log'),
  })
  onShutdown(() => running.stop())
  const pool = new Pool(`http://127.0.0.1:${http}`, { connections: 64 })
  onShutdown(() => pool.destroy())
  const ask = (path: string, body: object) => send(pool, path, KEY, JSON.stringify(body))
  await ask('/v1/schema/write', { schema: SCHEMA })
  const all = Array.from({ length: UNITS }, (_, n) => [
    related(ref('workflow', `w${n}`), 'owner', ref('user', `o${n}`)),
    ...[1, 3, 5].flatMap((length) => chain(n, length)),
  ]).flat()
  for (let from = 0; from < all.length; from += A_WRITE) {
    const updates = all
      .slice(from, from + A_WRITE)
      .map((relationship) => ({ operation: 'OPERATION_TOUCH', relationship }))
    await ask('/v1/relationships/write', { updates })
  }
  await analyze()
  await postgres.query(url, 'ANALYZE')
  const n = UNITS / 2
  const check = (name: string, consistency: object): Timed => ({
    system: 'SpiceDB',
    name,
    pids: () => [running.pid],
    once: async () => {
      const answer = await ask('/v1/permissions/check', {
        consistency,
        resource: ref('seat', `w${n}c3|u${n}-3-2`),
        permission: 'source',
        subject: { object: ref('user', `o${n}`) },
        context: { current_time: new Date().toISOString(), action: 'execute', workflow: `w${n}c3` },
      })
      if (answer['permissionship'] !== 'PERMISSIONSHIP_HAS_PERMISSION')
        throw new Error(`bench: SpiceDB: ${JSON.stringify(answer)}`)
    },
  })
  const cases = [
    check('chain of 3, fully consistent', { fullyConsistent: true }),
    check('chain of 3, by default (may be seconds stale)', { minimizeLatency: true }),
  ]
  for (const { once } of cases) await untilRight(once)
  return cases
}

/** By default it answers from seconds before, when there was no data. */
async function untilRight(once: () => Promise<void>): Promise<void> {
  for (let left = STALE_MS; ; left -= POLL_MS) {
    try {
      return await once()
    } catch (error) {
      if (left <= 0) throw error
      await sleep(POLL_MS)
    }
  }
}
