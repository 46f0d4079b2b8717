/**
 * Verification of a whole log directory, offline, with pinned keys. The directory may be live: entries published during the verification are not
 * verified.
 *
 * @module
 */
import {
  type Checkpoint,
  leafHash,
  parseNote,
  TILE_WIDTH,
  toBase64,
  type VerifierKey,
  verifyCheckpoint,
  verifyCosignatures,
  type WitnessKey,
} from '@mandate/protocol'
import { type ArchivedPrefix, type BundleCheck, contentObjection } from './bundle-check.ts'
import { checkEarlierCheckpoints } from './earlier-checkpoints.ts'
import { decodeText, findId } from './entry-text.ts'
import { addEntry, emptyTimeline, findViolations, type GrantTimeline, mergeTimeline } from './grant-timeline.ts'
import {
  archivedEntryCount,
  type NamedSegment,
  readCheckpoint,
  readJournal,
  sha256,
  unpublishedEntries,
} from './log-directory.ts'
import { checkOrphanedTiles, findOrphanedTiles } from './orphaned-tiles.ts'
import { type CheckedTree, type Finding, findTreeProblems, readLevels } from './tree-check.ts'
import { checkAllBundles } from './worker-pool.ts'

/** What to verify, and with which keys. */
export interface VerifyOptions {
  readonly directory: string
  /** Pinned keys of the log: one of them must have signed the checkpoint. */
  readonly keys: readonly VerifierKey[]
  /** A signed checkpoint of an earlier verification: the log must be consistent with it. */
  readonly remembered?: string | undefined
  /** Signed checkpoints that an anchor kept: the log must be consistent with each. */
  readonly anchored?: readonly string[] | undefined
  /** Pinned keys of witnesses. */
  readonly witnesses?: readonly WitnessKey[]
  /** How many of the witnesses must have cosigned. @default all */
  readonly quorum?: number | undefined
  /** Archive of old entries with its key (32 bytes), or `by hash` to verify only their hashes. When absent, archived entries are a finding. */
  readonly archived?: { readonly folder: string; readonly key: Uint8Array<ArrayBuffer> } | 'by hash' | undefined
  /** Progress: number of entries checked so far, and in total. */
  readonly onProgress?: (checked: number, size: number) => void
}

/** Result of a verification. */
export interface VerifyReport {
  readonly origin: string | undefined
  /** Number of entries in the tree. */
  readonly size: number
  /** Root of the tree, base64. */
  readonly root: string | undefined
  /** Pinned keys that signed the checkpoint: `name+keyId`. */
  readonly signedBy: readonly string[]
  /** Pinned witnesses that cosigned, and when (RFC 3339). */
  readonly witnessed: readonly { readonly name: string; readonly at: string }[]
  /** Number of entries in the journal that are not in the tree yet. */
  readonly pending: number
  /** Problems, by index; those about no particular entry are last. Empty when the log verifies. */
  readonly findings: readonly Finding[]
  /** Remarks that are not problems. */
  readonly notes: readonly string[]
  /** The verified checkpoint, a signed note. */
  readonly checkpoint: string | undefined
}

/** Replaces the timeline of a check after merging, to free its memory: a log can have millions of checks. */
const MERGED = emptyTimeline()

function general(problem: string): Finding {
  return { index: undefined, id: undefined, problem }
}

/** Verifies a log. Rejects only when files exist and cannot be read; everything else, damage included, is in the report. */
export async function verifyDirectory(options: VerifyOptions): Promise<VerifyReport> {
  const { directory, keys } = options
  const written = await readCheckpoint(directory)
  if (written === undefined) return failed('there is no checkpoint')
  const verdict = await verifyCheckpoint(written, keys)
  if (!verdict.ok) return failed(verdict.objection)
  const { origin, size, root } = verdict.checkpoint
  const archive = await archiveOf(options, origin)
  const { checks, timeline } = await checkBundlesOf(size, archive.archived, options)
  const tree: CheckedTree = { directory, size, root, checks }
  const { journal, findings } = await checkTreeAndJournal(tree, timeline, { origin, keys })
  findings.push(...(await earlierFindings(options, verdict.checkpoint, tree)))
  const { witnessed, findings: unwitnessed } = await checkWitnesses(written, options)
  findings.push(...unwitnessed, ...archive.findings)
  return {
    origin,
    size,
    root: toBase64(root),
    signedBy: verdict.signedBy.map(({ name, keyId }) => `${name}+${keyId}`),
    witnessed,
    pending: journal.leaves.length,
    findings: findings.toSorted((one, other) => (one.index ?? Number.MAX_VALUE) - (other.index ?? Number.MAX_VALUE)),
    notes: [...archive.notes, ...journal.notes],
    checkpoint: written,
  }
}

/** Checks all bundles, and merges their timelines. */
async function checkBundlesOf(
  size: number,
  archived: ArchivedPrefix | undefined,
  { directory, onProgress }: VerifyOptions,
): Promise<{ readonly checks: readonly BundleCheck[]; readonly timeline: GrantTimeline }> {
  const checks: BundleCheck[] = []
  const timeline = emptyTimeline()
  let checked = 0
  await checkAllBundles(directory, size, archived, (begin, results) => {
    for (const [offset, check] of results.entries()) {
      checks[begin + offset] = { ...check, timeline: MERGED }
      mergeTimeline(timeline, check.timeline)
    }
    checked += results.length
    onProgress?.(Math.min(size, checked * TILE_WIDTH), size)
  })
  return { checks, timeline }
}

