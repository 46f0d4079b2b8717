/**
 * Policy packs: `core.fga` and one folder a domain, read, compiled and versioned by content.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import openfgaSyntax from '@openfga/syntax-transformer'
import { z } from 'zod'
import { type Manifest, manifestSchema } from './manifest.ts'
import { type ModelView, modelObjections, viewModel } from './model.ts'
import { parameterObjections } from './parameters.ts'
import { PolicyError, parseYaml, type Whereabouts } from './yaml.ts'

/** One domain as loaded. */
export interface Pack {
  /** Its folder's name. */
  readonly name: string
  readonly manifest: Manifest
  /** `domain@hash`: the first 12 hex digits of the SHA-256 over its model, its manifest and the core model. */
  readonly version: string
}

/** Every domain, found by the resource types and titles it declares. */
export interface Policies {
  readonly packs: readonly Pack[]
  /** Every pack's version, in their order. */
  readonly version: string
  /** The composed authorization model, as OpenFGA's API takes it. */
  readonly model: Readonly<Record<string, unknown>>
  readonly view: ModelView
  readonly byType: ReadonlyMap<string, Pack>
  readonly byTitle: ReadonlyMap<string, Pack>
  readonly byDomain: ReadonlyMap<string, Pack>
}

/** Policies that decisions are made under now: the store has their model. */
export interface InForce extends Policies {
  readonly modelId: string
}

/** One domain's folder. */
export interface PackSource {
  /** Its folder's name: errors begin with it. */
  readonly name: string
  readonly model: string
  readonly manifest: string
}

/** Everything policies are made of, as text: what is compiled, versioned, and kept for a rollback. */
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
 * Reads the core and the packs.
 *
 * @param dir - Holds `core.fga`, and `fga.mod` that lists the packs beside it.
 * @param folders - Packs anywhere, instead of those that `fga.mod` lists.
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

/** @throws PolicyError with what was wrong with each, when anything was. */
function settled<T>(results: readonly PromiseSettledResult<T>[]): readonly T[] {
  const reasons: readonly unknown[] = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
  const other = reasons.find((reason) => !(reason instanceof PolicyError))
  if (other) throw other
  if (reasons.length > 0) throw new PolicyError(reasons.map((reason) => (reason as PolicyError).message).join('\n'))
  return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
}

/** The packs that `fga.mod` lists, as paths. @throws PolicyError when it is missing or malformed. */
export async function packFolders(dir: string): Promise<readonly string[]> {
  const { contents } = parseYaml('fga.mod', await readText(dir, 'fga.mod', 'fga.mod'), modSchema).value
  if (!contents.includes('core.fga')) throw new PolicyError('fga.mod:1: contents must list core.fga')
  return contents.filter((name) => name !== 'core.fga').map((name) => join(dir, dirname(name)))
}

/** @throws PolicyError naming each mistake by file and line. */
export function compilePolicies(sources: PolicySources): Policies {
  const { policies, problems } = examinePolicies(sources)
  if (policies) return policies
  throw new PolicyError(problems.join('\n'))
}

/** A domain whose manifest could be read, and where its members stand. */
export interface ReadPack {
  readonly pack: Pack
  readonly where: Whereabouts
}

export interface Examined {
  readonly read: readonly ReadPack[]
  /** Every mistake, by file and line. */
  readonly problems: readonly string[]
  /** Only when there is no problem. */
  readonly policies: Policies | undefined
}

