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
import { PolicyError, parseYaml } from './yaml.ts'

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
  const listed = folders.length > 0 ? folders : await listedFolders(dir)
  const core = await readText(dir, 'core.fga', 'core.fga')
  const packs = await Promise.all(
    listed.map(async (folder): Promise<PackSource> => {
      const name = basename(folder)
      const [model, manifest] = await Promise.all([
        readText(folder, 'model.fga', `${name}/model.fga`),
        readText(folder, 'manifest.yaml', `${name}/manifest.yaml`),
      ])
      return { name, model, manifest }
    }),
  )
  return { core, packs }
}

async function listedFolders(dir: string): Promise<readonly string[]> {
  const { contents } = parseYaml('fga.mod', await readText(dir, 'fga.mod', 'fga.mod'), modSchema).value
  if (!contents.includes('core.fga')) throw new PolicyError('fga.mod:1: contents must list core.fga')
  return contents.filter((name) => name !== 'core.fga').map((name) => join(dir, dirname(name)))
}

/** @throws PolicyError naming the file and line, when one is malformed or contradicts another. */
export function compilePolicies({ core, packs: sources }: PolicySources): Policies {
  const parsed = sources.map(({ name, model, manifest: text }) => {
    const { value: manifest, where } = parseYaml(`${name}/manifest.yaml`, text, manifestSchema)
    const hash = createHash('sha256').update(core).update(model).update(text).digest('hex')
    return { where, pack: { name, manifest, version: `${manifest.domain}@${hash.slice(0, 12)}` } }
  })
  const packs = parsed.map(({ pack }) => pack)
  const found = directory(packs)
  const model = composeModel([
    { name: 'core.fga', contents: core },
    ...sources.map(({ name, model: contents }) => ({ name: `${name}/model.fga`, contents })),
  ])
  const view = viewModel(model)
  const objections = parsed.flatMap(({ pack, where }) => modelObjections(pack.manifest, view, where))
  if (objections.length > 0) throw new PolicyError(objections.join('\n'))
  return { packs, version: packs.map((pack) => pack.version).join(' '), model, view, ...found }
}

function composeModel(files: { readonly name: string; readonly contents: string }[]): Policies['model'] {
  try {
    return openfgaSyntax.transformer.transformModuleFilesToModel(files, '1.2') as unknown as Policies['model']
  } catch (cause) {
    throw new PolicyError(`the model does not compose: ${compositionErrors(cause).join('; ')}`, { cause })
  }
}

/** One for each mistake; the transformer keeps the file beside the message, not in it. */
function compositionErrors(cause: unknown): readonly string[] {
  const errors = cause instanceof Error && 'errors' in cause && Array.isArray(cause.errors) ? cause.errors : [cause]
  return errors.map((error: unknown) => {
    const message = error instanceof Error ? error.message : String(error)
    const file = typeof error === 'object' && error !== null && 'file' in error ? `${String(error.file)}: ` : ''
    return `${file}${message}`
  })
}

const accountOf = ({ account }: Manifest): readonly string[] => (account === undefined ? [] : [account])

function directory(packs: readonly Pack[]): Pick<Policies, 'byType' | 'byTitle' | 'byDomain'> {
  const byType = new Map<string, Pack>()
  const byTitle = new Map<string, Pack>()
  const byDomain = new Map<string, Pack>()
  const claim = (map: Map<string, Pack>, key: string, pack: Pack, what: string): void => {
    const other = map.get(key)
    if (other)
      throw new PolicyError(
        `${pack.name}/manifest.yaml:1: ${what} "${key}" belongs to ${other.manifest.domain} already`,
      )
    map.set(key, pack)
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
