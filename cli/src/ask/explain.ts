/**
 * `mandate explain`: a decision of the log, in words.
 *
 * @module
 */
import { coreReason, type Domain, type LoggedEntry, loggedEntrySchema, moneyText, ulidSchema } from '@mandate/protocol'
import type { ConnectionOptions, Work } from '../command-line.ts'
import { usageError } from '../exit.ts'
import { chainLines } from '../grant/text.ts'
import { labelled, print } from '../output.ts'
import { connect } from '../pdp/client.ts'
import { knownDomains } from '../pdp/domains.ts'
import { figuresText } from './figures.ts'

export const explain: Work<ConnectionOptions> = async (io, { options, args: [id = ''] }) => {
  if (!ulidSchema.safeParse(id).success)
    throw usageError(`The id of a decision has 26 characters, such as 01KC0000000000000000000000, and is not ${id}.`)
  const pdp = await connect(io, options)
  const entry = await pdp.call({ path: `/v1/decisions/${id}` }, loggedEntrySchema)
  const domains = options.json ? [] : await knownDomains(pdp)
  print(io, options, entry, () => entryLines(entry, domains))
  return undefined
}

function entryLines(entry: LoggedEntry, domains: readonly Domain[]): readonly string[] {
  const { decision, kind, chain = [], broken = [], owner } = entry
  const verdict = decision === undefined ? kind : decision ? 'PERMIT' : 'DENY'
  const asked = [entry.actor && `${entry.actor} for`, entry.subject, entry.action, entry.resource]
    .filter(Boolean)
    .join(' ')
  const tree = chain.length > 0 ? chain : broken
  return [
    `${verdict}  ${asked}`,
    ...(entry.reasons ?? []).flatMap((reason) => reasonLines(reason, domains)),
    ...(tree.length === 0
      ? []
      : [
          chain.length > 0 ? 'chain' : labelled('chain', 'none was valid; the nearest was'),
          ...indented(chainLines(tree, owner)),
        ]),
    ...attributeLines(entry),
    ...labelledFields({
      at: entry.at,
      'asked by': entry.caller,
      persona: entry.persona,
      owner,
      target: entry.target,
      problem: entry.code,
      policy: entry.policy,
      entry: `${entry.id}, entry ${entry.index} of the log${entry.origin === undefined ? '' : ` ${entry.origin}`}`,
      withheld: entry.withheld?.join(', '),
    }),
    ...(entry.change === undefined ? [] : [labelled('change', JSON.stringify(entry.change))]),
    ...(decision === undefined ? [] : [`Would it be decided the same now? mandate log replay ${entry.id}`]),
  ]
}

const labelledFields = (values: Readonly<Record<string, string | undefined>>): readonly string[] =>
  Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [labelled(name, value)]))

const indented = (lines: readonly string[]): readonly string[] => lines.map((line) => `  ${line}`)

function reasonLines(
  reason: NonNullable<LoggedEntry['reasons']>[number],
  domains: readonly Domain[],
): readonly string[] {
  const domain = domains.find(({ reasons }) => Object.hasOwn(reasons, reason.code))
  const texts = domain?.reasons[reason.code] ?? coreReason(reason.code)
  const code = reason.gate === undefined ? reason.code : `${reason.code}, gate ${reason.gate}`
  const attributes = (domain ?? domains.find((each) => reason.attribute && each.attributes[reason.attribute]))
    ?.attributes
  const figures = figuresText(reason, attributes)
  return [
    labelled('why', `${texts?.admin ?? 'A reason of a policy that is not in force.'} (${code})`),
    ...(figures === undefined ? [] : [labelled('', figures)]),
    ...(texts === undefined || texts.cure === 'Nothing to do.' ? [] : [labelled('cure', texts.cure)]),
  ]
}

function attributeLines({ attributes = {} }: LoggedEntry): readonly string[] {
  const all = Object.entries(attributes).map(([name, value]) => sentText(name, value))
  return all.length === 0 ? [] : [labelled('sent', all.join(', '))]
}

/** Money is logged in minor units, with the currency in the name: `price.EUR`. */
function sentText(name: string, value: number | string | boolean): string {
  const [attribute, currency] = name.split('.')
  return currency !== undefined && typeof value === 'number'
    ? `${attribute} = ${moneyText(value, currency)}`
    : `${name} = ${value}`
}
