/**
 * Command line options about witnesses: the `witness` command, and `--witness` and `--quorum` of `verify`.
 *
 * @module
 */
import { once } from 'node:events'
import { parseWitnessKey, type WitnessKey } from '@mandate/protocol'
import { UsageError } from '../usage-error.ts'
import type { RunningWitness, WitnessCommand } from './command.ts'

type Values = Readonly<Record<string, unknown>>

const listOf = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : [])

/** Runs a witness until Ctrl-C. Prints its address and its public key. */
export async function witness(
  { values }: { readonly values: Values },
  { out, untilInterrupted }: { readonly out: (text: string) => void; readonly untilInterrupted?: () => AbortSignal },
): Promise<number> {
  const { listen, log, state, name = 'mandate-witness.invalid' } = values
  if (typeof listen !== 'string' || typeof state !== 'string')
    throw new UsageError('witness needs --listen, --log and --state.')
  const running = await startOrUsageError({ listen, state, logs: listOf(log), name: String(name) }, (line) =>
    out(`${line}\n`),
  )
  out(`listening   ${running.url}\nkey         ${running.vkey}\n`)
  const signal = untilInterrupted?.()
  if (signal && !signal.aborted) await once(signal, 'abort')
  await running.close()
  return 0
}

/** Turns invalid options into a usage error. */
async function startOrUsageError(options: WitnessCommand, warn: (line: string) => void): Promise<RunningWitness> {
  // Imported here: verify reads its options with this module, and needs no HTTP server.
  const { startWitness } = await import('./command.ts')
  try {
    return await startWitness(options, warn)
  } catch (error) {
    if (error instanceof TypeError || error instanceof SyntaxError) throw new UsageError(error.message)
    throw error
  }
}

/** Parses `--witness` and `--quorum` of `verify`. @throws UsageError for an invalid key or number. */
export async function witnessesOf({
  witness: named,
  quorum,
}: Values): Promise<{ readonly witnesses: readonly WitnessKey[]; readonly quorum: number | undefined }> {
  let witnesses: readonly WitnessKey[]
  try {
    witnesses = await Promise.all(listOf(named).map(parseWitnessKey))
  } catch (error) {
    throw new UsageError(`--witness: ${error instanceof Error ? error.message : 'unreadable'}`)
  }
  if (quorum === undefined) return { witnesses, quorum }
  const enough = Number(quorum)
  if (!(Number.isInteger(enough) && enough >= 1 && enough <= witnesses.length))
    throw new UsageError('--quorum must be 1 to the number of --witness options')
  return { witnesses, quorum: enough }
}
