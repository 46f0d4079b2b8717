/**
 * Verifies an inclusion proof in the browser: hashes the entry's canonical bytes, checks the Merkle path to the root, and the root's signature by
 * a pinned key. Cryptography is WebCrypto's; the server only delivers data.
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

/** One step of the verification. */
export interface Check {
  readonly name: 'leaf' | 'inclusion' | 'signature' | 'memory'
  readonly outcome: 'holds' | 'fails' | 'unknown'
  readonly says: string
  /** The hash or key that was compared. */
  readonly evidence?: string
}

/** The result of a verification. */
export interface ProofReport {
  /**
   * `holds`: every check passed, including a pinned key's signature. `partial`: the proof holds for the whole entry, but this reader is shown only
   * a part of it, which could not be compared. `unpinned`: no key is pinned, so the signature was not checked.
   */
  readonly verdict: 'holds' | 'partial' | 'fails' | 'unpinned'
  readonly checks: readonly Check[]
  readonly tookMs: number
}

const sha256: AsyncSha256 = async (data) => new Uint8Array(await crypto.subtle.digest('SHA-256', new Uint8Array(data)))

/** An entry as it was received, with unknown members: they were hashed too. */
export type RawEntry = Readonly<Record<string, unknown>>

/** The canonical text that was logged: the entry without the members that the API adds. */
export function leafText({
  index: _index,
  origin: _origin,
  withheld: _withheld,
  leaf: _leaf,
  ...entry
}: RawEntry): string {
  return canonical(entry)
}

/** Parses verifier keys; malformed ones are left out. */
export async function pinnedKeys(texts: readonly string[]): Promise<readonly VerifierKey[]> {
  const keys = await Promise.all(texts.map((text) => parseVerifierKey(text).catch(() => undefined)))
  return keys.filter((key) => key !== undefined)
}

/** Verifies the proof of one entry. A malformed proof is a failed check; never throws for data of the server. */
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
    // Stores verified heads only: a forged one must not make the true log fail later.
    if (['holds', 'partial'].includes(verdictOf(checks))) checks.push(compareWithLastSeen(origin, size, toBase64(root)))
  } catch (error) {
    const says =
      error instanceof SyntaxError ? `The proof cannot be read (${error.message})` : 'The proof cannot be checked'
    checks.push({ name: 'inclusion', outcome: 'fails', says })
  }
  return { verdict: verdictOf(checks), checks, tookMs: performance.now() - began }
}

/** The leaf hash: computed of a whole entry; the server's of an entry that this reader is shown only in part. */
async function leafOf(entry: RawEntry, index: number): Promise<{ readonly leaf: Uint8Array; readonly check: Check }> {
  const { withheld, leaf: given } = entry
  const isWhole = !Array.isArray(withheld)
  const leaf = isWhole
    ? await leafHashAsync(sha256, new TextEncoder().encode(leafText(entry)))
    : fromBase64(String(given))
  if (!leaf) throw new SyntaxError('entry: malformed leaf hash')
  const isHere = index === entry['index']
  const says = isWhole
    ? 'Hashed in this browser, as received'
    : `Hash taken from the server: some members are hidden from you (${withheld.join(', ').replaceAll('_', ' ')})`
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
    return {
      name: 'signature',
      outcome: 'unknown',
      says: 'No key is pinned here, so the signature of the root was not checked',
    }
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

/** Compares with the head that this browser verified last: a smaller log was truncated, another root at the same size is a fork. */
function compareWithLastSeen(origin: string, size: number, root: string): Check {
  const before = recall(origin)
  if (!before || size > before.size) keep(origin, { size, root })
  if (!before)
    return {
      name: 'memory',
      outcome: 'holds',
      says: 'First verification in this browser: the root is stored for the next one',
    }
  if (size < before.size)
    return {
      name: 'memory',
      outcome: 'fails',
      says: `This browser has seen ${before.size} entries; now the log has ${size}`,
    }
  if (size === before.size && root !== before.root)
    return {
      name: 'memory',
      outcome: 'fails',
      says: 'This browser has seen another root for the same number of entries: a fork',
    }
  return {
    name: 'memory',
    outcome: 'holds',
    says: `The log has not shrunk since the last verification, ${before.size.toLocaleString('en')} entries`,
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
    // Without storage the next verification cannot compare; the other checks do not need it.
  }
}

function verdictOf(checks: readonly Check[]): ProofReport['verdict'] {
  if (checks.some(({ outcome }) => outcome === 'fails')) return 'fails'
  const unknown = checks.filter(({ outcome }) => outcome === 'unknown').map(({ name }) => name)
  if (unknown.includes('signature')) return 'unpinned'
  return unknown.includes('leaf') ? 'partial' : 'holds'
}

/** The newest checkpoint of a log, and whether a pinned key signed it. `root`: hash of the tree, base64. */
export interface Head {
  readonly origin: string
  readonly size: number
  readonly root: string
  readonly signature: Check
}

/** Parses a checkpoint and checks its signature; `undefined` when it is malformed. */
export async function headOf(written: string, keys: readonly VerifierKey[]): Promise<Head | undefined> {
  try {
    const { origin, size, root } = parseCheckpoint(parseNote(written).text)
    return { origin, size, root: toBase64(root), signature: await signatureCheck(written, keys) }
  } catch {
    return undefined
  }
}
