/**
 * Fake decision log with pseudonyms, valid proofs, and any length.
 *
 * @module
 */
import {
  type AsyncSha256,
  decisionQuerySchema,
  entryMatches,
  formatLogProof,
  formatVerifierKey,
  type Grant,
  gateCodeSchema,
  type Link,
  type LoggedEntry,
  leafHashAsync,
  type Replay,
  signCheckpoint,
  signerOf,
} from '@mandate/protocol'
import { leafText } from '@mandate/ui'
import type { Input } from '../../src/shared/channel.ts'
import type { ActivityPage, Proof } from '../../src/shared/views.ts'
import { AGENT, chain, inDays, MILAN, toAgent, toYannick, ulid } from './world.ts'

export const PSEUDONYM = 'user:p_aV3kq8Zt1Lw5Yx9Bn2Rc7d'
const YANNICK = 'user:p_fJ6mh0Gs4Ue8Pi2Qo5Kz1t'
const STRANGER = 'user:p_xW9rb3Nd7Cv1Hy6Ml4Ta8g'
const ORIGIN = 'log.example.org/mandate'
const HOTEL = { root: `workflow:${MILAN}`, resource: `workflow_item:${ulid(11)}` }

const logged: readonly Link[] = chain.map((link) => ({
  ...link,
  delegator: link.grant === toYannick.id ? PSEUDONYM : YANNICK,
  delegate: link.grant === toYannick.id ? YANNICK : AGENT,
}))

const told: readonly Partial<LoggedEntry>[] = [
  {
    decision: false,
    subject: YANNICK,
    actor: AGENT,
    action: 'execute',
    ...HOTEL,
    owner: PSEUDONYM,
    chain: [...logged],
    reasons: [
      {
        code: gateCodeSchema.parse('price_above_limit'),
        gate: 'price',
        attribute: 'planned_price',
        limit: 410_000,
        actual: 420_000,
        currency: 'EUR',
      },
    ],
    attributes: { 'planned_price.EUR': 420_000, starts_at: inDays(60), risk: 1 },
  },
  {
    decision: true,
    subject: YANNICK,
    actor: AGENT,
    action: 'execute',
    root: HOTEL.root,
    resource: `workflow_item:${ulid(12)}`,
    owner: PSEUDONYM,
    chain: [...logged],
    reasons: [{ code: 'delegated' }],
    attributes: { 'planned_price.EUR': 12_000, starts_at: inDays(60), risk: 0 },
  },
  {
    decision: false,
    subject: STRANGER,
    action: 'read',
    resource: HOTEL.root,
    owner: PSEUDONYM,
    chain: [],
    reasons: [{ code: 'no_grant' }],
  },
  {
    kind: 'grant_issued',
    target: toAgent.id,
    owner: PSEUDONYM,
    change: { delegator: YANNICK, delegate: AGENT, actions: ['read', 'execute'], scope: HOTEL.root },
  },
  {
    decision: true,
    subject: YANNICK,
    action: 'read',
    resource: HOTEL.root,
    owner: PSEUDONYM,
    chain: logged.slice(0, 1),
    reasons: [{ code: 'delegated' }],
  },
  {
    kind: 'grant_issued',
    target: toYannick.id,
    owner: PSEUDONYM,
    change: { delegator: PSEUDONYM, delegate: YANNICK, actions: ['read', 'execute'], scope: HOTEL.root },
  },
  { kind: 'invitation_changed', owner: PSEUDONYM, change: { status: 'confirmed' } },
  {
    kind: 'persona_changed',
    owner: PSEUDONYM,
    change: { title: 'traveler', circle: 'family', status: 'active', autonomy: { consent: true, limits: {} } },
  },
  {
    decision: true,
    subject: PSEUDONYM,
    action: 'read',
    resource: HOTEL.root,
    owner: PSEUDONYM,
    chain: [],
    reasons: [{ code: 'owner' }],
  },
  { kind: 'resource_registered', owner: PSEUDONYM, resource: HOTEL.root },
]

const MINUTES = 1 / 1_440
/** Time between entries, in days. */
const APART = 17 * MINUTES

/** The entry of a revocation. */
export function endOf({ id }: Grant, [newest]: readonly LoggedEntry[]): LoggedEntry {
  const index = (newest?.index ?? 0) + 1
  const change = { by: PSEUDONYM }
  return { v: 1, id: ulid(90_000), at: inDays(0), kind: 'grant_revoked', index, owner: PSEUDONYM, target: id, change }
}

/** Entries, newest first. @param least - Minimum number; the story repeats. */
export function entriesOf(least: number): readonly LoggedEntry[] {
  const count = Math.max(told.length, least)
  return Array.from({ length: count }, (_, at) => ({
    v: 1,
    id: ulid(20_000 + count - at),
    at: inDays(-0.01 - at * APART),
    kind: 'evaluation',
    index: 4_000 + count - at,
    origin: ORIGIN,
    policy: 'travel@9f2c61d4',
    ...told[at % told.length],
  }))
}

export function pageOf(entries: readonly LoggedEntry[], query: Input<'activity.list'> = {}): ActivityPage {
  const { limit, cursor = '0', ...filter } = decisionQuerySchema.parse(query)
  const found = entries.filter((entry) => entryMatches(entry, filter))
  const from = Number(cursor)
  const next = from + limit
  return {
    entries: found.slice(from, next),
    total: found.length,
    ...(next < found.length ? { next_cursor: String(next) } : {}),
  }
}

const sha256: AsyncSha256 = async (data) => new Uint8Array(await crypto.subtle.digest('SHA-256', new Uint8Array(data)))
const NODE_PREFIX = 1

/** A proof for the entry as the last leaf of a tree with arbitrary other subtrees. */
export async function proofOf(entry: LoggedEntry): Promise<Proof> {
  const signer = await signerOf(ORIGIN, new Uint8Array(32).fill(7))
  let root = await leafHashAsync(sha256, new TextEncoder().encode(leafText(entry)))
  const hashes: Uint8Array[] = []
  for (let rest = entry.index, at = 0; rest > 0; rest >>= 1, at += 1) {
    if (rest % 2 === 0) continue
    const before = await sha256(Uint8Array.of(at))
    hashes.push(before)
    root = await sha256(Uint8Array.of(NODE_PREFIX, ...before, ...root))
  }
  const checkpoint = await signCheckpoint({ origin: ORIGIN, size: entry.index + 1, root, extensions: [] }, signer)
  return {
    entry: JSON.stringify(entry),
    proof: formatLogProof({ index: entry.index, hashes, checkpoint }),
    keys: [formatVerifierKey(signer.verifierKey)],
  }
}

/** A proof that does not fit the entry. */
export async function forged(entry: LoggedEntry): Promise<Proof> {
  const proof = await proofOf(entry)
  return { ...proof, entry: JSON.stringify({ ...entry, action: 'read' }) }
}

/** A replay after the grant was revoked. */
export function replayed({ at, decision = false, reasons = [], chain: before = [] }: LoggedEntry): Replay {
  return {
    // biome-ignore lint/suspicious/noThenProperty: it is the answer's word
    then: { at, decision, reasons, chain: before },
    now: { at: inDays(0), decision: false, reasons: [{ code: 'grant_revoked' }], chain: before },
    differs: decision ? ['decision', 'reasons'] : ['reasons'],
  }
}
