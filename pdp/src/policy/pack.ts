/**
 * Policy packs on disk: `core.fga`, `fga.mod` and one folder a domain, read once and versioned by content.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import openfgaSyntax from '@openfga/syntax-transformer'
import { parse } from 'yaml'
import { z } from 'zod'
import { type Manifest, manifestSchema } from './manifest.ts'

/** One domain as loaded. */
export interface Pack {
  readonly manifest: Manifest
  /** `domain@hash`: the first 12 hex digits of the SHA-256 over its model, its manifest and the core model. */
  readonly version: string
}

/** Every domain, found by the resource types and titles it declares. */
export interface Policies {
  readonly packs: readonly Pack[]
  /** The composed authorization model, as OpenFGA's API takes it. */
  readonly model: Readonly<Record<string, unknown>>
  readonly byType: ReadonlyMap<string, Pack>
  readonly byTitle: ReadonlyMap<string, Pack>
  readonly byDomain: ReadonlyMap<string, Pack>
}

/** A pack that cannot be loaded: the message names the file and what is wrong in it. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError'
}

const modSchema = z.object({ schema: z.literal('1.2'), contents: z.array(z.string()).min(1) })

/**
 * Reads the packs that `fga.mod` lists.
 *
 * @throws PolicyError naming the file, when one is missing, malformed, or contradicts another.
 */
export async function loadPolicies(dir: string): Promise<Policies> {
  const mod = parseWith(modSchema, 'fga.mod', parseYaml('fga.mod', await readText(dir, 'fga.mod')))
  const files = await Promise.all(mod.contents.map(async (name) => ({ name, contents: await readText(dir, name) })))
  const core = files.find((file) => file.name === 'core.fga')
  if (!core) throw new PolicyError('fga.mod: contents must list core.fga')
  const packs = await Promise.all(
    files
      .filter((file) => file !== core)
      .map(async (file): Promise<Pack> => {
        const path = join(dirname(file.name), 'manifest.yaml')
        const text = await readText(dir, path)
        const manifest = parseWith(manifestSchema, path, parseYaml(path, text))
        const hash = createHash('sha256').update(core.contents).update(file.contents).update(text).digest('hex')
        return { manifest, version: `${manifest.domain}@${hash.slice(0, 12)}` }
      }),
  )
  return { packs, model: composeModel(files), ...directory(packs) }
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

function directory(packs: readonly Pack[]): Pick<Policies, 'byType' | 'byTitle' | 'byDomain'> {
  const byType = new Map<string, Pack>()
  const byTitle = new Map<string, Pack>()
  const byDomain = new Map<string, Pack>()
  const claim = (map: Map<string, Pack>, key: string, pack: Pack, what: string): void => {
    const other = map.get(key)
    if (other)
      throw new PolicyError(
        `${pack.manifest.domain}/manifest.yaml: ${what} "${key}" belongs to ${other.manifest.domain} already`,
      )
    map.set(key, pack)
  }
  for (const pack of packs) {
    claim(byDomain, pack.manifest.domain, pack, 'domain')
    for (const type of [...Object.keys(pack.manifest.resources), pack.manifest.account])
      claim(byType, type, pack, 'resource type')
    for (const title of Object.keys(pack.manifest.titles)) claim(byTitle, title, pack, 'title')
  }
  return { byType, byTitle, byDomain }
}

async function readText(dir: string, name: string): Promise<string> {
  try {
    return await readFile(join(dir, name), 'utf8')
  } catch (cause) {
    throw new PolicyError(`${name}: cannot be read below ${dir}`, { cause })
  }
}

function parseYaml(name: string, text: string): unknown {
  try {
    return parse(text)
  } catch (cause) {
    throw new PolicyError(`${name}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

function parseWith<T>(schema: z.ZodType<T>, name: string, value: unknown): T {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new PolicyError(`${name}: ${z.prettifyError(parsed.error)}`)
}
