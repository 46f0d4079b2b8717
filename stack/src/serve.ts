/**
 * `npm run serve`: starts a PDP with one policy pack, for any AuthZEN client. Progress goes to standard error, address and key to standard output.
 *
 * @module
 */
import { existsSync, readFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { startPlayed, startPlayIssuer } from '@mandate/cases'
import { PolicyError, parseYaml, type Whereabouts } from '@mandate/pdp'
import { type Playground, startPlayground } from '@mandate/playground'
import { Fault, factsFileSchema } from '@mandate/protocol'
import { ConfigError, EXIT_CONFIG } from '@mandate/service'
import { escapeControls, escapeLines } from '@mandate/service/escape-controls'
import { usageLine } from '@mandate/service/parse-options'
import { unreadable } from '@mandate/service/path-objection'
import { EXIT_USAGE, MissingToolError, StartError } from './errors.ts'
import { interruption } from './interruption.ts'
import { isProduction } from './node-env.ts'
import { startOpenFga } from './openfga.ts'
import { buildPlaygroundPage } from './page.ts'
import { createProgress, type Progress } from './progress.ts'
import { parseServe, SERVE_USAGE, type Served, type ServeEngine } from './serve-arguments.ts'
import { CaseNotFoundError, type PlayedWorld, playWorld, readServedPack } from './serve-world.ts'
import { describeWorld } from './serve-world-text.ts'

const DAY_MS = 86_400_000
const KEY_DAYS = 30
const PLAYGROUND_PORT = 8190

type Closer = () => Promise<unknown> | unknown

const command = parseServe(process.argv.slice(2), process.env)
if (command.kind === 'help') process.stdout.write(SERVE_USAGE)
if (command.kind === 'usage') {
  process.stderr.write(usageLine(command.problem, 'npm run serve -- --help'))
  process.exitCode = EXIT_USAGE
}
if (command.kind === 'serve') process.exitCode = await guarded(command)

async function guarded(served: Served): Promise<number> {
  const interrupted = interruption({
    signals: process,
    clock: () => performance.now(),
    onFirst: () => undefined,
    onSecond: () => process.exit(130),
  })
  const closers: Closer[] = []
  try {
    process.stdout.write(`${await serve(served, interrupted, closers)}\n`)
    await untilInterrupted(interrupted)
    return 0
  } catch (error) {
    if (interrupted.aborted) return 0
    process.stderr.write(`${escapeLines(explain(error))}\n`)
    if (error instanceof MissingToolError) return error.exitCode
    if (error instanceof CaseNotFoundError) return EXIT_USAGE
    return error instanceof PolicyError || error instanceof ConfigError || error instanceof Fault ? EXIT_CONFIG : 1
  } finally {
    for (const close of closers.toReversed()) await close()
  }
}

/** Starts everything. Resolves to the lines for standard output: the PDP's address with the API key, and the playground's address. */
async function serve(served: Served, signal: AbortSignal, closers: Closer[]): Promise<string> {
  const { pack, facts, engine, port, cases } = served
  requireDevelopment(engine)
  const { step } = createProgress(process.stderr)
  const folder = resolve(pack)
  const file = facts ?? [join(folder, 'facts.yaml')].find((path) => existsSync(path))
  const known = file === undefined ? undefined : readFacts(file)
  const content = await readServedPack(folder, cases)
  const relations = await bringUpEngine(engine, step, signal, closers)
  const issuer = await startPlayIssuer()
  closers.push(() => issuer.close())
  const settings = { PDP_PORT: String(port), PDP_LOG_ORIGIN: 'serve.invalid/log', PDP_PACKS: folder, ...relations }
  const played = await step(`PDP with ${basename(folder)}`, () =>
    startPlayed({ issuer, manifests: [content.pack.manifest], settings }),
  )
  closers.push(() => played.close())
  const { operator, url } = played.pdp
  if (known) {
    const { domain, facts: all } = known.value
    await step('facts', () => operator.writeFacts(domain, all)).catch((error: unknown) => {
      throw atItsLine(error, known.where)
    })
    process.stderr.write(`${all.length} facts from ${file}\n`)
  }
  const world = content.chosen && (await step('cases.yaml', () => playWorld(content, played)))
  // Nothing needs a token any more: clients have the API key.
  issuer.seal()
  const expires = new Date(Date.now() + KEY_DAYS * DAY_MS).toISOString()
  const key = await operator.createKey({ name: 'npm run serve', expires_at: expires })
  if (world) tellWorld(world, url, key)
  const playground = await startPlaygroundOn(folder, served.playgroundPort)
  closers.push(() => playground.close())
  return `url=${url} key=${key}\nplayground=${playground.url}`
}

/** Starts the playground on the port that was asked for; without one on the usual port, so that shared addresses work, or a free port. */
async function startPlaygroundOn(folder: string, port: number | undefined): Promise<Playground> {
  const remark = (text: string): void => void process.stderr.write(`Playground: ${escapeControls(text)}\n`)
  const start = (on: number) => startPlayground({ folder, port: on, buildPage: () => buildPlaygroundPage(remark) })
  if (port !== undefined) return start(port)
  return start(PLAYGROUND_PORT).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') return start(0)
    throw error
  })
}

