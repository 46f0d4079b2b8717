/**
 * `node test/bench/log-index.ts [sqlite|postgres] [entries]`: how long queries of the decision log's index take, and how fast it is fed. Prints
 * a line a filter, and exits 1 when the slowest p95 is above the budget of 200 ms.
 *
 * @module
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { canonical, type DecisionFilter } from '@mandate/protocol'
import { startPostgres } from '@mandate/stack'
import { IndexStore } from '../../pdp/src/log/index-store.ts'
import { PostgresIndexStore } from '../../pdp/src/log/postgres-store.ts'
import { anEntry, ORIGIN } from '../contract/log-builders.ts'

const BUDGET_MS = 200
const ROUNDS = 20
const A_FEED = 4_096
const [engine = 'sqlite', count = '1000000'] = process.argv.slice(2)
const entries = Number(count)
const at = (number: number): number => Date.parse(anEntry(number).at)

const FILTERS: readonly (readonly [string, DecisionFilter, string?])[] = [
  ['everything', {}],
  ['subject', { subject: 'user:p_1' }],
  ['member', { member: 'agent:booking-agent' }],
  ['resource', { resource: 'workflow_item:w3-0' }],
  ['under', { under: 'workflow:w3' }],
  ['denials', { decision: false }],
  ['reason', { reason: 'no_consent' }],
  ['grant, rare', { grant: `T${Math.floor(entries / 20) * 10}` }],
  ['nobody', { subject: 'user:nobody' }],
  ['a tenth of the time', { from: at(entries * 0.4), to: at(entries * 0.5) }],
  [
    'six together',
    {
      actor: 'agent:booking-agent',
      decision: true,
      reason: 'delegated',
      caller: 'service:trips',
      action: 'read',
      from: at(entries * 0.1),
    },
  ],
  ['own, of a party', {}, 'user:p_5'],
  ['own denials, of a party', { decision: false }, 'user:p_5'],
]

async function open(): Promise<{ readonly store: IndexStore | PostgresIndexStore; readonly end: () => Promise<void> }> {
  if (engine === 'postgres') {
    const postgres = await startPostgres()
    return { store: new PostgresIndexStore(postgres.url, ORIGIN), end: () => postgres.stop() }
  }
  const folder = await mkdtemp(join(tmpdir(), 'mandate-index-'))
  return { store: new IndexStore(join(folder, 'index.db'), ORIGIN), end: () => rm(folder, { recursive: true }) }
}

const say = (text: string): void => void process.stdout.write(`${text}\n`)
const { store, end } = await open()
try {
  const began = performance.now()
  let feeding = 0
  for (let first = 0; first < entries; first += A_FEED) {
    const length = Math.min(A_FEED, entries - first)
    const fed = Array.from({ length }, (_, offset) => ({
      index: first + offset,
      bytes: Buffer.from(canonical(anEntry(first + offset))),
    }))
    const started = performance.now()
    await store.add(fed)
    feeding += performance.now() - started
  }
  say(
    `${engine}: ${entries} entries fed, ${Math.round((entries / feeding) * 1000)}/s (${Math.round((performance.now() - began) / 1000)} s)`,
  )
  let slowest = 0
  for (const [name, filter, party] of FILTERS) {
    const took: number[] = []
    let total = 0
    for (let round = 0; round < ROUNDS; round += 1) {
      const started = performance.now()
      total = (await store.query({ ...filter, limit: 50 }, party)).total
      took.push(performance.now() - started)
    }
    took.sort((one, other) => one - other)
    const p95 = took[Math.ceil(ROUNDS * 0.95) - 1] ?? 0
    slowest = Math.max(slowest, p95)
    say(
      `${name.padEnd(26)} ${String(total).padStart(8)} found   p50 ${(took[ROUNDS / 2] ?? 0).toFixed(1).padStart(6)} ms   p95 ${p95.toFixed(1).padStart(6)} ms`,
    )
  }
  say(`slowest p95: ${slowest.toFixed(1)} ms, budget ${BUDGET_MS} ms`)
  process.exitCode = slowest <= BUDGET_MS ? 0 : 1
} finally {
  await store.close()
  await end()
}
