/**
 * The packs that a command is about: read with their cases, and everything that is wrong with them.
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
  packFolders,
  parseYaml,
  readSources,
  type Whereabouts,
} from '@mandate/pdp'
import { factsFileSchema } from '@mandate/protocol'
import { UsageError } from '../support/cli-options.ts'
import { type CaseFile, parsePackCases } from './cases.ts'
import { caseObjections, factObjections } from './objections.ts'

const SHIPPED = fileURLToPath(new URL('../../pdp/policies', import.meta.url))

/** Where packs stand: what a PDP is told by `PDP_POLICIES_DIR` and `PDP_PACKS`. */
export interface Places {
  /** Holds `core.fga`. */
  readonly dir: string
  readonly folders: readonly string[]
}

/** A pack with what it promises. */
export interface CasedPack {
  readonly name: string
  readonly folder: string
  readonly manifest: Manifest
  readonly version: string
  readonly file: CaseFile
  readonly where: Whereabouts
}

export interface Checked {
  readonly places: Places
  /** Every mistake, by file and line. */
  readonly problems: readonly string[]
  /** Those whose manifest and cases could be read. */
  readonly packs: readonly CasedPack[]
  /** Only when their models and manifests fit together. */
  readonly policies: Policies | undefined
}

/**
 * Folders of packs, on the core that ships; or one folder with an `fga.mod`, which has a core and lists packs. None: those that ship.
 *
 * @throws UsageError for several that have a core; PolicyError for an `fga.mod` that cannot be read.
 */
async function findPacks(dirs: readonly string[]): Promise<Places> {
  const given = dirs.length > 0 ? dirs.map((dir) => resolve(dir)) : [SHIPPED]
  const [whole] = given.filter((dir) => existsSync(join(dir, 'fga.mod')))
  if (whole === undefined) return { dir: SHIPPED, folders: given }
  if (given.length > 1) throw new UsageError(`${whole} has an fga.mod of its own: name it alone, or folders of packs.`)
  return { dir: whole, folders: await packFolders(whole) }
}

/** Reads and checks models, manifests and cases together, without any server. Never throws for what is wrong with them. */
export async function checkPacks(dirs: readonly string[]): Promise<Checked> {
  const problems: string[] = []
  const places = (await findPacks(dirs).catch(said(problems))) ?? { dir: SHIPPED, folders: [] }
  if (problems.length > 0) return { places, problems, packs: [], policies: undefined }
  const sources = await readSources(places.dir, places.folders).catch(said(problems))
  if (!sources) return { places, problems, packs: [], policies: undefined }
  const { read, policies, problems: found } = examinePolicies(sources, compileModel)
  problems.push(...found)
  const packs: CasedPack[] = []
  for (const { pack } of read) {
    const folder = places.folders.find((path) => basename(path) === pack.name) ?? pack.name
    const cases = await readCases(folder, pack.name).catch(said(problems))
    const facts = await readFacts(folder, pack.name).catch(said(problems))
    if (facts) problems.push(...factObjections(facts.value, pack.manifest, policies?.model, facts.where))
    if (!cases) continue
    problems.push(...caseObjections(cases.value, pack.manifest, policies?.model, cases.where))
    packs.push({ ...pack, folder, file: cases.value, where: cases.where })
  }
  return { places, problems, packs, policies }
}

const said =
  (problems: string[]) =>
  (error: unknown): undefined => {
    if (!(error instanceof PolicyError)) throw error
    problems.push(...error.message.split('\n'))
  }

async function readCases(folder: string, name: string): Promise<ReturnType<typeof parsePackCases>> {
  const file = `${name}/cases.yaml`
  const text = await readFile(join(folder, 'cases.yaml'), 'utf8').catch((cause: unknown) => {
    throw new PolicyError(`${file}:1: cannot be read in ${folder}; a pack says there what it promises`, { cause })
  })
  return parsePackCases(file, text)
}

/** `facts.yaml`: what `npm run serve` stores, where a pack has one. */
async function readFacts(folder: string, name: string) {
  const path = join(folder, 'facts.yaml')
  if (!existsSync(path)) return undefined
  return parseYaml(`${name}/facts.yaml`, await readFile(path, 'utf8'), factsFileSchema)
}
