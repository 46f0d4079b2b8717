/**
 * The proof, checked here and now: the entry's canonical bytes are hashed, the hash is followed up the tree, and the tree's head is held
 * against the pinned key. WebCrypto does the cryptography; the server only delivers what is checked.
 *
 * @module
 */
import {
  type AsyncSha256,
  canonical,
  fromBase64,
  leafHashAsync,
  parseCheckpoint,
  parseLogProof,
  parseNote,
  parseVerifierKey,
  toBase64,
  type VerifierKey,
  verifyCheckpoint,
  verifyInclusionAsync,
} from '@mandate/protocol'

/** One thing that was checked. */
export interface Check {
  readonly name: 'leaf' | 'inclusion' | 'signature' | 'memory'
  readonly outcome: 'holds' | 'fails' | 'unknown'
  readonly says: string
  /** A hash, a key: what it was held against. */
  readonly evidence?: string
}

export interface ProofReport {
  /**
   * `holds`: all that could be checked, the signature by a pinned key among it. `partial`: it holds of the whole entry, of which this reader is not
   * shown all, so that what is shown could not be held against it.
   */
  readonly verdict: 'holds' | 'partial' | 'fails' | 'unpinned'
  readonly checks: readonly Check[]
  readonly tookMs: number
}

const sha256: AsyncSha256 = async (data) => new Uint8Array(await crypto.subtle.digest('SHA-256', new Uint8Array(data)))

/** An entry as it came over the wire: unknown members and all, since they were hashed too. */
export type RawEntry = Readonly<Record<string, unknown>>

/** The leaf's text: what was logged, without what the API adds. */
export function leafText({
  index: _index,
  origin: _origin,
  withheld: _withheld,
  leaf: _leaf,
  ...entry
}: RawEntry): string {
  return canonical(entry)
}

export async function pinnedKeys(texts: readonly string[]): Promise<readonly VerifierKey[]> {
  const keys = await Promise.all(texts.map((text) => parseVerifierKey(text).catch(() => undefined)))
  return keys.filter((key) => key !== undefined)
}

/** Checks one entry's proof. A malformed proof is a check that fails; never throws for what the server sent. */
export async function checkProof(entry: RawEntry, proof: string, keys: readonly VerifierKey[]): Promise<ProofReport> {
  const began = performance.now()
  const checks: Check[] = []
  try {
    const { index, hashes, checkpoint: written } = parseLogProof(proof)
    const { size, root, origin } = parseCheckpoint(parseNote(written).text)
    const { leaf, check } = await leafOf(entry, index)
    checks.push(check)
    const isIn = await verifyInclusionAsync(sha256, { leaf, index, size, root, proof: hashes })
    checks.push({
      name: 'inclusion',
      outcome: isIn ? 'holds' : 'fails',
      says: isIn
        ? `${hashes.length} hashes lead up to the root of ${size.toLocaleString('en')} entries`
        : 'The hashes do not lead to the root: this is not what was logged',
      evidence: toBase64(root),
    })
    checks.push(await signatureCheck(written, keys))
    // What does not hold is not remembered: a forged head must not accuse the true log later.
    if (['holds', 'partial'].includes(verdictOf(checks))) checks.push(remembered(origin, size, toBase64(root)))
  } catch (error) {
    const says =
      error instanceof SyntaxError ? `The proof cannot be read (${error.message})` : 'The proof cannot be checked'
    checks.push({ name: 'inclusion', outcome: 'fails', says })
  }
  return { verdict: verdictOf(checks), checks, tookMs: performance.now() - began }
}

/** The hash of the entry: made here of a whole one, and as the server gives it of one that is not shown whole. */
async function leafOf(entry: RawEntry, index: number): Promise<{ readonly leaf: Uint8Array; readonly check: Check }> {
  const { withheld, leaf: given } = entry
  const isWhole = !Array.isArray(withheld)
  const leaf = isWhole
    ? await leafHashAsync(sha256, new TextEncoder().encode(leafText(entry)))
    : fromBase64(String(given))
  if (!leaf) throw new SyntaxError('entry: malformed leaf hash')
  const isHere = index === entry['index']
  const says = isWhole
    ? 'Hashed here, as it was received'
    : `Its hash is the server's: you are not shown all of it (${withheld.join(', ').replaceAll('_', ' ')})`
  return {
    leaf,
    check: {
      name: 'leaf',
      outcome: !isHere ? 'fails' : isWhole ? 'holds' : 'unknown',
      says: isHere ? says : `The proof is about entry ${index}, not this one`,
      evidence: toBase64(leaf),
    },
  }
}

async function signatureCheck(written: string, keys: readonly VerifierKey[]): Promise<Check> {
  if (keys.length === 0)
    return { name: 'signature', outcome: 'unknown', says: 'No key is pinned here, so nobody says whose root this is' }
  const verdict = await verifyCheckpoint(written, keys)
  if (!verdict.ok)
    return { name: 'signature', outcome: 'fails', says: `No pinned key signed that root (${verdict.objection})` }
  const [signer] = verdict.signedBy
  return {
    name: 'signature',
    outcome: 'holds',
    says: 'The pinned key signed that root',
    evidence: signer ? `${signer.name}+${signer.keyId}` : '',
  }
}

const MEMORY = 'mandate:checkpoint:'

/** What this browser saw of a log before: a log that is now smaller, or as large with another root, was cut or forked. */
function remembered(origin: string, size: number, root: string): Check {
  const before = recall(origin)
  if (!before || size > before.size) keep(origin, { size, root })
  if (!before) return { name: 'memory', outcome: 'holds', says: 'First look: this browser remembers that root' }
  if (size < before.size)
    return {
      name: 'memory',
      outcome: 'fails',
      says: `This browser has seen ${before.size} entries; now there are ${size}`,
    }
  if (size === before.size && root !== before.root)
    return { name: 'memory', outcome: 'fails', says: 'This browser has seen another root for as many entries: a fork' }
  return {
    name: 'memory',
    outcome: 'holds',
    says: `It has not shrunk since the last look, ${before.size.toLocaleString('en')} entries`,
  }
}

function recall(origin: string): { readonly size: number; readonly root: string } | undefined {
  try {
    const [size = '', root = ''] = (localStorage.getItem(MEMORY + origin) ?? '').split(' ')
    return /^\d+$/u.test(size) && root !== '' ? { size: Number(size), root } : undefined
  } catch {
    return undefined
  }
}

function keep(origin: string, { size, root }: { readonly size: number; readonly root: string }): void {
  try {
    localStorage.setItem(MEMORY + origin, `${size} ${root}`)
  } catch {
    // A browser that keeps nothing forgets this too: the other checks do not need it.
  }
}

function verdictOf(checks: readonly Check[]): ProofReport['verdict'] {
  if (checks.some(({ outcome }) => outcome === 'fails')) return 'fails'
  const unknown = checks.filter(({ outcome }) => outcome === 'unknown').map(({ name }) => name)
  if (unknown.includes('signature')) return 'unpinned'
  return unknown.includes('leaf') ? 'partial' : 'holds'
}

/** What the newest checkpoint says, and whether a pinned key signed it. */
export interface Head {
  readonly origin: string
  readonly size: number
  readonly signature: Check
}

export async function headOf(written: string, keys: readonly VerifierKey[]): Promise<Head | undefined> {
  try {
    const { origin, size } = parseCheckpoint(parseNote(written).text)
    return { origin, size, signature: await signatureCheck(written, keys) }
  } catch {
    return undefined
  }
}
