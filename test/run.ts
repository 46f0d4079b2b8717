/**
 * `npm test`: checks, then every Vitest project, cheapest first; `integration` on each database that OpenFGA may stand on. Output is live; the very last line sums everything up
 * as `N passed, N failed`, with `, N skipped` after it if any; skipped and failed tests are named before it, with the reason of a skip. Each check counts as one. Exit 1 on any failure.
 *
 * `--fast` is the inner loop: no knip, unit tests only.
 *
 * @module
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
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
function integration(...names: readonly string[]): readonly string[] {
  const files = names.map((name) => `test/integration/${name}.test.ts`)
  const missing = files.filter((file) => !existsSync(join(ROOT, file)))
  if (missing.length > 0) throw new Error(`test/run.ts names ${missing.join(', ')}, which is not there`)
  return files
}

/**
 * What starts an OpenFGA of its own, is about the PDP's log, process or compiler, or asks by the thousand what `cases`, `rules-*` and `interop` ask of
 * every database (`npm run test:long` takes those two as far as one likes): on memory.
 */
const ON_MEMORY = [
  // Several PDPs, on a PostgreSQL of their own.
  ...integration(
    'auditor-pdps',
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
  ...integration('cases-embedded', 'embedded', 'stack-embedded'),
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
    'packs',
    'policies',
    'policy-diff',
    'round-trips',
    'laws',
    'reference',
    'standby',
    'replace-unanswered',
  ),
]

/** The HTTP interface and the administration, for which one database stands for all: on PostgreSQL, which production has. */
const ON_POSTGRES = [
  ...integration('http-authzen', 'http-batch', 'http-callers', 'http-input', 'http-search', 'interop'),
  ...integration(
    'pap-idempotency',
    'pap-invitations',
    'pap-keys',
    'pap-preview',
    'pap-sweep',
    'late-writes',
    'facts-replaced',
  ),
]

/**
 * What writes and takes away: also on OpenFGA over SQLite. Not the scenario rows: they are played with OpenFGA over memory and PostgreSQL, and with the
 * embedded store, and what differs between databases (writes, reads, their order) is in these files and in the engine contract.
 */
const ALSO_ON_SQLITE = [
  ...integration('certification', 'grants-survive', 'privacy', 'rules-ending', 'write-fence'),
  ...integration('pap-erasure', 'pap-replace', 'pap-transfer'),
]

const STAGES: readonly ProjectStage[] = [
  { name: 'unit', project: 'unit' },
  { name: 'contract', project: 'contract' },
  { name: 'integration (memory)', project: 'integration', store: 'memory', exclude: ON_POSTGRES },
  { name: 'integration (postgres)', project: 'integration', store: 'postgres', exclude: ON_MEMORY },
  { name: 'integration (sqlite)', project: 'integration', store: 'sqlite', only: ALSO_ON_SQLITE },
  {
    name: 'engine contract (postgres)',
    project: 'contract',
    store: 'postgres',
    only: ['test/contract/engine.test.ts'],
  },
  { name: 'engine contract (sqlite)', project: 'contract', store: 'sqlite', only: ['test/contract/engine.test.ts'] },
  { name: 'fuzz', project: 'fuzz' },
  { name: 'e2e', project: 'e2e' },
  { name: 'realm', project: 'realm' },
]

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
    for (const [name, command] of Object.entries(CHECKS)) {
      if (fast && name === 'knip') continue
      await count(name, runCheck(name, command, ROOT))
    }
    for (const [index, stage] of (fast ? STAGES.slice(0, 1) : STAGES).entries()) {
      await count(stage.name, runProject(stage, join(reports, `${index}.json`), ROOT))
    }
  } finally {
    rmSync(reports, { recursive: true, force: true })
  }
  for (const name of total.skipped) line(`skipped: ${name}`)
  for (const name of total.failed) line(`failed: ${name}`)
  line(`all of it took ${since(begin)}`)
  line(summary(total))
  return total.failed.length > 0 ? 1 : 0
}

function since(begin: number): string {
  return `${((performance.now() - begin) / 1_000).toFixed(1)} s`
}

function line(text: string): void {
  process.stdout.write(`${text}\n`)
}