function tellWorld(world: PlayedWorld, url: string, key: string): void {
  process.stderr.write(`\n${describeWorld(world, { url, key }).map(escapeControls).join('\n')}\n\n`)
}

/** @throws ConfigError as of a PDP with the same settings: the PDP itself does not get this process's environment. */
function requireDevelopment(engine: ServeEngine): void {
  if (engine === 'embedded' && isProduction(process.env))
    throw new ConfigError([
      'NODE_ENV: the engine embedded is refused in production; unset NODE_ENV, or add --engine openfga',
    ])
}

/** Starts the server of the engine, if it has one. Resolves to the settings of a PDP with that engine. */
async function bringUpEngine(
  engine: ServeEngine,
  step: Progress['step'],
  signal: AbortSignal,
  closers: Closer[],
): Promise<Readonly<Record<string, string>>> {
  if (engine === 'embedded') return { ENGINE: 'embedded' }
  // With an empty environment: OPENFGA_URL may point to a store with real data.
  const openFga = await step('OpenFGA', () => startOpenFga({ signal, env: {} }))
  closers.push(() => openFga.stop())
  return {
    ENGINE: 'memory',
    OPENFGA_URL: openFga.url,
    OPENFGA_API_TOKEN: openFga.apiToken,
    OPENFGA_DEADLINE_MS: '5000',
  }
}

function readFacts(file: string) {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    throw new PolicyError(unreadable(file), { cause })
  }
  return parseYaml(file, text, factsFileSchema)
}

/** Adds file and line to the PDP's error about one of the facts. */
function atItsLine(error: unknown, where: Whereabouts): unknown {
  const detail = error instanceof Fault ? (error.detail ?? '') : ''
  const at = /^facts\.(?<index>\d+)/u.exec(detail)?.groups?.['index']
  return at === undefined ? error : new PolicyError(`${where(['facts', Number(at)])}: ${detail}`, { cause: error })
}

function untilInterrupted(signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const idle = setInterval(() => undefined, 60_000) // a pending promise alone keeps no process alive
    const stop = (): void => {
      clearInterval(idle)
      done()
    }
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop, { once: true })
  })
}

function explain(error: unknown): string {
  if (error instanceof Fault) return error.detail ?? error.message
  const inWords =
    error instanceof MissingToolError ||
    error instanceof CaseNotFoundError ||
    error instanceof StartError ||
    error instanceof PolicyError ||
    error instanceof ConfigError
  if (inWords) return error.message
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')
    return `${error.message}. Choose another with --port, or none for a free one.`
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
