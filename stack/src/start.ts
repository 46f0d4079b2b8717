/**
 * `npm start`: runs the demo. Exit 0 after Ctrl-C or `--once`, 64 on wrong usage, 69 when a tool is missing, 78 with embedded parts in production, 1 when
 * something failed.
 *
 * @module
 */
import { readdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isLoopback } from '@mandate/protocol'
import { ConfigError, EXIT_CONFIG } from '@mandate/service'
import { usageLine } from '@mandate/service/parse-options'
import { type Command, parseCommand, USAGE } from './arguments.ts'
import { auditCommands } from './audit-commands.ts'
import { dockerAnswers, forgetDocker } from './docker.ts'
import { EXIT_USAGE, MissingToolError, StartError } from './errors.ts'
import { EXTRA_SERVICES_FILE } from './extra-services.ts'
import { privateFolder } from './files.ts'
import { interruption } from './interruption.ts'
import { buildPage } from './page.ts'
import { chooseParts, describeParts, type Parts, partsTable, refusal, stateDirOf } from './parts.ts'
import { listenHostOf } from './ports.ts'
import { createProgress, type Progress, seconds } from './progress.ts'
import { SECRETS_FILE } from './secrets.ts'
import { namesServers, type Stack, type StackOptions, startStack } from './stack.ts'
import { LOCK_FILE, lockState, STATE_DIR, writeRun } from './state.ts'
import { tellStory } from './story.ts'
import type { StoryResult } from './story-wire.ts'
import { wrapped } from './table.ts'
import { type Part, unexpectedEnd } from './unexpected-end.ts'

/** Not deleted by `--fresh`: the lock that this process holds, that of an installation, and the cache of the tests. */
const KEPT: readonly string[] = [LOCK_FILE, 'install.lock', 'test']

/** State of a demo with several PDPs. What is kept between starts: logins and Keycloak. */
const SHARED_DIR = join(STATE_DIR, 'pdps')
const KEPT_OF_SHARED: readonly string[] = ['keycloak', SECRETS_FILE, EXTRA_SERVICES_FILE, 'ports.json']

type Start = Extract<Command, { readonly kind: 'start' }>

const command = parseCommand(process.argv.slice(2), process.env)
if (command.kind === 'help') process.stdout.write(USAGE)
if (command.kind === 'usage') {
  process.stderr.write(usageLine(command.problem, 'npm start -- --help'))
  process.exitCode = EXIT_USAGE
}
if (command.kind === 'start') process.exitCode = await start(command)

/** Chooses the servers, and says which. Resolves to the exit code. */
async function start(asked: Start): Promise<number> {
  const parts = chooseParts(asked, process.env)
  const objection = objectionTo(parts)
  if (objection !== undefined) {
    process.stderr.write(`${objection}\n`)
    return EXIT_CONFIG
  }
  if (asked.pdps > 1 && !asked.servers)
    print(`${asked.pdps} PDPs share a PostgreSQL and an OpenFGA: with the real servers, as with --servers.\n`)
  for (const line of describeParts(parts)) for (const part of wrapped(line, '    ')) print(part)
  return await guarded(asked, parts)
}

