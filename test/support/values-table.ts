/**
 * The table of a Helm chart's values, from its `values.yaml`: a comment that begins with `# --` describes the value below it.
 *
 * @module
 */
import { isMap, isScalar, type Pair, parseDocument, stringify } from 'yaml'

const HEAD = `# Values of the Helm chart

Made from [deploy/helm/mandate/values.yaml](../deploy/helm/mandate/values.yaml) by a test. [kubernetes.md](kubernetes.md) says how to use them.

| value | default | |
| --- | --- | --- |
`

/** Returns the page for a `values.yaml`. */
export function valuesTable(text: string): string {
  const document = parseDocument(text)
  if (!isMap(document.contents)) throw new Error('values.yaml is no map')
  return `${HEAD}${rowsOf(document.contents.items as Pair[], '').join('\n')}\n`
}

function rowsOf(pairs: readonly Pair[], prefix: string): readonly string[] {
  return pairs.flatMap(({ key, value }) => {
    const name = `${prefix}${String(key)}`
    const described = descriptionOf(key)
    if (isMap(value) && value.items.length > 0 && described === undefined)
      return rowsOf(value.items as Pair[], `${name}.`)
    const nested = isMap(value) && value.items.length > 0 && !value.flow
    if (nested) return [`| \`${name}\` | | ${described} |`, ...rowsOf(value.items as Pair[], `${name}.`)]
    return [`| \`${name}\` | ${defaultOf(value)} | ${described ?? ''} |`]
  })
}

/** The lines of the comment before a key from `--` on. */
function descriptionOf(key: unknown): string | undefined {
  const comment = isScalar(key) ? (key.commentBefore ?? '') : ''
  const from = comment.lastIndexOf('-- ')
  if (from < 0) return undefined
  return comment
    .slice(from + 3)
    .split('\n')
    .map((line) => line.trim())
    .join(' ')
    .replaceAll('|', '\\|')
    .replaceAll(/<(?=\w)/gu, '&lt;')
}

function defaultOf(value: unknown): string {
  const text = stringify(value, { collectionStyle: 'flow', lineWidth: 0 }).trim()
  return text === '""' ? '' : `\`${text.replaceAll(/\s+/gu, ' ')}\``
}
