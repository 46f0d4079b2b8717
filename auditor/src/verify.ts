/**
 * Verifies a whole log on disk, offline, with pinned keys. Reads a live directory too: whatever is published while it reads is left for
 * the next time.
 *
 * @module
 */
import {
  leafHash,
  parseNote,
  TILE_WIDTH,
  toBase64,
  type VerifierKey,
  verifyCheckpoint,
  verifyCosignatures,
  type WitnessKey,
} from '@mandate/protocol'
import { contentObjection, type Sealed, type TileCheck } from './check.ts'
import { type NamedSegment, readCheckpoint, readJournal, sealedEntries, sha256, unpublished } from './directory.ts'
import { idIn, textOf } from './entry-text.ts'
import { addToOrder, judgeOrder, mergeOrder, newOrder, type Order } from './order.ts'
import { checkAll } from './pool.ts'
import { checkKept } from './remembered.ts'
import { judgeStrays, strayFiles } from './strays.ts'
import { type Examined, type Finding, judge, readLevels } from './tree.ts'

export interface VerifyOptions {
  readonly directory: string
  /** The pinned keys: one of them must have signed. */
  readonly keys: readonly VerifierKey[]
  /** A signed checkpoint from before: the log must go on from there. */
  readonly remembered?: string | undefined
  /** Checkpoints that an anchor gathered: likewise, each of them. */
  readonly anchored?: readonly string[] | undefined
  /** Pinned keys of witnesses, and how many of them must have cosigned. @default all */
  readonly witnesses?: readonly WitnessKey[]
  readonly quorum?: number | undefined
  /** Where sealed entries are, to be read; or that their hashes will do. Neither: that they are sealed is a finding. */
  readonly sealed?: { readonly folder: string; readonly key: Uint8Array<ArrayBuffer> } | 'by hash' | undefined
  /** Called now and then with how many entries have been read, of how many. */
  readonly onProgress?: (checked: number, size: number) => void
}

export interface VerifyReport {
  readonly origin: string | undefined
  /** Entries in the tree. */
  readonly size: number
  /** Base 64. */
  readonly root: string | undefined
  readonly signedBy: readonly string[]
  /** Names of the pinned witnesses that cosigned, and when, RFC 3339. */
  readonly witnessed: readonly { readonly name: string; readonly at: string }[]
  /** Entries that are sequenced and not yet in the tree. */
  readonly pending: number
  /** By index; those that concern no single entry come last. Empty: the log verifies. */
  readonly findings: readonly Finding[]
  /** Worth knowing, nothing wrong. */
  readonly notes: readonly string[]
  /** The checkpoint as it was read and verified. */
  readonly checkpoint: string | undefined
}

/** What a tile's check said of order is merged at once: there may be millions of them. */
const NO_ORDER = newOrder()

function general(problem: string): Finding {
  return { index: undefined, id: undefined, problem }
}

/** Verifies a log. Rejects only when it cannot be read at all; damage is in the report. */
export async function verifyDirectory(options: VerifyOptions): Promise<VerifyReport> {
  const { directory, keys, remembered, anchored = [], onProgress } = options
  const written = await readCheckpoint(directory)
  if (written === undefined) return failed('there is no checkpoint')
  const verdict = await verifyCheckpoint(written, keys)
  if (!verdict.ok) return failed(verdict.objection)
  const { origin, size, root } = verdict.checkpoint
  const checks: TileCheck[] = []
  const order = newOrder()
  let checked = 0
  const seal = await sealOf(options, origin)
  await checkAll(directory, size, seal.sealed, (begin, run) => {
    for (const [offset, check] of run.entries()) {
      checks[begin + offset] = { ...check, order: NO_ORDER }
      mergeOrder(order, check.order)
    }
    checked += run.length
    onProgress?.(Math.min(size, checked * TILE_WIDTH), size)
  })
  const examined: Examined = { directory, size, root, checks }
  const findings = [...judge(examined, await readLevels(examined))]
  // Strays are held against the tree: where that is damaged, there is nothing to hold them against.
  const strays = findings.length === 0 ? await strayFiles(directory, size) : []
  const journal = await checkJournal(directory, origin, keys, size)
  findings.push(...journal.findings)
  // Of entries that are not what was signed nothing follows.
  if (findings.length === 0) {
    mergeOrder(order, journal.order)
    findings.push(...judgeOrder(order))
  }
  const pending = (index: number): Uint8Array | undefined => journal.leaves[index - journal.published]
  findings.push(...(await judgeStrays(strays, { directory, size, published: journal.published, pending })))
  const known = { keys, now: verdict.checkpoint, examined }
  if (remembered !== undefined) findings.push(...(await checkKept('remembered', [remembered], known)))
  findings.push(...(await checkKept('anchored', anchored, known)))
  const { witnessed, findings: unwitnessed } = await checkWitnesses(written, options)
  findings.push(...unwitnessed, ...seal.findings)
  return {
    origin,
    size,
    root: toBase64(root),
    signedBy: verdict.signedBy.map(({ name, keyId }) => `${name}+${keyId}`),
    witnessed,
    pending: journal.leaves.length,
    findings: findings.toSorted((one, other) => (one.index ?? Number.MAX_VALUE) - (other.index ?? Number.MAX_VALUE)),
    notes: [...seal.notes, ...journal.notes],
    checkpoint: written,
  }
}

