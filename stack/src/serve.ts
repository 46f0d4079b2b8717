/**
 * `npm run serve`: starts a PDP with one policy pack, for any AuthZEN client. Progress goes to standard error, address and key to standard output.
 *
 * @module
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { type Pdp, PolicyError, parseConfig, parseYaml, startPdp, type Whereabouts } from '@mandate/pdp'
import { Fault, factsFileSchema, requestTimeouts } from '@mandate/protocol'
import { ConfigError, EXIT_CONFIG } from '@mandate/service'
import { pino } from 'pino'
import { EXIT_USAGE, MissingToolError, StartError } from './errors.ts'
import { interruption } from './interruption.ts'
import { LOOPBACK } from './net.ts'
import { startOpenFga } from './openfga.ts'
import { createProgress, type Progress } from './progress.ts'
import { parseServe, SERVE_USAGE, type Served, type ServeEngine } from './serve-arguments.ts'

const DAY_MS = 86_400_000
const KEY_DAYS = 30

type Closer = () => Promise<unknown> | unknown

const command = parseServe(process.argv.slice(2))
if (command.kind === 'help') process.stdout.write(SERVE_USAGE)
if (command.kind === 'usage') {
  process.stderr.write(`${command.problem}\n\n${SERVE_USAGE}`)
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
    const line = await serve(served, interrupted, closers)
    process.stdout.write(`${line}\n`)
    await untilInterrupted(interrupted)
    return 0
  } catch (error) {
    if (interrupted.aborted) return 0
    process.stderr.write(`${explain(error)}\n`)
    if (error instanceof MissingToolError) return error.exitCode
    return error instanceof PolicyError || error instanceof ConfigError || error instanceof Fault ? EXIT_CONFIG : 1
  } finally {
    for (const close of closers.toReversed()) await close()
  }
}

/** Starts everything. Resolves to the line with the PDP's address and the API key. */
async function serve({ pack, port, facts, engine }: Served, signal: AbortSignal, closers: Closer[]): Promise<string> {
  requireDevelopment(engine)
  const { step } = createProgress(process.stderr)
  const folder = resolve(pack)
  const file = facts ?? [join(folder, 'facts.yaml')].find((path) => existsSync(path))
  const known = file === undefined ? undefined : readFacts(file)
  const relations = await bringUpEngine(engine, step, signal, closers)
  const issuer = await listen(noKeys())
  closers.push(() => new Promise((done) => issuer.close(done)))
  const dataDir = mkdtempSync(join(tmpdir(), 'mandate-serve-'))
  closers.push(() => rmSync(dataDir, { recursive: true, force: true }))
  const pdp = await step(`PDP with ${basename(folder)}`, () => startOn(relations, issuer, { folder, port, dataDir }))
  closers.push(() => pdp.close())
  if (known) {
    const { domain, facts: all } = known.value
    await step('facts', () => pdp.operator.writeFacts(domain, all)).catch((error: unknown) => {
      throw atItsLine(error, known.where)
    })
    process.stderr.write(`${all.length} facts from ${file}\n`)
  }
  const expires = new Date(Date.now() + KEY_DAYS * DAY_MS).toISOString()
  return `url=${pdp.url} key=${await pdp.operator.createKey({ name: 'npm run serve', expires_at: expires })}`
}

/** @throws ConfigError as of a PDP with the same settings: the PDP itself does not get this process's environment. */
function requireDevelopment(engine: ServeEngine): void {
  if (engine === 'embedded' && process.env['NODE_ENV'] === 'production')
    throw new ConfigError([
      'NODE_ENV: the engine embedded is refused in production; try the pack without it, or with --engine openfga',
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
  return { OPENFGA_URL: openFga.url, OPENFGA_API_TOKEN: openFga.apiToken, OPENFGA_DEADLINE_MS: '5000' }
}

function readFacts(file: string) {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    throw new PolicyError(`${file}: cannot be read`, { cause })
  }
  return parseYaml(file, text, factsFileSchema)
}

/** Adds file and line to the PDP's error about one of the facts. */
function atItsLine(error: unknown, where: Whereabouts): unknown {
  const detail = error instanceof Fault ? (error.detail ?? '') : ''
  const at = /^facts\.(?<index>\d+)/u.exec(detail)?.groups?.['index']
  return at === undefined ? error : new PolicyError(`${where(['facts', Number(at)])}: ${detail}`, { cause: error })
}

function startOn(
  engine: Readonly<Record<string, string>>,
  issuer: Server,
  { folder, port, dataDir }: { readonly folder: string; readonly port: number; readonly dataDir: string },
): Promise<Pdp> {
  const issuerUrl = `http://${LOOPBACK}:${(issuer.address() as AddressInfo).port}`
  const { config } = parseConfig(
    {
      PDP_PORT: String(port),
      PDP_ISSUER: issuerUrl,
      PDP_JWKS_URL: `${issuerUrl}/jwks`,
      PDP_DATA_DIR: dataDir,
      PDP_LOG_ORIGIN: 'serve.invalid/log',
      PDP_PACKS: folder,
      PDP_SERVICE_PER_SECOND: '100000',
      PDP_ADDRESS_PER_SECOND: '100000',
      ...engine,
    },
    () => '',
  )
  return startPdp(config, pino({ level: 'warn' }, pino.destination(2)))
}

/** An issuer without keys: it accepts no token, so API keys are the only credentials. */
function noKeys(): Server {
  return createServer(requestTimeouts(), (_req, res) => {
    res.setHeader('content-type', 'application/json').end('{"keys":[]}')
  })
}

function listen(server: Server): Promise<Server> {
  return new Promise((done, reject) => {
    server.once('error', reject)
    server.listen(0, LOOPBACK, () => done(server))
  })
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
    error instanceof StartError ||
    error instanceof PolicyError ||
    error instanceof ConfigError
  if (inWords) return error.message
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')
    return `${error.message}. Choose another with --port, or none for a free one.`
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
