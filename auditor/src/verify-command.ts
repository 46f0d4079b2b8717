/**
 * `mandate-audit verify`: a whole log, or one entry by its proof. Offline, with pinned keys.
 *
 * @module
 */
import { readFile, stat } from 'node:fs/promises'
import { type AsyncSha256, canonical, parseSecret, SECRET_BYTES, verifyLogProof } from '@mandate/protocol'
import { sha256 } from './directory.ts'
import {
  type Given,
  isSet,
  keysOf,
  needed,
  noPositionals,
  type Surroundings,
  text,
  UsageError,
  writeWhole,
} from './given.ts'
import { EXIT, SourceError } from './http.ts'
import { notesIn } from './remembered.ts'
import { harmless } from './text.ts'
import { type VerifyOptions, type VerifyReport, verifyDirectory } from './verify.ts'
import { witnessesOf } from './witness/cli.ts'

const MAX_FINDINGS_SHOWN = 20

export async function verify(given: Given, surroundings: Surroundings): Promise<number> {
  noPositionals(given)
  const isOne = text(given, 'proof') !== undefined || text(given, 'entry') !== undefined
  return isOne ? verifyOne(given, surroundings) : verifyLog(given, surroundings)
}

/** One entry, with the proof that it is in a log. */
async function verifyOne(given: Given, { out }: Surroundings): Promise<number> {
  const proof = text(given, 'proof')
  const entry = text(given, 'entry')
  const keys = await keysOf(given)
  if (proof === undefined || entry === undefined || keys.length === 0)
    throw new UsageError('verify needs --proof, --entry and --key, or --dir and --key.')
  if (text(given, 'dir') !== undefined) throw new UsageError('Give either --proof and --entry, or --dir.')
  const leaf = leafIn(await needed(entry), entry)
  const verdict = await verifyLogProof(digest, { proof: await needed(proof), entry: leaf, keys })
  if (isSet(given, 'json')) {
    const { ok } = verdict
    const { size } = verdict.ok ? verdict.checkpoint : { size: undefined }
    out(`${JSON.stringify(ok ? { ok, index: verdict.index, origin: verdict.checkpoint.origin, size } : verdict)}\n`)
    return ok ? EXIT.ok : EXIT.failed
  }
  if (!verdict.ok) {
    out(`WRONG       ${harmless(verdict.objection)}\nFAILED: this is not what was logged\n`)
    return EXIT.failed
  }
  const { index, checkpoint, signedBy } = verdict
  const lines = [
    `log         ${checkpoint.origin}`,
    `entry       ${index} of ${checkpoint.size}`,
    `signed by   ${signedBy.map(({ name, keyId }) => `${name}+${keyId}`).join(', ')}`,
    'OK',
  ]
  out(`${lines.map(harmless).join('\n')}\n`)
  return EXIT.ok
}

const digest: AsyncSha256 = (data) => Promise.resolve(sha256(data))

/** The leaf of an entry that was saved: with or without its place in the log, however it is spaced. */
export function leafIn(written: string, name: string): Uint8Array {
  let value: unknown
  try {
    value = JSON.parse(written)
  } catch (cause) {
    throw new SourceError(EXIT.data, `${name} is not JSON`, { cause })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new SourceError(EXIT.data, `${name} holds no entry`)
  const { index: _index, origin: _origin, ...entry } = value as Readonly<Record<string, unknown>>
  return new TextEncoder().encode(canonical(entry))
}

async function verifyLog(given: Given, { out, progress }: Surroundings): Promise<number> {
  const directory = text(given, 'dir')
  const keys = await keysOf(given)
  if (directory === undefined || keys.length === 0) throw new UsageError('verify needs --dir and --key.')
  const file = text(given, 'checkpoint')
  const isRemembering = isSet(given, 'remember')
  if (isRemembering && file === undefined) throw new UsageError('--remember needs --checkpoint.')
  const remembered = file === undefined ? undefined : await readFile(file, 'utf8').catch(() => undefined)
  if (file !== undefined && remembered === undefined && !isRemembering) {
    throw new SourceError(EXIT.notFound, `${file} cannot be read`)
  }
  if (!(await stat(directory).catch(() => undefined))?.isDirectory()) {
    throw new SourceError(EXIT.notFound, `${directory} is no directory`)
  }
  const anchored = await anchoredOf(given)
  const { witnesses, quorum } = await witnessesOf(given.values)
  const began = performance.now()
  const onProgress = (checked: number, size: number): void =>
    progress?.(`${checked.toLocaleString('en')} of ${size.toLocaleString('en')} entries`)
  const sealed = await sealedOf(given)
  const report = await verifyDirectory({
    directory,
    keys,
    remembered,
    anchored,
    witnesses,
    quorum,
    sealed,
    onProgress,
  })
  progress?.(undefined)
  const isGood = report.findings.length === 0
  if (isGood && isRemembering && file !== undefined && report.checkpoint !== undefined) {
    await writeWhole(file, report.checkpoint)
  }
  out(
    isSet(given, 'json')
      ? `${JSON.stringify({ ok: isGood, ...report })}\n`
      : reportText(report, performance.now() - began),
  )
  return isGood ? EXIT.ok : EXIT.failed
}

/** An anchor without a checkpoint vouches for nothing: whoever names it thinks that it does. */
async function anchoredOf(given: Given): Promise<readonly string[] | undefined> {
  const file = text(given, 'anchor')
  if (file === undefined) return undefined
  const notes = notesIn(await needed(file))
  if (notes.length === 0) throw new SourceError(EXIT.data, `${file} holds no checkpoint`)
  return notes
}

/** How sealed entries are to be looked at. */
async function sealedOf(given: Given): Promise<VerifyOptions['sealed']> {
  const folder = text(given, 'archive')
  const file = text(given, 'archive-key')
  if ((folder === undefined) !== (file === undefined)) throw new UsageError('--archive and --archive-key go together.')
  if (folder === undefined || file === undefined) return isSet(given, 'sealed') ? 'by hash' : undefined
  const key = parseSecret((await needed(file)).trim())
  if (!key) throw new SourceError(EXIT.data, `${file} holds no key of ${SECRET_BYTES} bytes`)
  return { folder, key }
}

/** What verify prints. The last line is the verdict. */
function reportText(report: VerifyReport, tookMs: number): string {
  const { origin = 'unknown', size, root = '', signedBy, witnessed, pending, findings, notes } = report
  const perSecond = Math.round(size / (tookMs / 1000)).toLocaleString('en')
  const lines = [
    `log         ${origin}`,
    `checkpoint  ${size} entries, root ${root}`,
    `signed by   ${signedBy.join(', ') || 'nobody known'}`,
    ...witnessed.map(({ name, at }) => `witnessed   by ${name} at ${at}`),
    `read        in ${(tookMs / 1000).toFixed(1)} s, ${perSecond} entries/s`,
    `journal     ${pending} sequenced and not yet published`,
    ...notes.map((note) => `note        ${note}`),
  ]
  for (const { index, id, problem } of findings.slice(0, MAX_FINDINGS_SHOWN)) {
    lines.push(
      `WRONG       ${index === undefined ? '' : `entry ${index}${id === undefined ? '' : ` (${id})`}: `}${problem}`,
    )
  }
  if (findings.length > MAX_FINDINGS_SHOWN) lines.push(`            and ${findings.length - MAX_FINDINGS_SHOWN} more`)
  lines.push(findings.length === 0 ? 'OK' : 'FAILED: the log is not what was signed')
  return `${lines.map(harmless).join('\n')}\n`
}
