/**
 * `mandate policy check`: models, manifests, cases and facts together, without a server.
 *
 * @module
 */
import type { Checked } from '@mandate/cases'
import type { Work } from '../command-line.ts'
import { EXIT } from '../exit.ts'
import { print } from '../output.ts'
import { adviceLines, check, counted, mistakes } from './report.ts'

export const checkPolicies: Work<{ readonly json?: true }> = async (io, { options, args }) => {
  const checked = await check(args)
  const { problems, advice, packs } = checked
  const ok = problems.length === 0
  const value = { ok, problems, ...advice, packs: packs.map(aboutPack) }
  print(io, options, value, () => (ok ? soundness(checked) : mistakes(checked)))
  return ok ? EXIT.ok : EXIT.failed
}

const aboutPack = ({ version, folder, file }: Checked['packs'][number]) => ({
  version,
  folder,
  cases: file.cases.length,
})

function soundness({ packs, advice }: Checked): readonly string[] {
  return [
    ...packs.map(({ version, folder, file }) => `${version}  ${counted(file.cases.length, 'case')}  ${folder}`),
    ...adviceLines(advice),
    `OK: ${counted(packs.length, 'pack')}, models, manifests and cases fit together`,
  ]
}
