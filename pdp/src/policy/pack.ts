/**
 * Reads, compiles and versions policy packs: `core.fga` and one folder per domain. A version is a hash of the content.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { z } from 'zod'
import type { CompileModel, ModelDescription } from '../ports/model.ts'
import { type Manifest, manifestSchema } from './manifest.ts'
import { modelObjections } from './model.ts'
import { nameObjections } from './model-names.ts'
import { parameterObjections } from './parameters.ts'
import { PolicyError, parseYaml, type Whereabouts } from './yaml.ts'

/** The loaded policy of one domain. */
export interface Pack {
  /** Name of its folder. */
  readonly name: string
  readonly manifest: Manifest
  /** `domain@hash`: the first 12 hex digits of the SHA-256 over its model, its manifest and the core model. */
  readonly version: string
}

/** All loaded packs, with lookups by resource type and by persona title. */
export interface Policies {
  readonly packs: readonly Pack[]
  /** Versions of all packs, in the order of `packs`. */
  readonly version: string
  /** Description of the compiled model: core and all packs. */
  readonly model: ModelDescription
  /** The same model in the engine's own format. */
  readonly program: object
  readonly byType: ReadonlyMap<string, Pack>
  readonly byTitle: ReadonlyMap<string, Pack>
  readonly byDomain: ReadonlyMap<string, Pack>
}

/** Policies in force: their model is stored in the engine. */
export interface InForce extends Policies {
  /** The engine's id of the model. */
  readonly modelId: string
}

/** Source files of one domain. */
export interface PackSource {
  /** Name of its folder; error messages begin with it. */
  readonly name: string
  readonly model: string
  readonly manifest: string
}

/** Source texts of all policies. They are compiled and hashed, and stored for a rollback. */
export interface PolicySources {
  readonly core: string
  readonly packs: readonly PackSource[]
}

const modSchema = z.object({
  schema: z.literal('1.2'),
  contents: z
    .array(z.string().regex(/^(core\.fga|[\w-]+\/model\.fga)$/u, 'must be core.fga or <folder>/model.fga'))
    .min(1),
})

/**
 * Reads the source files of the core and the packs.
 *
 * @param dir - Folder with `core.fga` and `fga.mod`, which lists the packs.
 * @param folders - Paths of packs to read instead of those in `fga.mod`.
 * @throws PolicyError naming the file that is missing or malformed.
 */
export async function readSources(dir: string, folders: readonly string[] = []): Promise<PolicySources> {
  const listed = folders.length > 0 ? folders : await packFolders(dir)
  const [core, ...packs] = await Promise.allSettled([
    readText(dir, 'core.fga', 'core.fga'),
    ...listed.flatMap((folder) => {
      const name = basename(folder)
      return [
        readText(folder, 'model.fga', `${name}/model.fga`),
        readText(folder, 'manifest.yaml', `${name}/manifest.yaml`),
      ]
    }),
  ])
  const texts = settled([core, ...packs])
  return {
    core: texts[0] ?? '',
    packs: listed.map((folder, index) => ({
      name: basename(folder),
      model: texts[1 + 2 * index] ?? '',
      manifest: texts[2 + 2 * index] ?? '',
    })),
  }
}

/** Unwraps results of reading files. @throws PolicyError with the messages of all failed files. */
function settled<T>(results: readonly PromiseSettledResult<T>[]): readonly T[] {
  const reasons: readonly unknown[] = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
  const other = reasons.find((reason) => !(reason instanceof PolicyError))
  if (other) throw other
  const messages = new Set(reasons.map((reason) => (reason as PolicyError).message))
  if (messages.size > 0) throw new PolicyError([...messages].join('\n'))
  return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
}

/** The packs that `fga.mod` lists, as paths. @throws PolicyError when it is missing or malformed. */
export async function packFolders(dir: string): Promise<readonly string[]> {
  const { contents } = parseYaml('fga.mod', await readText(dir, 'fga.mod', 'fga.mod'), modSchema).value
  if (!contents.includes('core.fga')) throw new PolicyError('fga.mod:1: contents must list core.fga')
  return contents.filter((name) => name !== 'core.fga').map((name) => join(dir, dirname(name)))
}

