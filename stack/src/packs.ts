/**
 * Policy packs of added services, read beside those that ship.
 *
 * @module
 */
import { join } from 'node:path'
import { compileModel, examinePolicies, packFolders, readSources } from '@mandate/pdp'
import { StartError } from './errors.ts'
import { ROOT } from './service.ts'

/** Resource types of all packs by folder, the account's type last. @throws StartError naming each mistake by file and line. */
export async function typesOfPacks(packs: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
  const policies = join(ROOT, 'pdp', 'policies')
  const folders = [...(await packFolders(policies)), ...new Set(packs)]
  const { policies: compiled, problems } = await examined(policies, folders)
  if (!compiled) throw new StartError(`the policy packs have mistakes:\n${problems.join('\n')}`)
  const manifests = compiled.packs.map(({ manifest: { resources, account } }) => [
    ...Object.keys(resources),
    ...(account === undefined ? [] : [account]),
  ])
  return new Map(folders.map((folder, index) => [folder, manifests[index] ?? []]))
}

async function examined(policies: string, folders: readonly string[]) {
  try {
    return examinePolicies(await readSources(policies, folders), compileModel)
  } catch (cause) {
    // A folder or a file of it is missing.
    throw new StartError(`a policy pack cannot be read:\n${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    })
  }
}
