/**
 * The order of permits and of what ended their grants. A permit is recorded after it was decided, so it may stand behind the end of its grant; its
 * `as_of` says how many entries the log had before it was decided, and an end among those was in force. Entries from before there was an
 * `as_of` say nothing.
 *
 * @module
 */
import { idIn } from './entry-text.ts'

/** Longer than any request lives: a PDP that says that it decided earlier would have an excuse for any permit. */
export const MAX_UNRECORDED_MS = 60_000

/** A permit by a grant: the one that was decided last, going by its `as_of`. */
export interface Use {
  readonly position: number
  readonly index: number
  readonly id: string | undefined
}

/** What a run of entries says about order. Structured-clonable. */
export interface Order {
  /** By grant. */
  readonly used: Map<string, Use>
  /** By grant: the index of the entry that ended it. */
  readonly ended: Map<string, number>
  /** Entries whose `as_of` cannot be. */
  readonly impossible: { readonly index: number; readonly id: string | undefined; readonly problem: string }[]
}

export const newOrder = (): Order => ({ used: new Map(), ended: new Map(), impossible: [] })

const AS_OF = /"as_of":\{"at":"([^"]+)","position":(\d+)\},"at":"([^"]+)"/u
/** Of a chain's links: in a reason nothing follows that is called scope. */
const LINK_GRANT = /"grant":"([^"\\]+)","scope":/gu
const TARGET = /"target":"([^"\\]+)"/u

/** Takes in one entry: its canonical text. */
export function addToOrder(order: Order, index: number, text: string): void {
  if (text.includes('"kind":"grant_revoked"')) {
    const [, grant] = TARGET.exec(text) ?? []
    if (grant && index < (order.ended.get(grant) ?? Number.POSITIVE_INFINITY)) order.ended.set(grant, index)
    return
  }
  const [, decided = '', written = '', recorded = ''] = AS_OF.exec(text) ?? []
  if (!written) return
  const position = Number(written)
  const id = idIn(text)
  const problem = objection(index, position, Date.parse(recorded) - Date.parse(decided))
  if (problem) order.impossible.push({ index, id, problem })
  if (!text.includes('"decision":true')) return
  for (const [, grant = ''] of text.matchAll(LINK_GRANT))
    if (position > (order.used.get(grant)?.position ?? -1)) order.used.set(grant, { position, index, id })
}

function objection(index: number, position: number, unrecordedMs: number): string | undefined {
  if (position > index) return `says that it was decided when the log had ${position} entries, more than come before it`
  if (unrecordedMs < 0) return 'says that it was decided after it was recorded'
  if (unrecordedMs > MAX_UNRECORDED_MS)
    return `says that it was decided ${Math.round(unrecordedMs / 1000)} s before it was recorded`
  return undefined
}

/** Takes in what another run said. */
export function mergeOrder(order: Order, more: Order): void {
  for (const [grant, use] of more.used)
    if (use.position > (order.used.get(grant)?.position ?? -1)) order.used.set(grant, use)
  for (const [grant, index] of more.ended)
    if (index < (order.ended.get(grant) ?? Number.POSITIVE_INFINITY)) order.ended.set(grant, index)
  order.impossible.push(...more.impossible)
}

/** What an honest PDP cannot have recorded. */
export function judgeOrder({ used, ended, impossible }: Order): Order['impossible'] {
  const findings = [...impossible]
  for (const [grant, { position, index, id }] of used) {
    const end = ended.get(grant)
    if (end === undefined || end >= position) continue
    const problem = `permits by grant ${grant}, which entry ${end} had ended before it was decided, when the log had ${position} entries`
    findings.push({ index, id, problem })
  }
  return findings
}