/** Compiles policies. @throws PolicyError naming each mistake by file and line. */
export function compilePolicies(sources: PolicySources, compileModel: CompileModel): Policies {
  const { policies, problems } = examinePolicies(sources, compileModel)
  if (policies) return policies
  throw new PolicyError(problems.join('\n'))
}

/** A domain with a valid manifest, and the file and line of each of its members. */
export interface ReadPack {
  readonly pack: Pack
  readonly where: Whereabouts
}

export interface Examined {
  readonly read: readonly ReadPack[]
  /** All mistakes, by file and line. */
  readonly problems: readonly string[]
  /** `undefined` when there are problems. */
  readonly policies: Policies | undefined
}

/** Compiles policies and collects all mistakes: continues after a mistake, where the rest can still be checked. */
export function examinePolicies({ core, packs: sources }: PolicySources, compileModel: CompileModel): Examined {
  const problems: string[] = []
  for (const [index, { name }] of sources.entries())
    if (sources.findIndex((other) => other.name === name) < index)
      problems.push(`${name}/manifest.yaml:1: two packs are in folders of this name; rename one of the folders`)
  const read = sources.flatMap((source) => readPack(core, source, problems))
  const packs = read.map(({ pack }) => pack)
  const found = directory(read, problems)
  const compiled = compileModel([
    { name: 'core.fga', contents: core },
    ...sources.map(({ name, model: contents }) => ({ name: `${name}/model.fga`, contents })),
  ])
  if ('problems' in compiled) return { read, problems: [...problems, ...compiled.problems], policies: undefined }
  const { description: model, program } = compiled
  for (const { pack, where } of read)
    problems.push(...modelObjections(pack.manifest, model, { file: `${pack.name}/model.fga`, where }))
  for (const { manifest, name } of packs) problems.push(...parameterObjections(manifest, model, name))
  for (const { name, model: source } of sources) problems.push(...nameObjections(model, `${name}/model.fga`, source))
  const version = packs.map((pack) => pack.version).join(' ')
  return { read, problems, policies: problems.length > 0 ? undefined : { packs, version, model, program, ...found } }
}

function readPack(core: string, { name, model, manifest: text }: PackSource, problems: string[]): readonly ReadPack[] {
  try {
    const { value: manifest, where } = parseYaml(`${name}/manifest.yaml`, text, manifestSchema)
    const hash = createHash('sha256').update(core).update(model).update(text).digest('hex')
    return [{ where, pack: { name, manifest, version: `${manifest.domain}@${hash.slice(0, 12)}` } }]
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error
    problems.push(...error.message.split('\n'))
    return []
  }
}

function directory(read: readonly ReadPack[], problems: string[]): Pick<Policies, 'byType' | 'byTitle' | 'byDomain'> {
  const byType = new Map<string, Pack>()
  const byTitle = new Map<string, Pack>()
  const byDomain = new Map<string, Pack>()
  const claim = (map: Map<string, Pack>, key: string, { pack, where }: ReadPack, path: readonly string[]): void => {
    const other = map.get(key)
    const what = path[0] === 'domain' ? 'domain' : path[0] === 'titles' ? 'title' : 'resource type'
    if (other) problems.push(`${where(path)}: ${what} "${key}" belongs to ${other.manifest.domain} already`)
    else map.set(key, pack)
  }
  for (const one of read) {
    const { domain, resources, account, titles } = one.pack.manifest
    claim(byDomain, domain, one, ['domain'])
    for (const type of Object.keys(resources)) claim(byType, type, one, ['resources', type])
    if (account !== undefined) claim(byType, account, one, ['account'])
    for (const title of Object.keys(titles)) claim(byTitle, title, one, ['titles', title])
  }
  return { byType, byTitle, byDomain }
}

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code

async function readText(dir: string, file: string, name: string): Promise<string> {
  try {
    return await readFile(join(dir, file), 'utf8')
  } catch (cause) {
    // One line for all files of the pack: see `settled`.
    if (hasCode(cause, 'ENOTDIR'))
      throw new PolicyError(`${dir} is a file: name the folder of a pack, with model.fga and manifest.yaml`, { cause })
    if (hasCode(cause, 'ENOENT') && !existsSync(dir))
      throw new PolicyError(`${dir} is not there: name the folder of a pack, with model.fga and manifest.yaml`, {
        cause,
      })
    throw new PolicyError(`${name}: cannot be read in ${dir}`, { cause })
  }
}