/** Checks the tree, the journal, the use of ended grants, and orphaned tiles. */
async function checkTreeAndJournal(
  tree: CheckedTree,
  timeline: GrantTimeline,
  { origin, keys }: { readonly origin: string; readonly keys: readonly VerifierKey[] },
): Promise<{ readonly journal: JournalReport; readonly findings: Finding[] }> {
  const { directory, size } = tree
  const findings = [...findTreeProblems(tree, await readLevels(tree))]
  // Orphaned tiles are compared with the tree, which must be intact for that. They are listed before the journal is read: tiles that a live log
  // writes afterwards would belong to entries that the journal did not have yet.
  const orphans = findings.length === 0 ? await findOrphanedTiles(directory, size) : []
  const journal = await checkJournal(directory, origin, keys, size)
  const { published } = journal
  findings.push(...journal.findings)
  // The timeline is evaluated only when all entries are authentic.
  if (findings.length === 0) {
    mergeTimeline(timeline, journal.timeline)
    findings.push(...findViolations(timeline))
  }
  const pending = (index: number): Uint8Array | undefined => journal.leaves[index - published]
  findings.push(...(await checkOrphanedTiles(orphans, { directory, size, published, pending })))
  return { journal, findings }
}

/** Checks consistency with the earlier checkpoints of the auditor and of the anchor. */
async function earlierFindings(
  { keys, remembered, anchored = [] }: VerifyOptions,
  now: Checkpoint,
  tree: CheckedTree,
): Promise<readonly Finding[]> {
  const log = { keys, now, tree }
  const own = remembered === undefined ? [] : await checkEarlierCheckpoints('remembered', [remembered], log)
  return [...own, ...(await checkEarlierCheckpoints('anchored', anchored, log))]
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

interface ArchiveReport {
  readonly archived: ArchivedPrefix | undefined
  readonly findings: readonly Finding[]
  readonly notes: readonly string[]
}

/**
 * Decides how archived entries are verified. Without an explicit option they are a finding: an attacker who removes entries could claim that they
 * were archived.
 */
async function archiveOf({ directory, archived }: VerifyOptions, origin: string): Promise<ArchiveReport> {
  const entries = await archivedEntryCount(directory)
  if (entries === 0) return { archived: undefined, findings: [], notes: [] }
  if (archived === undefined) {
    const problem = `the first ${entries} entries are sealed (archived): give --archive to read them, or --hashes-only to verify only their hashes`
    return { archived: { entries }, findings: [general(problem)], notes: [] }
  }
  if (archived === 'by hash') {
    const note = `the first ${entries} entries are sealed (archived): their hashes were verified, they were not read`
    return { archived: { entries }, findings: [], notes: [note] }
  }
  const note = `the first ${entries} entries were read from the archive`
  return { archived: { entries, archive: { ...archived, origin } }, findings: [], notes: [note] }
}

/** Checks that enough of the pinned witnesses cosigned the checkpoint. Other cosignatures are ignored. */
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

/** Result of checking the journal: entries that are not in the tree yet. */
interface JournalReport {
  /** Size of the newest published tree. */
  readonly published: number
  /** Leaf hashes of the journal's entries above that tree. */
  readonly leaves: readonly Uint8Array[]
  readonly timeline: GrantTimeline
  readonly findings: readonly Finding[]
  readonly notes: readonly string[]
}

const ATTEMPTS = 20

/** Reads the journal and the checkpoint consistently: retries when the writer published a checkpoint, and so trimmed the journal, in between. */
async function readSteadyJournal(
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
  const { segments, published } = await readSteadyJournal(directory, keys, size)
  const { entries, missing } = unpublishedEntries(segments, published)
  const findings: Finding[] = []
  const notes: string[] = []
  const timeline = emptyTimeline()
  for (const { name, origin: named, tail, rest } of segments) {
    const index = published + entries.length
    if (named !== undefined && named !== origin) findings.push(general(`journal/${name} is of another log, ${named}`))
    if (tail === 'torn')
      notes.push(`journal/${name} ends in ${rest.length} bytes of an unfinished record: never answered`)
    if (tail === 'broken' || tail === 'damaged')
      findings.push({ index, id: findId(decodeText(rest)), problem: `journal/${name} is damaged` })
  }
  if (missing !== undefined) findings.push({ index: missing, id: undefined, problem: 'is lost from the journal' })
  for (const [at, entry] of entries.entries()) {
    const text = decodeText(entry)
    const problem = contentObjection(text)
    if (problem) findings.push({ index: published + at, id: findId(text), problem: `in the journal ${problem}` })
    else addEntry(timeline, published + at, text)
  }
  if (published > size) notes.push(`the log grew to ${published} entries meanwhile; ${size} were verified`)
  return { published, leaves: entries.map((entry) => leafHash(sha256, entry)), timeline, findings, notes }
}
