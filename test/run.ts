/**
 * `npm test`: checks side by side, then every Vitest project, cheapest first. Output is live; the last line is `N passed, N failed`, with `, N skipped`
 * after it if any; skipped and failed tests are named before it, with the reason of a skip. Each check counts as one. Exit 1 on any failure.
 *
 * First it finds or fetches the programs that tests need. Tests of one that this machine cannot have are skipped; under `CI=true` that is a failure.
 *
 * `--fast` is the inner loop: types, the checks of test/check and Biome on changed files; then the unit tests without the files of
 * {@link SLOW_UNIT}. It needs Node and Git only.
 *
 * @module
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { changedFiles } from './support/changed.ts'
import { type ProjectStage, runCheck, runProject } from './support/stages.ts'
import { addTallies, EMPTY_TALLY, summary, type Tally } from './support/tally.ts'

const CHECKS = {
  biome: ['biome', 'check', '.'],
  types: ['tsc', '-b'],
  knip: ['knip'],
  rules: ['node', 'test/check/main.ts'],
} as const satisfies Record<string, readonly string[]>

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** @throws Error for a file that is not there: a stage would pass without it. */
function existing(...files: readonly string[]): readonly string[] {
  const missing = files.filter((file) => !existsSync(join(ROOT, file)))
  if (missing.length > 0) throw new Error(`test/run.ts names ${missing.join(', ')}, which is not there`)
  return files
}

function integration(...names: readonly string[]): readonly string[] {
  return existing(...names.map((name) => `test/integration/${name}.test.ts`))
}

/**
 * Unit tests that `--fast` leaves to `npm test`: those that start processes or need OpenSSL, and those that take half a second of processor time or
 * more. They take three quarters of the project's time.
 */
const SLOW_UNIT = [
  ...existing(
    'test/unit/audit.test.ts',
    'test/unit/backup-scripts.test.ts',
    'test/unit/check.test.ts',
    'test/unit/compose.test.ts',
    'test/unit/configuration.test.ts',
    'test/unit/direct-requests.test.ts',
    'test/unit/engine-known-conditions.test.ts',
    'test/unit/engine-views.test.ts',
    'test/unit/environment.test.ts',
    'test/unit/policy-check.test.ts',
    'test/unit/policy-mistakes.test.ts',
    'test/unit/supply-chain.test.ts',
    'test/unit/tools.test.ts',
    'auditor/src/entry-pattern.test.ts',
    'cli/src/completion.test.ts',
    'cli/src/policy/new.test.ts',
    'cli/src/session/device.test.ts',
    'cli/src/start.test.ts',
    'desktop/src/main/calls.test.ts',
    'desktop/src/main/events.test.ts',
    'desktop/src/main/loopback.test.ts',
    'desktop/src/main/sessions.test.ts',
    'desktop/src/main/store.test.ts',
    'examples/booking-agent/src/agent.test.ts',
    'examples/booking-agent/src/forgetting.test.ts',
    'examples/booking-agent/src/mcp.test.ts',
    'examples/booking-agent/src/runs.test.ts',
    'examples/care/src/care.test.ts',
    'examples/trips/src/ownership.test.ts',
    'examples/trips/src/requests.test.ts',
    'examples/trips/src/trips.test.ts',
    'issuer/src/people.test.ts',
    'mcp/src/tool-server.test.ts',
    'pdp/src/http/page-tokens.test.ts',
    'pdp/src/log/tree.test.ts',
    'pdp/src/memory/barrier.model.test.ts',
    'pdp/src/memory/memory-relations.test.ts',
    'pdp/src/policy/pack.test.ts',
    'pdp/src/store/sqlite.test.ts',
    'pep/src/authenticate.test.ts',
    'pep/src/express-versions.test.ts',
    'pep/src/filter.test.ts',
    'pep/src/frameworks-limits.test.ts',
    'pep/src/frameworks.test.ts',
    'pep/src/mtls.test.ts',
    'pep/src/pdp-failure.test.ts',
    'pep/src/token-attacks.test.ts',
    'playground/src/engine.test.ts',
    'protocol/src/authzen-form.test.ts',
    'protocol/src/entry-form.test.ts',
    'protocol/src/merkle.test.ts',
    'service/src/issuer-keys.test.ts',
    'service/src/listener.test.ts',
    'service/src/run-service.test.ts',
    'service/src/tls-objection.test.ts',
    'service/src/transport-security.test.ts',
    'stack/src/docker.test.ts',
    'stack/src/fetch-piece.test.ts',
    'stack/src/process.test.ts',
  ),
]

