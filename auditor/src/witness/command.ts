/**
 * Starts a witness: creates or loads its key, opens its database, and listens.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import {
  formatWitnessKey,
  formatWitnessSecret,
  parseVerifierKey,
  parseWitnessSecret,
  type VerifierKey,
  type WitnessSigner,
  witnessSignerOf,
} from '@mandate/protocol'
import { type ListenerBounds, once } from '@mandate/service'
import { pathObjection } from '@mandate/service/path-objection'
import { readFileIfExists } from '../log-directory.ts'
import { serveWitness } from './server.ts'
import { WitnessStore } from './store.ts'

/** Options of `mandate-audit witness`. */
export interface WitnessCommand {
  /** `HOST:PORT`. */
  readonly listen: string
  /** `ORIGIN=VKEY`. An origin with several keys occurs several times. */
  readonly logs: readonly string[]
  /** Directory of the key and the database; created when absent. */
  readonly state: string
  /** Name for a key that is created: the witness's own, such as `witness.example/w1`. */
  readonly name: string
}

/** A listening witness. */
export interface RunningWitness {
  readonly url: string
  /** Verifier key, for log operators and auditors. */
  readonly vkey: string
  /** Closes all connections and the database. */
  readonly close: () => Promise<void>
}

/**
 * Starts a witness.
 *
 * @param say - Receives a line when a log signed an inconsistent checkpoint.
 * @throws TypeError for an invalid option, SyntaxError for an invalid key.
 */
export async function startWitness(
  { listen, logs, state, name }: WitnessCommand,
  say: (line: string) => void,
  bounds: ListenerBounds = {},
): Promise<RunningWitness> {
  const [, host = '', port = ''] = /^(\[.+\]|[^:]+):(\d{1,5})$/u.exec(listen) ?? []
  if (host === '') throw new TypeError('--listen must be HOST:PORT')
  const keysByOrigin = await parseLogs(logs)
  if (existsSync(state) && pathObjection(state, 'folder') !== undefined)
    throw new TypeError(`--state: ${pathObjection(state, 'folder')}`)
  await mkdir(state, { recursive: true, mode: 0o700 })
  const signer = await loadOrCreateSigner(join(state, 'witness.key'), name)
  const store = new WitnessStore(join(state, 'witness.db'))
  const onSuspicion = (what: string, note: string): void => say(`SUSPICIOUS  ${what}: ${JSON.stringify(note)}`)
  const now = (): number => Math.floor(Date.now() / 1000)
  const options = { signer, store, logs: keysByOrigin, now, onSuspicion }
  const listener = await serveWitness(options, { host: host.replace(/^\[|\]$/gu, ''), port: Number(port), ...bounds })
  return {
    url: listener.url,
    vkey: formatWitnessKey(signer.key),
    close: once(async () => {
      await listener.close()
      store.close()
    }),
  }
}

async function parseLogs(logs: readonly string[]): Promise<ReadonlyMap<string, readonly VerifierKey[]>> {
  const known = new Map<string, VerifierKey[]>()
  for (const log of logs) {
    const at = log.indexOf('=')
    const origin = log.slice(0, at)
    const key = await parseVerifierKey(log.slice(at + 1))
    if (at < 1 || key.name !== origin)
      throw new TypeError(`--log must be ORIGIN=VKEY with a key whose name is the origin: ${log}`)
    known.set(origin, [...(known.get(origin) ?? []), key])
  }
  if (known.size === 0) throw new TypeError('witness needs --log')
  return known
}

async function loadOrCreateSigner(path: string, name: string): Promise<WitnessSigner> {
  const written = await readFileIfExists(path)
  if (written) return parseWitnessSecret(new TextDecoder().decode(written))
  const seed = randomBytes(32)
  const signer = await witnessSignerOf(name, seed)
  const handle = await open(`${path}.tmp`, 'w', 0o600)
  try {
    await handle.writeFile(`${formatWitnessSecret(signer.key, seed)}\n`)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(`${path}.tmp`, path)
  return signer
}
