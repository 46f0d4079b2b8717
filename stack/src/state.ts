/**
 * State folder of the demo in the clone, and its run file: addresses of the running (or last) demo.
 *
 * @module
 */
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { StartError } from './errors.ts'
import { privateFolder, readJson, writeAtomically } from './files.ts'
import { holdLock } from './lock.ts'
import { ROOT } from './service.ts'

/** State folder of this clone's demo; ignored by git, and deleted by `npm start -- --fresh`. `MANDATE_STATE_DIR` names another, for a second demo. */
export const STATE_DIR = resolve(process.env['MANDATE_STATE_DIR'] || join(ROOT, '.mandate'))

/** Held by the demo that uses the state folder. */
export const LOCK_FILE = 'lock'

const pdp = z.object({
  url: z.string(),
  /** Folder of its decision log. */
  log: z.string(),
  /** File with the log's verifier key. */
  key: z.string(),
})

const runFile = pdp.extend({
  pid: z.int(),
  /** Every PDP of a demo with several. `url`, `log` and `key` above are those of one of them. */
  pdps: z.array(pdp).optional(),
  /** File with the demo's secrets. */
  secrets: z.string().optional(),
  /** Issuer and service URLs. Absent in the run file of an earlier version. */
  issuer: z.string().optional(),
  trips: z.string().optional(),
  care: z.string().optional(),
  agent: z.string().optional(),
  /** What the story was about: the trip, and the people by their identifiers. Absent until it was told. */
  story: z.object({ trip: z.string(), carlo: z.string(), yannick: z.string(), sam: z.string() }).optional(),
})

/** Content of the run file. Contains no secret. */
export type Run = z.infer<typeof runFile>

/** Writes the run file. */
export function writeRun(stateDir: string, run: Run): void {
  writeAtomically(join(stateDir, 'run.json'), `${JSON.stringify(run, undefined, 2)}\n`)
}

/** Reads the run file; `undefined` before the first demo in this clone. */
export function readRun(stateDir: string): Run | undefined {
  return runFile.safeParse(readJson(join(stateDir, 'run.json'))).data
}

/** All addresses and files of a demo's PDPs, for the terminal. */
export function describeRun({ pdps, issuer, secrets, ...run }: Run): string {
  const blocks = (pdps ?? [run]).map(({ url, log, key }) => `PDP      ${url}\nlog      ${log}\nkey      ${key}\n`)
  const issuerLine = issuer === undefined ? '' : `issuer   ${issuer}\n`
  const secretsLine = secrets === undefined ? '' : `secrets  ${secrets}\n`
  return [...blocks, issuerLine + secretsLine].filter((block) => block !== '').join('\n')
}

/**
 * Takes the state folder for one demo.
 *
 * @throws StartError where another demo has it, or where it cannot be written.
 */
export function lockState(stateDir: string): { release(): void } {
  const lock = tryLock(stateDir)
  if (lock) return lock
  const pid = readRun(stateDir)?.pid
  throw new StartError(
    `A demo is already running in this clone${pid ? ` (process ${pid})` : ''}. Stop it with Ctrl-C first.`,
  )
}

function tryLock(stateDir: string): { release(): void } | undefined {
  try {
    return holdLock(join(privateFolder(stateDir), LOCK_FILE))
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new StartError(`The demo keeps its state in ${stateDir}, which cannot be written: ${why}`, { cause })
  }
}

/** A shell script that sets the variables which `mandate` reads, and makes `mandate` a command of this shell. Contains no secret. */
export function shellOf({ url, issuer, trips, agent, log, key, story }: Run): string {
  const variables = {
    MANDATE_PDP: url,
    MANDATE_ISSUER: issuer,
    MANDATE_LOG: log,
    MANDATE_LOG_KEY: key,
    MANDATE_TRIPS: trips,
    MANDATE_AGENT: agent,
    TRIP: story && `workflow:${story.trip}`,
    CARLO: story && `user:${story.carlo}`,
    YANNICK: story && `user:${story.yannick}`,
    SAM: story && `user:${story.sam}`,
  }
  const exports = Object.entries(variables).flatMap(([name, value]) =>
    value === undefined ? [] : [`export ${name}=${quoted(value)}`],
  )
  const [node, main] = [join(ROOT, 'node_modules/.bin/node'), join(ROOT, 'cli/src/main.ts')]
  return `${[...exports, `mandate() { ${quoted(node)} ${quoted(main)} "$@"; }`].join('\n')}\n`
}

/** A word of a POSIX shell. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`
