/**
 * `mandate-audit verify`: verifies a log directory, or one entry by its tlog-proof. Offline, with pinned keys.
 *
 * @module
 */
import { readFile } from 'node:fs/promises'
import { type AsyncSha256, canonical, parseSecret, SECRET_BYTES, verifyLogProof } from '@mandate/protocol'
import { pathObjection, unreadable } from '@mandate/service/path-objection'
import {
  hasFlag,
  type ParsedOptions,
  type ProcessIo,
  parseKeys,
  readRequiredFile,
  rejectPositionals,
  textOption,
  UsageError,
  writeFileAtomically,
} from './command-line.ts'
import { splitNotes } from './earlier-checkpoints.ts'
import { escapeControls } from './format-text.ts'
import { requireKeyOfLog } from './key-match.ts'
import { sha256 } from './log-directory.ts'
import { readCheckpointOrHint } from './source.ts'
import { EXIT, SourceError } from './source-error.ts'
import { type VerifyOptions, type VerifyReport, verifyDirectory } from './verify.ts'
import { witnessesOf } from './witness/cli.ts'

const MAX_FINDINGS_SHOWN = 20

export async function verify(options: ParsedOptions, io: ProcessIo): Promise<number> {
  rejectPositionals(options)
  const hasProof = textOption(options, 'proof') !== undefined || textOption(options, 'entry') !== undefined
  return hasProof ? verifyEntry(options, io) : verifyLog(options, io)
}

/** Verifies one entry with its proof. */
async function verifyEntry(options: ParsedOptions, { out }: ProcessIo): Promise<number> {
  const proof = textOption(options, 'proof')
  const entry = textOption(options, 'entry')
  const keys = await parseKeys(options)
  if (proof === undefined || entry === undefined || keys.length === 0)
    throw new UsageError('verify needs --proof, --entry and --key, or --dir and --key.')
  if (textOption(options, 'dir') !== undefined) throw new UsageError('Give either --proof and --entry, or --dir.')
  const leaf = parseLeaf(await readRequiredFile(entry), entry)
  const verdict = await verifyLogProof(digest, { proof: await readRequiredFile(proof), entry: leaf, keys })
  if (hasFlag(options, 'json')) {
    const { ok } = verdict
    const { size } = verdict.ok ? verdict.checkpoint : { size: undefined }
    out(`${JSON.stringify(ok ? { ok, index: verdict.index, origin: verdict.checkpoint.origin, size } : verdict)}\n`)
    return ok ? EXIT.ok : EXIT.failed
  }
  if (!verdict.ok) {
    out(`WRONG       ${escapeControls(verdict.objection)}\nFAILED: this is not what was logged\n`)
    return EXIT.failed
  }
  const { index, checkpoint, signedBy } = verdict
  const lines = [
    `log         ${checkpoint.origin}`,
    `entry       ${index} of ${checkpoint.size}`,
    `signed by   ${signedBy.map(({ name, keyId }) => `${name}+${keyId}`).join(', ')}`,
    'OK',
  ]
  out(`${lines.map(escapeControls).join('\n')}\n`)
  return EXIT.ok
}

const digest: AsyncSha256 = (data) => Promise.resolve(sha256(data))

/**
 * Canonical bytes of an entry in a JSON file: with or without `index` and `origin`, in any formatting.
 *
 * @param name - Of the file, for error messages.
 * @throws SourceError (exit 65) when the text is not a JSON object.
 */
