/**
 * Who reads an answer or an entry, for the one rule of what they may know of it ({@link disclose}).
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

/** RFC 6962, section 2.1: what is hashed before a leaf. */
const LEAF = Uint8Array.of(0)

const partiesOf = ({ party, actor }: Principal): readonly string[] => [party, actor].filter((one) => one !== undefined)

/** Of the log: people what they are a party to, auditors all. Services read none. */
export const readerOfEntries = (by: Principal): Reader => ({
  seesAll: by.roles.includes('auditor'),
  parties: partiesOf(by),
  inPerson: by.inPerson,
})

/** Of an answer: also the service that keeps the type; one that no domain has is nobody's, and its misspelling no secret. */
export function readerOfAnswer(by: Principal, resource: ResourceRef, { byType }: Pick<Policies, 'byType'>): Reader {
  const { type } = splitRef(resource)
  const isKeeper = by.types?.includes(type) === true || (by.types !== undefined && !byType.has(type))
  return { ...readerOfEntries(by), seesAll: by.roles.includes('auditor') || isKeeper }
}

/** Whom a service asks for: the one to whom it passes the answer on. */
export const readerAskedFor = ({ subject, actor }: Evaluation): Reader => ({
  seesAll: false,
  parties: [subject, ...(actor ? [actor] : [])],
  inPerson: actor === undefined,
})

export const standingIn = ({ owner, decision, chain, broken = [] }: Verdict, reader: Reader): Standing =>
  standingOf({ kind: 'evaluation', owner, decision, chain: [...chain], broken: [...broken] }, reader)

/** Whether the answer may not tell its reader which personas the subject holds. */
export const hidesPersonasIn = ({ chain }: Verdict, reader: Reader): boolean =>
  hidesPersonas({ kind: 'evaluation', chain: [...chain] }, reader)

/** An entry as a reader may see it; of one that is not whole, with the hash that its proof is about. */
export function shownTo(reader: Reader): (entry: LoggedEntry) => LoggedEntry {
  return (entry) => {
    const shown = disclose<LoggedEntry>(entry, reader)
    return shown.withheld ? { ...shown, leaf: leafHash(entry) } : shown
  }
}

const leafHash = (entry: Entry & Pick<LoggedEntry, 'index'>): string =>
  createHash('sha256').update(LEAF).update(leafBytes(entry)).digest('base64')
