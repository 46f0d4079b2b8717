/**
 * What the PDP remembers, opened: its own database, the decision log and the log's index, with the clock and the ids that they share.
 *
 * @module
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import { startIndex } from '../log/entry-index.ts'
import { type Files, nodeFiles } from '../log/files.ts'
import { openLog } from '../log/log.ts'
import { openOutside } from '../log/open-outside.ts'
import { createRecorder } from '../log/recorder.ts'
import { changedKeys, loadSigner } from '../log/signer.ts'
import type { Clock } from '../ports/clock.ts'
import type { Facts } from '../ports/facts.ts'
import type { EntryIndex } from '../ports/log.ts'
import type { Recorder } from '../ports/recorder.ts'
import type { Register } from '../ports/register.ts'
import type {
  Answers,
  ChangeJournal,
  Intents,
  Invitations,
  Keys,
  People,
  PolicyHistory,
  Sessions,
  TokenEncryption,
  Vault,
} from '../ports/stores.ts'
import { createClock, MACHINE, type Machine } from '../runtime/clock.ts'
import { Metrics } from '../runtime/metrics.ts'
import { createNewId } from '../runtime/new-id.ts'
import { SqliteAnswers } from './answers.ts'
import { SqliteChangeJournal } from './changes.ts'
import { identityOf, openDatabase } from './database.ts'
import { SqliteFacts } from './facts.ts'
import { SqliteIntents } from './intents.ts'
import { SqliteInvitations } from './invitations.ts'
import { SqliteKeys } from './keys.ts'
import { SqlitePeople } from './people.ts'
import { SqlitePolicyHistory } from './policy-history.ts'
import { SqliteRegister } from './register.ts'
import { SqliteSessions } from './sessions.ts'
import { SqliteVault } from './vault.ts'
import { loadVaultKeys } from './vault-key.ts'

/** What a test may put in place of the machine's. */
export interface StartOptions {
  /** The machine's clock, and what passed by a clock that nobody can set. */
  readonly machine?: Machine
  /** What the decision log is written through. */
  readonly logFiles?: Files
  /**
   * `false`: starts beside the PDP that OpenFGA's store belongs to, without taking it over. For what asks only: a benchmark, or a test of
   * decisions on a store that others change. @default true
   */
  readonly claims?: boolean
}

export interface Stores {
  /** Of the database. */
  readonly identity: string
  readonly vault: Vault
  readonly register: Register
  readonly intents: Intents
  readonly changes: ChangeJournal
  readonly answers: Answers
  readonly invitations: Invitations
  readonly keys: Keys
  readonly people: People
  readonly facts: Facts
  readonly policyHistory: PolicyHistory
  readonly sessions: Sessions
  readonly sealer: TokenEncryption
  readonly log: Awaited<ReturnType<typeof openLog>>
  readonly index: EntryIndex
  readonly clock: Clock
  /** Whether the machine's clock can be believed now. */
  readonly isTrusted: () => boolean
  readonly newId: () => string
  readonly record: Recorder
  readonly metrics: Metrics
}

/** How long a reader of the log waits for an index that is being built, in milliseconds. */
const INDEX_DEADLINE_MS = 2_000

/** @param closers - Gets what closes each part, as soon as it is open. */
export async function openStores(
  config: Config,
  logger: Logger,
  { machine = MACHINE, logFiles }: StartOptions,
  closers: (() => Promise<void> | void)[],
): Promise<Stores> {
  const dir = config.PDP_DATA_DIR
  await mkdir(dir, { recursive: true, mode: 0o700 })
  const onFault = (error: unknown): void => logger.error({ err: error }, 'decision log')
  const signer = await loadSigner(nodeFiles(), dir, config.PDP_LOG_ORIGIN)
  const outside = await openOutside(config, onFault)
  closers.push(outside.close)
  const log = await openLog({
    dir: join(dir, 'log'),
    origin: config.PDP_LOG_ORIGIN,
    signer,
    ...(logFiles ? { files: logFiles } : {}),
    onFailure: config.LOG_ON_FAILURE,
    onFault,
    cosign: outside.cosign,
    onCheckpoint: outside.onCheckpoint,
  })
  closers.push(() => log.close())
  const place = config.PDP_INDEX_URL ?? join(dir, 'index.db')
  const index = startIndex({ place, log, deadlineMs: INDEX_DEADLINE_MS, onFault })
  closers.push(() => index.close())
  const { clock, isTrusted } = createClock({
    floor: log.newestAt(),
    machine,
    onBehind: (behindMs) => logger.warn({ behindMs }, 'the clock stepped back'),
    onJump: (byMs) => logger.fatal({ byMs }, 'the clock jumped: nothing is decided until it is right'),
  })
  const database = openDatabase(join(dir, 'pdp.db'))
  closers.push(() => database.close())
  const keys = await loadVaultKeys(config)
  const newId = createNewId(clock)
  const metrics = new Metrics()
  const vault = new SqliteVault(database, clock, keys)
  const isSub = (text: string): boolean => vault.isSub(config.PDP_ISSUER, text)
  const record = metrics.counted(createRecorder({ log, clock, newId, isSub }))
  const changed = changedKeys(await log.checkpoint(), signer)
  if (changed) await record([{ kind: 'key_changed', change: { log_keys: changed } }])
  return {
    identity: identityOf(database),
    vault,
    register: new SqliteRegister(database),
    intents: new SqliteIntents(database),
    changes: new SqliteChangeJournal(database),
    answers: new SqliteAnswers(database),
    invitations: new SqliteInvitations(database),
    keys: new SqliteKeys(database),
    people: new SqlitePeople(database, keys),
    facts: new SqliteFacts(database),
    policyHistory: new SqlitePolicyHistory(database),
    sessions: new SqliteSessions(database, clock),
    sealer: keys,
    log,
    index,
    clock,
    isTrusted,
    newId,
    record,
    metrics,
  }
}
