/**
 * Maps callers to readers of decisions and entries, for the disclosure rule ({@link disclose}).
 *
 * @module
 */
import { createHash } from 'node:crypto'
import {
  disclose,
  type Entry,
  hidesPersonas,
  type LoggedEntry,
  leafBytes,
  type Reader,
  type ResourceRef,
  type Standing,
  splitRef,
  standingOf,
} from '@mandate/protocol'
import type { Evaluation } from '../decide/evaluation.ts'
import type { Verdict } from '../decide/verdict.ts'
import type { Principal } from '../pap/pap.ts'
import type { Policies } from '../policy/pack.ts'

/** Prefix of a hashed leaf (RFC 6962, section 2.1). */
const LEAF = Uint8Array.of(0)

const partiesOf = ({ party, actor }: Principal): readonly string[] => [party, actor].filter((one) => one !== undefined)

/** Reader of log entries: a person as a party, an auditor of all. Services read none. */
export const readerOfEntries = (by: Principal): Reader => ({
  seesAll: by.roles.includes('auditor'),
  parties: partiesOf(by),
  inPerson: by.inPerson,
})

/** Reader of a decision: in addition the service of the resource type. A decision about an unknown type is disclosed to every service. */
export function readerOfAnswer(by: Principal, resource: ResourceRef, { byType }: Pick<Policies, 'byType'>): Reader {
  const { type } = splitRef(resource)
  const isKeeper = by.types?.includes(type) === true || (by.types !== undefined && !byType.has(type))
  return { ...readerOfEntries(by), seesAll: by.roles.includes('auditor') || isKeeper }
}

/** Reader to whom a service passes the decision on: the subject or actor of the request. */
export const readerAskedFor = ({ subject, actor }: Evaluation): Reader => ({
  seesAll: false,
  parties: [subject, ...(actor ? [actor] : [])],
  inPerson: actor === undefined,
})

export const standingIn = ({ owner, decision, chain, broken = [] }: Verdict, reader: Reader): Standing =>
  standingOf({ kind: 'evaluation', owner, decision, chain: [...chain], broken: [...broken] }, reader)

/** Whether the reader may not learn which personas the subject holds. */
export const hidesPersonasIn = ({ chain }: Verdict, reader: Reader): boolean =>
  hidesPersonas({ kind: 'evaluation', chain: [...chain] }, reader)

/** Limits an entry to what a reader may know. A shortened entry carries the leaf hash that its proof refers to. */
export function shownTo(reader: Reader): (entry: LoggedEntry) => LoggedEntry {
  return (entry) => {
    const shown = disclose<LoggedEntry>(entry, reader)
    return shown.withheld ? { ...shown, leaf: leafHash(entry) } : shown
  }
}

const leafHash = (entry: Entry & Pick<LoggedEntry, 'index'>): string =>
  createHash('sha256').update(LEAF).update(leafBytes(entry)).digest('base64')