export function parseLeaf(written: string, name: string): Uint8Array {
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

/** Verifies a log directory. */
async function verifyLog(options: ParsedOptions, { out, progress }: ProcessIo): Promise<number> {
  const { directory, keys, checkpointFile } = await verifyLogArguments(options)
  const { witnesses, quorum } = await witnessesOf(options.values)
  const remembered = await readEarlierCheckpoint(checkpointFile, options)
  const anchored = await readAnchor(options)
  const earlier = [...(remembered === undefined ? [] : [remembered]), ...(anchored ?? [])]
  requireKeyOfLog((await readCheckpointOrHint(directory)) ?? '', keys, earlier)
  const startedAt = performance.now()
  const report = await verifyDirectory({
    directory,
    keys,
    remembered,
    anchored,
    witnesses,
    quorum,
    archived: await archivedOption(options),
    onProgress: (checked, size) =>
      progress?.(`${checked.toLocaleString('en')} of ${size.toLocaleString('en')} entries`),
  })
  progress?.(undefined)
  const isGood = report.findings.length === 0
  if (isGood && hasFlag(options, 'remember') && checkpointFile !== undefined && report.checkpoint !== undefined) {
    await writeFileAtomically(checkpointFile, report.checkpoint)
  }
  out(
    hasFlag(options, 'json')
      ? `${JSON.stringify({ ok: isGood, ...report })}\n`
      : reportText(report, performance.now() - startedAt),
  )
  return isGood ? EXIT.ok : EXIT.failed
}

/** Directory, keys and `--checkpoint` file of a log's verification. */
async function verifyLogArguments(options: ParsedOptions) {
  const directory = textOption(options, 'dir')
  const keys = await parseKeys(options)
  if (directory === undefined || keys.length === 0) throw new UsageError('verify needs --dir and --key.')
  const checkpointFile = textOption(options, 'checkpoint')
  if (hasFlag(options, 'remember') && checkpointFile === undefined)
    throw new UsageError('--remember needs --checkpoint.')
  const objection = pathObjection(directory, 'folder')
  if (objection !== undefined) throw new SourceError(EXIT.notFound, objection)
  return { directory, keys, checkpointFile }
}

/** The checkpoint of an earlier verification. With `--remember` the file may not exist yet. */
async function readEarlierCheckpoint(file: string | undefined, options: ParsedOptions): Promise<string | undefined> {
  if (file === undefined) return undefined
  const written = await readFile(file, 'utf8').catch(() => undefined)
  if (written === undefined && !hasFlag(options, 'remember')) {
    throw new SourceError(EXIT.notFound, unreadable(file))
  }
  return written
}

/** Checkpoints of `--anchor`. An empty file is an error: it would verify nothing, against the user's expectation. */
async function readAnchor(options: ParsedOptions): Promise<readonly string[] | undefined> {
  const file = textOption(options, 'anchor')
  if (file === undefined) return undefined
  const notes = splitNotes(await readRequiredFile(file))
  if (notes.length === 0) throw new SourceError(EXIT.data, `${file} holds no checkpoint`)
  return notes
}

/** How archived ("sealed") entries are verified: `--archive` with `--archive-key`, or `--hashes-only` (also `--sealed`). */
async function archivedOption(options: ParsedOptions): Promise<VerifyOptions['archived']> {
  const folder = textOption(options, 'archive')
  const file = textOption(options, 'archive-key')
  if ((folder === undefined) !== (file === undefined))
    throw new UsageError('--archive and --archive-key must be given together.')
  if (folder === undefined || file === undefined)
    return hasFlag(options, 'sealed') || hasFlag(options, 'hashes-only') ? 'by hash' : undefined
  const key = parseSecret((await readRequiredFile(file)).trim())
  if (!key) throw new SourceError(EXIT.data, `${file} does not hold a key of ${SECRET_BYTES} bytes`)
  return { folder, key }
}

/** The report as text. The last line is the verdict. */
function reportText(report: VerifyReport, tookMs: number): string {
  const { origin = 'unknown', size, root = '', signedBy, witnessed, pending, findings, notes } = report
  const perSecond = Math.round(size / (tookMs / 1000)).toLocaleString('en')
  const lines = [
    `log         ${origin}`,
    `checkpoint  ${size} entries, root ${root}`,
    `signed by   ${signedBy.join(', ') || 'no known key'}`,
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
  return `${lines.map(escapeControls).join('\n')}\n`
}
