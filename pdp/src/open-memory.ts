/**
 * What the PDP remembers, opened: its own database, the decision log and the log's index, with the clock and the ids that they share.
 *
 * @module
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { createClock, MACHINE, type Machine } from './clock.ts'
import type { Config } from './config.ts'
import type { Facts } from './facts.ts'
import { startIndex } from './log/entry-index.ts'
import { type Files, nodeFiles } from './log/files.ts'
import { openLog } from './log/log.ts'
import type { EntryIndex } from './log/port.ts'
import { changedKeys, loadSigner } from './log/signer.ts'
import { openOutside } from './log-outside.ts'
import { Metrics } from './metrics.ts'
import { createNewId } from './new-id.ts'
import type { Clock, Recorder, Register } from './ports.ts'
import { createRecorder } from './record.ts'
import type {
  Answers,
  ChangeJournal,
  Intents,
  Invitations,
  Keys,
  People,
  PolicyShelf,
  Sessions,
  TokenSealer,
  Vault,
} from './remembered.ts'
import { SqliteAnswers } from './store/answers.ts'
import { SqliteChangeJournal } from './store/changes.ts'
import { identityOf, openDatabase } from './store/database.ts'
import { SqliteFacts } from './store/facts.ts'
import { SqliteIntents } from './store/intents.ts'
import { SqliteInvitations } from './store/invitations.ts'
import { SqliteKeys } from './store/keys.ts'
import { SqlitePeople } from './store/people.ts'
import { SqlitePolicies } from './store/policies.ts'
import { SqliteRegister } from './store/register.ts'
import { SqliteSessions } from './store/sessions.ts'
import { SqliteVault } from './store/vault.ts'
import { loadVaultKeys } from './vault-key.ts'

/** What a test may put in place of the machine's. */
export interface Surroundings {
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

export interface Remembered {
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
  readonly shelf: PolicyShelf
  readonly sessions: Sessions
  readonly sealer: TokenSealer
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
const INDEX_PATIENCE_MS = 2_000

/** @param closers - Gets what closes each part, as soon as it is open. */
export async function openMemory(
  config: Config,
  logger: Logger,
  { machine = MACHINE, logFiles }: Surroundings,
  closers: (() => Promise<void> | void)[],
): Promise<Remembered> {
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
  const index = startIndex({ place, log, patienceMs: INDEX_PATIENCE_MS, onFault })
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
    shelf: new SqlitePolicies(database),
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