/**
 * What starts an OpenFGA of its own, is about the PDP's log, process or compiler, or asks by the thousand what `cases`, `rules-*` and `interop` ask
 * (`npm run test:long` takes those two as far as one likes): on memory. Every other file runs on PostgreSQL, which production has.
 */
const ON_MEMORY = [
  // Several PDPs, on a PostgreSQL of their own.
  ...integration(
    'auditor-pdps',
    'backup',
    'kill-one-of-two',
    'new-enemy',
    'pdps-share',
    'pep-several-pdps',
    'several-pdps',
    'store-failover',
    'three-pdps',
    'workers',
  ),
  ...integration('engine-conditions', 'engine-worlds'),
  // With the embedded store instead of OpenFGA, on a SQLite of their own.
  ...integration('cases-embedded', 'embedded', 'restored-database', 'stack-embedded'),
  ...integration(
    'openfga-server',
    'openfga-limits',
    'pep-openfga',
    'serve',
    'pep-fuzz',
    'nursing-pep',
    'pep-deadline',
    'pep-mtls',
  ),
  ...integration(
    'disclosure',
    'http-limits',
    'fair-share',
    'http-log-fails',
    'http-log-faults',
    'http-metadata',
    'http-openapi',
    'http-roles',
    'permissions',
    'sessions',
  ),
  ...integration(
    'audit-http',
    'log-keys',
    'log-reading',
    'log-streams',
    'log-tiles',
    'log-shared',
    'kill-pdp',
    'metrics',
    'store-claim',
    'store-move',
    'clock',
    'log-order',
  ),
  ...integration(
    'console',
    'packs',
    'policies',
    'policy-diff',
    'policy-test',
    'round-trips',
    'laws',
    'reference',
    'standby',
    'replace-unanswered',
  ),
]

/**
 * What writes and takes away: in the nightly run also on OpenFGA over SQLite. Not the scenario rows: they are played with OpenFGA over PostgreSQL and with
 * the embedded store, and what differs between databases (writes, reads, their order) is in these files and in the engine contract, which every run plays
 * on all three.
 */
const ALSO_ON_SQLITE = [
  ...integration('certification', 'grants-survive', 'privacy', 'rules-ending', 'write-fence'),
  ...integration('pap-erasure', 'pap-replace', 'pap-transfer'),
]

/**
 * Left to the nightly run (`MANDATE_NIGHTLY=1`, `.ci/nightly`), to keep a run of CI below 35 minutes: what another stage plays on embedded parts, and
 * takes a minute and more on the real servers. The nightly run also plays on memory what runs on PostgreSQL here, and some of it on SQLite.
 */
const NIGHTLY = existing('test/e2e/desktop-story.test.ts')
/** Restores of a whole installation, each in another way: 25 s of a worker. Every run restores one, and a database beside a log. */
const NIGHTLY_INTEGRATION = integration('backup-kept-logs')
const isNightly = process.env['MANDATE_NIGHTLY'] === '1'
/** Of the nightly run: gitleaks takes a minute to build, and half a minute for every commit. */
const NIGHTLY_CHECKS = { secrets: ['node', 'test/supply-chain/main.ts', 'secrets'] }

const STAGES: readonly ProjectStage[] = [
  { name: 'unit', project: 'unit' },
  // What services install: the whole contract of the enforcement point, its adapters and the tool server.
  { name: 'unit (Node 22)', project: 'unit', only: ['pep/src/', 'mcp/src/'], onNode22: true },
  { name: 'contract', project: 'contract' },
  { name: 'integration (memory)', project: 'integration', store: 'memory', only: isNightly ? [] : ON_MEMORY },
  {
    name: 'integration (postgres)',
    project: 'integration',
    store: 'postgres',
    exclude: [...ON_MEMORY, ...NIGHTLY_INTEGRATION],
  },
  ...(isNightly
    ? [{ name: 'integration (sqlite)', project: 'integration', store: 'sqlite', only: ALSO_ON_SQLITE }]
    : []),
  {
    name: 'engine contract (postgres)',
    project: 'contract',
    store: 'postgres',
    only: ['test/contract/engine.test.ts'],
  },
  { name: 'engine contract (sqlite)', project: 'contract', store: 'sqlite', only: ['test/contract/engine.test.ts'] },
  { name: 'embedded', project: 'embedded' },
  { name: 'fuzz', project: 'fuzz' },
  { name: 'e2e', project: 'e2e', exclude: isNightly ? [] : NIGHTLY },
  { name: 'realm', project: 'realm' },
]