function failed(problem: string): VerifyReport {
  const nothing = {
    origin: undefined,
    size: 0,
    root: undefined,
    signedBy: [],
    witnessed: [],
    pending: 0,
    checkpoint: undefined,
  }
  return { ...nothing, findings: [general(problem)], notes: [] }
}

interface SealReport {
  readonly sealed: Sealed | undefined
  readonly findings: readonly Finding[]
  readonly notes: readonly string[]
}

/** Whoever could remove entries could also say that they are sealed: the auditor must have heard of it. */
async function sealOf({ directory, sealed }: VerifyOptions, origin: string): Promise<SealReport> {
  const entries = await sealedEntries(directory)
  if (entries === 0) return { sealed: undefined, findings: [], notes: [] }
  if (sealed === undefined) {
    const problem = `the first ${entries} entries are sealed: give --archive to read them, or --sealed to go by their hashes`
    return { sealed: { entries }, findings: [general(problem)], notes: [] }
  }
  if (sealed === 'by hash')
    return {
      sealed: { entries },
      findings: [],
      notes: [`the first ${entries} entries are sealed: their hashes were verified, they were not read`],
    }
  return {
    sealed: { entries, archive: { ...sealed, origin } },
    findings: [],
    notes: [`the first ${entries} entries were read from the archive`],
  }
}

/** Enough of the pinned witnesses must have cosigned; others count for nothing. */
async function checkWitnesses(
  checkpoint: string,
  { witnesses = [], quorum = witnesses.length }: VerifyOptions,
): Promise<Pick<VerifyReport, 'witnessed' | 'findings'>> {
  const verdict = await verifyCosignatures(parseNote(checkpoint), witnesses)
  if (!verdict.ok) return { witnessed: [], findings: [general(verdict.objection)] }
  const witnessed = verdict.cosigned.map(({ key, at }) => ({ name: key.name, at: new Date(at * 1000).toISOString() }))
  const isEnough = witnessed.length >= quorum
  const problem = `${witnessed.length} of ${witnesses.length} known witnesses cosigned the checkpoint; ${quorum} must have`
  return { witnessed, findings: isEnough ? [] : [general(problem)] }
}

interface JournalReport {
  /** Size of the newest published tree. */
  readonly published: number
  /** Leaf hashes of the entries above it. */
  readonly leaves: readonly Uint8Array[]
  readonly order: Order
  readonly findings: readonly Finding[]
  readonly notes: readonly string[]
}

const ATTEMPTS = 20

/** Reads the journal between two looks at the same checkpoint, so that nothing it should hold was published and trimmed meanwhile. */
async function steadyJournal(
  directory: string,
  keys: readonly VerifierKey[],
  size: number,
): Promise<{ readonly segments: readonly NamedSegment[]; readonly published: number }> {
  let before = await readCheckpoint(directory)
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const segments = await readJournal(directory)
    const after = await readCheckpoint(directory)
    if (after === before || attempt === ATTEMPTS - 1) {
      const verdict = await verifyCheckpoint(after ?? '', keys)
      return { segments, published: verdict.ok ? Math.max(size, verdict.checkpoint.size) : size }
    }
    before = after
  }
  return { segments: [], published: size }
}

async function checkJournal(
  directory: string,
  origin: string,
  keys: readonly VerifierKey[],
  size: number,
): Promise<JournalReport> {
  const { segments, published } = await steadyJournal(directory, keys, size)
  const { entries, missing } = unpublished(segments, published)
  const findings: Finding[] = []
  const notes: string[] = []
  const order = newOrder()
  for (const { name, origin: named, tail, rest } of segments) {
    const index = published + entries.length
    if (named !== undefined && named !== origin) findings.push(general(`journal/${name} is of another log, ${named}`))
    if (tail === 'torn')
      notes.push(`journal/${name} ends in ${rest.length} bytes of an unfinished record: never answered`)
    if (tail === 'broken' || tail === 'damaged')
      findings.push({ index, id: idIn(textOf(rest)), problem: `journal/${name} is damaged` })
  }
  if (missing !== undefined) findings.push({ index: missing, id: undefined, problem: 'is lost from the journal' })
  for (const [at, entry] of entries.entries()) {
    const text = textOf(entry)
    const problem = contentObjection(text)
    if (problem) findings.push({ index: published + at, id: idIn(text), problem: `in the journal ${problem}` })
    else addToOrder(order, published + at, text)
  }
  if (published > size) notes.push(`the log grew to ${published} entries meanwhile; ${size} were verified`)
  return { published, leaves: entries.map((entry) => leafHash(sha256, entry)), order, findings, notes }
}
