/**
 * Reads policy packs with their cases and checks everything together: model, manifest, cases and sample facts. Needs no server.
 *
 * @module
 */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  compileModel,
  examinePolicies,
  type Manifest,
  type Policies,
  PolicyError,
  type PolicySources,
  packFolders,
  parseYaml,
  readSources,
  type Whereabouts,
} from '@mandate/pdp'
import { factsFileSchema } from '@mandate/protocol'
import type { z } from 'zod'
import { type Advice, adviceOn } from './advice.ts'
import { type CaseFile, parsePackCases } from './cases.ts'
import { caseObjections, factObjections } from './objections.ts'

const SHIPPED = fileURLToPath(new URL('../../pdp/policies', import.meta.url))

type FactsFile = z.output<typeof factsFileSchema>

/** The folders of packs: the PDP's settings `PDP_POLICIES_DIR` and `PDP_PACKS`. */
export interface Places {
  /** Folder with `core.fga`. */
  readonly dir: string
  /** One folder a pack. */
  readonly folders: readonly string[]
}

/** Texts of one pack's optional files; `undefined`: the file does not exist. */
export interface PackTexts {
  /** `cases.yaml`. */
  readonly cases: string | undefined
  /** `facts.yaml`. */
  readonly facts: string | undefined
}

/** A pack with its cases, both valid on their own; {@link CheckedTexts.problems} tells whether they fit together. */
export interface CasedPack {
  /** Name of its folder. */
  readonly name: string
  readonly manifest: Manifest
  /** `domain@hash`. */
  readonly version: string
  readonly file: CaseFile
  /** `file:line` of a member of `cases.yaml`. */
  readonly where: Whereabouts
  /** Facts of `facts.yaml`. */
  readonly facts: FactsFile['facts']
}

/** Result of {@link checkTexts}. */
export interface CheckedTexts {
  /** All mistakes, each as `file:line: message`. */
  readonly problems: readonly string[]
  readonly advice: Advice
  /** Packs whose manifest and cases could be parsed. */
  readonly packs: readonly CasedPack[]
  /** `undefined` unless models and manifests fit together. */
  readonly policies: Policies | undefined
}

/** Result of {@link checkPacks}. */
export interface Checked extends Omit<CheckedTexts, 'packs'> {
  readonly places: Places
  readonly packs: readonly (CasedPack & { readonly folder: string })[]
}

const NOTHING = { advice: { warnings: [], notes: [] }, packs: [], policies: undefined } as const

/** Folders were named together that cannot be: the message says which, for the user of a command line. */
export class PlacesError extends Error {
  override readonly name = 'PlacesError'
}

/**
 * Finds the folders of packs: each on the core that ships; or one folder with an `fga.mod`, which has a core and lists packs. Default: the packs that
 * ship.
 *
 * @throws PlacesError for several folders of which one has a core; PolicyError for an invalid `fga.mod`.
 */
async function findPacks(dirs: readonly string[]): Promise<Places> {
  const given = dirs.length > 0 ? dirs.map((dir) => resolve(dir)) : [SHIPPED]
  const [whole] = given.filter((dir) => existsSync(join(dir, 'fga.mod')))
  if (whole === undefined) return { dir: SHIPPED, folders: given }
  if (given.length > 1) throw new PlacesError(`${whole} has an fga.mod of its own: name it alone, or folders of packs.`)
  return { dir: whole, folders: await packFolders(whole) }
}

/**
 * Reads packs from their folders and checks them. A mistake in a pack is a problem, no error.
 *
 * @throws PlacesError for folders that cannot be named together.
 */
export async function checkPacks(dirs: readonly string[]): Promise<Checked> {
  const problems: string[] = []
  const places = (await findPacks(dirs).catch(collect(problems))) ?? { dir: SHIPPED, folders: [] }
  if (problems.length > 0) return { ...NOTHING, places, problems }
  const sources = await readSources(places.dir, places.folders).catch(collect(problems))
  if (!sources) return { ...NOTHING, places, problems }
  const folderOf = (name: string): string => places.folders.find((path) => basename(path) === name) ?? name
  const texts = new Map<string, PackTexts>()
  for (const { name } of sources.packs) texts.set(name, await readTexts(folderOf(name)))
  const checked = checkTexts(sources, (name) => texts.get(name) ?? { cases: undefined, facts: undefined })
  return { ...checked, places, packs: checked.packs.map((pack) => ({ ...pack, folder: folderOf(pack.name) })) }
}

/** Reads the texts of a pack's optional files. */
export async function readTexts(folder: string): Promise<PackTexts> {
  const facts = join(folder, 'facts.yaml')
  return {
    cases: await readFile(join(folder, 'cases.yaml'), 'utf8').catch(() => undefined),
    facts: existsSync(facts) ? await readFile(facts, 'utf8') : undefined,
  }
}

/** Reads the core that ships and the model and manifest of one pack. @throws PolicyError naming a file that cannot be read. */
export function readPackSources(folder: string): Promise<PolicySources> {
  return readSources(SHIPPED, [resolve(folder)])
}

/** Options of {@link checkTexts}. */
export interface CheckOptions {
  /** `optional`: a pack without `cases.yaml` is no mistake and counts as one without people and cases. @default 'required' */
  readonly cases?: 'required' | 'optional'
}

/** A `cases.yaml` that declares nothing. */
const NO_CASES: CaseFile = { people: {}, agents: [], resources: {}, autonomy: {}, facts: [], cases: [] }

/** Checks packs that are given as text. */
export function checkTexts(
  sources: PolicySources,
  textsOf: (pack: string) => PackTexts,
  options: CheckOptions = {},
): CheckedTexts {
  const { read, policies, problems: found } = examinePolicies(sources, compileModel)
  const problems = [...found]
  const packs: CasedPack[] = []
  for (const { pack } of read) {
    const texts = textsOf(pack.name)
    const facts = collected(problems, () => parseFacts(pack.name, texts.facts))
    if (facts) problems.push(...factObjections(facts.value, pack.manifest, policies?.model, facts.where))
    const isOptional = options.cases === 'optional' && texts.cases === undefined
    const cases = isOptional
      ? { value: NO_CASES, where: () => `${pack.name}/cases.yaml:1` }
      : collected(problems, () => parseCases(pack.name, texts.cases))
    if (!cases) continue
    problems.push(...caseObjections(cases.value, pack.manifest, policies?.model, cases.where))
    packs.push({ ...pack, file: cases.value, where: cases.where, facts: facts?.value.facts ?? [] })
  }
  return { problems, advice: policies ? adviceOn(policies, sources) : NOTHING.advice, packs, policies }
}

/** Adds the mistakes of a PolicyError to the list; throws any other error. */
const collect =
  (problems: string[]) =>
  (error: unknown): undefined => {
    if (!(error instanceof PolicyError)) throw error
    problems.push(...error.message.split('\n'))
  }

function collected<T>(problems: string[], parse: () => T): T | undefined {
  try {
    return parse()
  } catch (error) {
    return collect(problems)(error)
  }
}

function parseCases(name: string, text: string | undefined): ReturnType<typeof parsePackCases> {
  const file = `${name}/cases.yaml`
  if (text === undefined)
    throw new PolicyError(`${file}:1: cannot be read in its folder; a pack says there what it promises`)
  return parsePackCases(file, text)
}

function parseFacts(name: string, text: string | undefined) {
  return text === undefined ? undefined : parseYaml(`${name}/facts.yaml`, text, factsFileSchema)
}