/** Where `tsc -b` leaves what it has built. */
const TYPES = '.types'
const FAST_STAGES: readonly ProjectStage[] = [{ name: 'unit', project: 'unit', exclude: SLOW_UNIT }]

/**
 * Biome's rules over the whole project take more time than all unit tests, and so do the types of a clone that has not built them yet: `--fast` checks
 * what this clone changed.
 */
function fastChecks(): Readonly<Record<string, readonly string[]>> {
  const { biome, types, rules } = CHECKS
  const changed = changedFiles(ROOT)
  if (changed === undefined) return { biome, types, rules }
  if (changed.length === 0) return existsSync(join(ROOT, TYPES)) ? { types, rules } : withoutTypes({ rules })
  const lenient = ['--no-errors-on-unmatched', '--files-ignore-unknown=true']
  return { biome: ['biome', 'check', ...lenient, ...changed], types, rules }
}

function withoutTypes<T>(checks: T): T {
  line('types: not checked. Nothing is changed in this clone, and its types are not built: npm run check')
  return checks
}

const [flag, ...rest] = process.argv.slice(2)
if ((flag !== undefined && flag !== '--fast') || rest.length > 0) {
  process.stderr.write('usage: npm test, or npm run test:fast\n')
  process.exitCode = 64
} else {
  process.exitCode = await runAll(flag === '--fast')
}

async function runAll(fast: boolean): Promise<number> {
  const reports = mkdtempSync(join(tmpdir(), 'mandate-test-'))
  const begin = performance.now()
  let total: Tally = EMPTY_TALLY
  const count = async (name: string, stage: Promise<Tally>): Promise<void> => {
    const from = performance.now()
    const tally = await stage
    total = addTallies(total, tally)
    line(`-- ${name}: ${summary(tally)} in ${since(from)}`)
  }
  try {
    const { env, problems } = fast ? { env: {}, problems: [] } : await setUp()
    total = addTallies(total, { ...EMPTY_TALLY, failed: problems })
    const checks = Object.entries(fast ? fastChecks() : isNightly ? { ...CHECKS, ...NIGHTLY_CHECKS } : CHECKS)
    await Promise.all(checks.map(([name, command]) => count(name, runCheck(name, command, ROOT))))
    for (const [index, stage] of (fast ? FAST_STAGES : STAGES).entries()) {
      await count(stage.name, runProject(stage, join(reports, `${index}.json`), ROOT, env))
    }
  } finally {
    rmSync(reports, { recursive: true, force: true })
  }
  if (!(fast || isNightly)) {
    for (const file of NIGHTLY) line(`nightly: ${file} on the real servers; it was played on embedded parts`)
    for (const file of NIGHTLY_INTEGRATION)
      line(`nightly: ${file}, which restores a whole installation in two more ways`)
    line('nightly: secrets in all commits (gitleaks, which takes a minute to build); files were scanned by their form')
    line('nightly: test/integration on OpenFGA over memory and SQLite; it was played over PostgreSQL')
    line('nightly tests run with MANDATE_NIGHTLY=1 npm test')
  }
  if (!fast) line('not run: npm audit and the digests of images, which ask registries: npm run supply-chain')
  for (const name of total.skipped) line(`skipped: ${name}`)
  for (const name of total.failed) line(`failed: ${name}`)
  line(`all of it took ${since(begin)}`)
  line(summary(total))
  return total.failed.length > 0 ? 1 : 0
}

/** Prints what is missing. @returns Variables for the stages, and what counts as a failure. */
async function setUp(): Promise<{
  readonly env: Readonly<Record<string, string>>
  readonly problems: readonly string[]
}> {
  // Loaded here: `--fast` needs none of it.
  const { prepareTools } = await import('./support/tools.ts')
  const begin = performance.now()
  const { env, missing, failed } = await prepareTools(line)
  for (const [name, reason] of missing) line(`missing: ${name}, so tests that need it are skipped. ${reason}`)
  for (const problem of failed) line(problem)
  line(`-- set-up: ${missing.size} missing, ${failed.length} failed in ${since(begin)}`)
  const inCi = process.env['CI'] === 'true'
  return { env, problems: [...failed, ...(inCi ? [...missing.keys()].map((name) => `missing: ${name}`) : [])] }
}

function since(begin: number): string {
  return `${((performance.now() - begin) / 1_000).toFixed(1)} s`
}

function line(text: string): void {
  process.stdout.write(`${text}\n`)
}