function objectionTo(parts: Parts): string | undefined {
  try {
    return refusal(parts, process.env)
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
}

/** Runs the demo. Resolves to the exit code. */
async function guarded({ once, fresh, pdps }: Start, parts: Parts): Promise<number> {
  const interrupted = onCtrlC()
  const progress = createProgress(process.stdout)
  let lock: ReturnType<typeof lockState> | undefined
  try {
    lock = lockState(STATE_DIR)
    if (fresh) await forget(progress)
    await demo({ once, pdps, parts }, interrupted, progress)
    return 0
  } catch (error) {
    if (interrupted.aborted) return 0
    process.stderr.write(`\n${explain(error)}\n`)
    return error instanceof MissingToolError ? error.exitCode : 1
  } finally {
    lock?.release()
  }
}

interface Demo extends Pick<Start, 'once' | 'pdps'> {
  readonly parts: Parts
}

async function demo({ once, pdps, parts }: Demo, interrupted: AbortSignal, progress: Progress): Promise<void> {
  const begin = performance.now()
  const stateDir = pdps === 1 ? stateDirOf(STATE_DIR, parts) : emptyState()
  const stack = await startStack({ stateDir, pdps, progress, signal: interrupted, ...kindsOf(parts) })
  try {
    const { trips, care, agent } = stack.urls
    // Of several PDPs, url, log and key of the same one.
    const { url, log, key } = stack.pdps[1] ?? { ...stack, url: stack.urls.pdp }
    const all = stack.pdps.map((pdp) => ({ url: pdp.url, log: pdp.log, key: pdp.key }))
    const secrets = join(stateDir, SECRETS_FILE)
    const issuer = stack.issuer
    const here = { pid: process.pid, url, log, key, pdps: all, secrets, issuer, trips, care, agent }
    writeRun(STATE_DIR, here)
    print(`Up after ${seconds(performance.now() - begin)}.\n`)
    for (const line of partsTable(parts, stack)) print(line)
    print('')
    const out = (line: string): void => {
      if (!interrupted.aborted) print(line)
    }
    const { urls, people } = stack
    const asked = stack.pdps.map(({ url }) => url)
    const told = await whileAllLive(
      stack,
      interrupted,
      tellStory({ issuer, urls, pdps: asked, people, out, reuseTrip: true }),
    )
    writeRun(STATE_DIR, { ...here, story: { trip: told.workflow, ...told.people } })
    // Without the statistics of ANALYZE, SQLite scans the store for reads by user.
    stack.openFga?.analyze()
    printFurther(told, all)
    if (once) return
    await whileAllLive(stack, interrupted, preparePage(progress))
    printAddresses(stack, parts, secrets)
    await whileAllLive(stack, interrupted, new Promise(() => undefined))
  } finally {
    await stopAll(stack, progress)
  }
}

function kindsOf({ store, issuer }: Parts): Pick<StackOptions, 'engine' | 'issuerKind'> {
  return {
    ...(store === 'embedded' && { engine: 'embedded' as const }),
    ...(issuer === 'embedded' && { issuerKind: 'embedded' as const }),
  }
}

/** Builds the auditor's page after the story, which needs none. Without it (no registry, no disk) everything else works. */
async function preparePage(progress: Progress): Promise<void> {
  try {
    await progress.step("the auditor's page", buildPage)
  } catch (error) {
    print(`${explain(error)}\nThe auditor's page is missing. Everything else runs.`)
  }
}

/** The state folder of several PDPs, without the data of the last start: their PostgreSQL was temporary. */
function emptyState(): string {
  for (const name of readdirSync(privateFolder(SHARED_DIR)))
    if (!KEPT_OF_SHARED.includes(name)) rmSync(join(SHARED_DIR, name), { recursive: true, force: true })
  return SHARED_DIR
}

/**
 * Waits for `work`, or until Ctrl-C, or until a server or service that is needed ends.
 *
 * @throws the interruption's reason, or StartError naming the process that ended.
 */
async function whileAllLive<T>(stack: Stack, interrupted: AbortSignal, work: Promise<T>): Promise<T> {
  interrupted.throwIfAborted()
  const { promise: over, reject } = Promise.withResolvers<never>()
  interrupted.addEventListener('abort', () => reject(interrupted.reason), { once: true })
  const ended = unexpectedEnd({
    needed: neededParts(stack),
    pdps: stack.pdps.map(({ service }) => service),
    say: print,
  })
  const idle = setInterval(() => undefined, 60_000) // a pending promise alone keeps no process alive
  try {
    return await Promise.race([work, over, ended])
  } finally {
    clearInterval(idle)
  }
}

/** All processes but the PDPs. */
function neededParts({ openFga, identityServer, services: { pdp: _pdp, ...services }, pdps }: Stack): readonly Part[] {
  const folder = pdps.length > 1 ? SHARED_DIR : STATE_DIR
  const logOf = (name: string): string => join(folder, name, `${name}.log`)
  return [
    ...Object.values(services),
    ...(openFga ? [{ name: 'OpenFGA', ended: openFga.ended, logFile: logOf('openfga') }] : []),
    ...(identityServer ? [identityServer] : []),
  ]
}

function stopAll(stack: Stack, progress: Progress): Promise<void> {
  return progress.step('stopping everything', () => stack.stop())
}

/** Prints commands to paste. They work as long as the state folder exists, also when the demo is stopped. */
function printFurther({ rows }: StoryResult, pdps: readonly { readonly log: string }[]): void {
  const refused = rows.find(({ decision, chain }) => !decision && chain.length > 0)?.evaluationId ?? ''
  print('')
  print('Next: list what the agent did, show one denial in full, verify the log')
  for (const line of auditCommands(refused, pdps.length > 1 ? pdps.map(({ log }) => dirname(log)) : []))
    print(`  ${line}`)
}

function printAddresses(stack: Stack, parts: Parts, secrets: string): void {
  const { urls, pdps, people } = stack
  print('')
  for (const { url } of pdps) print(`PDP            ${url}`)
  print(`trips          ${urls.trips}`)
  print(`care           ${urls.care}`)
  print(`booking agent  ${urls.agent}`)
  print(`auditor        ${urls.auditor}   sign in as ada`)
  print(`console        ${urls.auditor}/console   sign in as olga, petra or ada`)
  print('desktop        npm run desktop, or npm run desktop -- --browser   sign in as carlo or yannick')
  print('')
  for (const line of partsTable(parts, stack)) print(line)
  print('')
  print('login      password                   one-time code secret')
  for (const { username, password, totpSecret } of Object.values(people)) {
    print(`${username.padEnd(10)} ${password.padEnd(26)} ${totpSecret ?? ''}`.trimEnd())
  }
  print(`\nThese are demo logins; they are also in ${secrets}.`)
  const host = listenHostOf(process.env)
  if (!isLoopback(host))
    print(`Listens on ${host} (MANDATE_LISTEN_HOST): with them, everybody who reaches it can sign in.`)
  print('Ctrl-C stops everything.')
}

/** The first Ctrl-C (or SIGTERM, or the end of the terminal) stops everything in order; the second exits at once, which kills all children. */
function onCtrlC(): AbortSignal {
  return interruption({
    signals: process,
    clock: () => performance.now(),
    onFirst: () => print('\nstopping (press Ctrl-C again to kill)'),
    onSecond: () => process.exit(130),
  })
}

/** Deletes the state, including Docker volumes when the servers run in Docker. */
async function forget(progress: Progress): Promise<void> {
  await progress.step('deleting the old state', async () => {
    if (!namesServers(process.env) && (await dockerAnswers(process.env))) await forgetDocker(process.env, STATE_DIR)
    for (const name of readdirSync(STATE_DIR)) {
      if (!KEPT.includes(name)) rmSync(join(STATE_DIR, name), { recursive: true, force: true })
    }
  })
}

function explain(error: unknown): string {
  if (error instanceof MissingToolError || error instanceof StartError) return error.message
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
