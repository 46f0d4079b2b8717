/**
 * Renders the Helm chart for tests, and reads what comes out.
 *
 * @module
 */
import { execFileSync, type SpawnSyncReturns, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { parseAllDocuments, stringify } from 'yaml'
import { z } from 'zod'
import { ROOT } from './compose-file.ts'

/** Folder of the chart. */
export const CHART = join(ROOT, 'deploy/helm/mandate')

/** Name and namespace that charts are rendered with. */
export const RELEASE = { name: 'mandate', namespace: 'authz' } as const

// biome-ignore lint/suspicious/noExplicitAny: tests read manifests by path, and assert on each step
export type Json = any

const labels = z.record(z.string(), z.string())
const manifestSchema = z.looseObject({
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), labels: labels.optional(), annotations: labels.optional() }),
  spec: z.any().optional(),
})
/** A rendered resource. kubeconform checks its form. */
export type Manifest = z.infer<typeof manifestSchema>

/** A file of values in the folder `ci` of the chart, further values as a value file has them, or both. */
export interface Values {
  readonly file?: string
  readonly more?: object
  /** @default {@link RELEASE} */
  readonly release?: { readonly name: string; readonly namespace: string }
}

/** What Helm prints for values. @param extra - Arguments of Helm. */
export function runHelm(
  helm: string,
  command: 'template' | 'lint',
  values: Values,
  extra: readonly string[] = [],
): string {
  return execFileSync(helm, argumentsOf(command, values, extra), {
    encoding: 'utf8',
    input: stdinOf(values),
    stdio: 'pipe',
  })
}

/** Why Helm refuses values. @throws Error when it does not. */
export function helmRefusal(helm: string, values: Values): string {
  const options = { encoding: 'utf8', input: stdinOf(values) } as const
  const ended: SpawnSyncReturns<string> = spawnSync(helm, argumentsOf('template', values), options)
  if (ended.error) throw ended.error
  if (ended.status === 0) throw new Error('Helm rendered the chart')
  return ended.stderr
}

function argumentsOf(
  command: 'template' | 'lint',
  { file, more, release = RELEASE }: Values,
  extra: readonly string[] = [],
): string[] {
  const what = command === 'template' ? ['template', release.name, CHART] : ['lint', '--strict', CHART]
  const files = [...(file === undefined ? [] : [join(CHART, 'ci', `${file}-values.yaml`)]), ...(more ? ['-'] : [])]
  return [...what, '--namespace', release.namespace, ...files.flatMap((one) => ['--values', one]), ...extra]
}

const stdinOf = ({ more }: Values): string => (more ? stringify(more) : '')

/** Renders the chart. */
export function renderChart(helm: string, values: Values): readonly Manifest[] {
  return readManifests(runHelm(helm, 'template', values))
}

export function readManifests(text: string): readonly Manifest[] {
  return parseAllDocuments(text).flatMap((document) => {
    const content: unknown = document.toJS()
    return content === null ? [] : [manifestSchema.parse(content)]
  })
}

/** The only resource of a kind, or that with a name. @throws Error when there is none, or several. */
export function only(manifests: readonly Manifest[], kind: string, name?: string): Manifest {
  const found = manifests.filter((one) => one.kind === kind && (name === undefined || one.metadata.name === name))
  const [first] = found
  if (first === undefined || found.length > 1) throw new Error(`${found.length} × ${kind} ${name ?? ''}`)
  return first
}