/** Looks at everything, and goes on after a mistake as far as anything can be said behind it. */
export function examinePolicies({ core, packs: sources }: PolicySources): Examined {
  const problems: string[] = []
  for (const [index, { name }] of sources.entries())
    if (sources.findIndex((other) => other.name === name) < index)
      problems.push(`${name}/manifest.yaml:1: two packs are in folders of this name; rename one of the folders`)
  const read = sources.flatMap((source) => readPack(core, source, problems))
  const packs = read.map(({ pack }) => pack)
  const found = directory(packs, problems)
  const model = composeModel(
    [
      { name: 'core.fga', contents: core },
      ...sources.map(({ name, model: contents }) => ({ name: `${name}/model.fga`, contents })),
    ],
    problems,
  )
  if (!model) return { read, problems, policies: undefined }
  const view = viewModel(model)
  problems.push(
    ...read.flatMap(({ pack, where }) =>
      modelObjections(pack.manifest, view, { file: `${pack.name}/model.fga`, where }),
    ),
  )
  for (const { name, model: text } of sources) {
    const pack = packs.find((one) => one.name === name)
    if (pack) problems.push(...parameterObjections(pack.manifest, view, name, text))
  }
  const version = packs.map((pack) => pack.version).join(' ')
  return { read, problems, policies: problems.length > 0 ? undefined : { packs, version, model, view, ...found } }
}

function readPack(core: string, { name, model, manifest: text }: PackSource, problems: string[]): readonly ReadPack[] {
  try {
    const { value: manifest, where } = parseYaml(`${name}/manifest.yaml`, text, manifestSchema)
    const hash = createHash('sha256').update(core).update(model).update(text).digest('hex')
    return [{ where, pack: { name, manifest, version: `${manifest.domain}@${hash.slice(0, 12)}` } }]
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error
    problems.push(error.message)
    return []
  }
}

function composeModel(
  files: { readonly name: string; readonly contents: string }[],
  problems: string[],
): Policies['model'] | undefined {
  try {
    return openfgaSyntax.transformer.transformModuleFilesToModel(files, '1.2') as unknown as Policies['model']
  } catch (cause) {
    problems.push(...compositionErrors(cause))
    return undefined
  }
}

const compositionSchema = z.looseObject({
  file: z.string(),
  /** Counted from 0. */
  line: z.looseObject({ start: z.int() }),
  msg: z.string(),
})

/** One for each mistake. What only follows from it, that a condition of the core is left without its use, is not said. */
function compositionErrors(cause: unknown): readonly string[] {
  const errors: readonly unknown[] =
    cause instanceof Error && 'errors' in cause && Array.isArray(cause.errors) ? cause.errors : [cause]
  const said = errors.map((error) => {
    const placed = compositionSchema.safeParse(error)
    if (!placed.success) return `the model does not compose: ${error instanceof Error ? error.message : String(error)}`
    return `${placed.data.file}:${placed.data.line.start + 1}: ${placed.data.msg.replaceAll('\n', ' ')}`
  })
  const own = said.filter((line) => !/^core\.fga:\d+: `\w+` condition is not used/u.test(line))
  return own.length > 0 ? own : said
}

const accountOf = ({ account }: Manifest): readonly string[] => (account === undefined ? [] : [account])

function directory(packs: readonly Pack[], problems: string[]): Pick<Policies, 'byType' | 'byTitle' | 'byDomain'> {
  const byType = new Map<string, Pack>()
  const byTitle = new Map<string, Pack>()
  const byDomain = new Map<string, Pack>()
  const claim = (map: Map<string, Pack>, key: string, pack: Pack, what: string): void => {
    const other = map.get(key)
    if (other)
      problems.push(`${pack.name}/manifest.yaml:1: ${what} "${key}" belongs to ${other.manifest.domain} already`)
    else map.set(key, pack)
  }
  for (const pack of packs) {
    claim(byDomain, pack.manifest.domain, pack, 'domain')
    for (const type of [...Object.keys(pack.manifest.resources), ...accountOf(pack.manifest)])
      claim(byType, type, pack, 'resource type')
    for (const title of Object.keys(pack.manifest.titles)) claim(byTitle, title, pack, 'title')
  }
  return { byType, byTitle, byDomain }
}

async function readText(dir: string, file: string, name: string): Promise<string> {
  try {
    return await readFile(join(dir, file), 'utf8')
  } catch (cause) {
    throw new PolicyError(`${name}: cannot be read in ${dir}`, { cause })
  }
}
