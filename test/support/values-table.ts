/**
 * The table of a Helm chart's values, from its `values.yaml`: a comment that begins with `# --` describes the value below it.
 *
 * @module
 */
import { isMap, isScalar, parseDocument, stringify, type YAMLMap } from 'yaml'

const HEAD = `# Values of the Helm chart

Made from [deploy/helm/mandate/values.yaml](../deploy/helm/mandate/values.yaml) by a test. [kubernetes.md](kubernetes.md) says how to use them.

| value | default | |
| --- | --- | --- |
`

/** Returns the page for a `values.yaml`. */
export function valuesTable(text: string): string {
  const document = parseDocument(text)
  if (!isMap(document.contents)) throw new Error('values.yaml is no map')
  return `${HEAD}${rowsOf(document.contents, '').join('\n')}\n`
}

function rowsOf(map: YAMLMap, prefix: string): readonly string[] {
  return map.items.flatMap(({ key, value }, index) => {
    const name = `${prefix}${String(key)}`
    // The parser gives the comment before the first key to the map.
    const described =
      descriptionOf(key) ?? (index === 0 && prefix !== '' ? descriptionIn(map.commentBefore) : undefined)
    if (!isMap(value) || value.items.length === 0 || (value.flow && described !== undefined))
      return [`| \`${name}\` | ${defaultOf(value)} | ${described ?? ''} |`]
    const own = described === undefined ? [] : [`| \`${name}\` | | ${described} |`]
    return [...own, ...rowsOf(value, `${name}.`)]
  })
}

const descriptionOf = (key: unknown): string | undefined =>
  isScalar(key) ? descriptionIn(key.commentBefore) : undefined

/** The lines of a comment from `--` on. */
function descriptionIn(comment: string | null | undefined): string | undefined {
  if (!comment) return undefined
  const from = comment.lastIndexOf('-- ')
  if (from < 0) return undefined
  return comment
    .slice(from + 3)
    .split('\n')
    .map((line) => line.trim())
    .join(' ')
    .replaceAll('|', '\\|')
}

function defaultOf(value: unknown): string {
  const text = stringify(value, { collectionStyle: 'flow', lineWidth: 0 }).trim()
  return text === '""' ? '' : `\`${text.replaceAll(/\s+/gu, ' ')}\``
}
