/**
 * `npm run pins`: downloads the package of every piece for every platform (700 MB), verifies its checksum, and that the program in it is for that platform.
 * For use after a pin was changed. Programs of other platforms are not run. Exit 1 when something is wrong.
 *
 * @module
 */
import { createReadStream, createWriteStream, existsSync, mkdtempSync } from 'node:fs'
import { open, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createBrotliDecompress } from 'node:zlib'
import { platformsOf } from './executable.ts'
import { downloadPiece, type PinnedPiece } from './fetch-piece.ts'
import { PIECES, type Piece, type Platform } from './pieces.ts'
import { unpackArchive } from './unpack.ts'

/** Checks one package. @returns What is wrong with it, or `undefined`. @throws MissingToolError, StartError as `downloadPiece`. */
async function objectionTo(piece: PinnedPiece, platform: Platform | 'any', work: string): Promise<string | undefined> {
  const archive = await downloadPiece(piece, work)
  await unpackArchive(archive, join(work, 'unpacked'))
  const root = join(work, 'unpacked', piece.root)
  if (piece.links !== undefined && !existsSync(join(root, piece.links))) return `${piece.links} is missing`
  if ('file' in piece.check)
    return existsSync(join(root, piece.check.file)) ? undefined : `${piece.check.file} is missing`
  const program = join(root, piece.check.program)
  if (piece.inner?.includes(`${piece.check.program}.br`))
    await pipeline(createReadStream(`${program}.br`), createBrotliDecompress(), createWriteStream(program))
  if (!existsSync(program)) return `${piece.check.program} is missing; there are ${(await readdir(root)).join(', ')}`
  const platforms = platformsOf(await headOf(program))
  return platforms.some((one) => one === platform)
    ? undefined
    : `${piece.check.program} is for ${platforms.join(', ') || 'none'}`
}

async function headOf(file: string): Promise<Buffer> {
  const handle = await open(file)
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(256), 0, 256, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}

/** @returns Whether the package is right. */
async function check(piece: Piece, platform: Platform | 'any'): Promise<boolean> {
  const build = piece.builds[platform]
  if (build === undefined) return true
  const work = mkdtempSync(join(tmpdir(), 'mandate-pins-'))
  const objection = await objectionTo({ ...piece, ...build }, platform, work)
    .catch((error: unknown) => (error instanceof Error ? error.message : String(error)))
    .finally(() => rm(work, { recursive: true, force: true }))
  const what = `${piece.name} ${piece.version} ${platform}`
  process.stdout.write(`${objection === undefined ? 'ok    ' : 'WRONG '} ${what}${objection ? `: ${objection}` : ''}\n`)
  return objection === undefined
}

for (const piece of Object.values<Piece>(PIECES)) {
  for (const platform of Object.keys(piece.builds) as (Platform | 'any')[])
    if (!(await check(piece, platform))) process.exitCode = 1
}
