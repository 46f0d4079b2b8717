/**
 * Converts policy packs to the response of `GET /v1/domains`: everything that a user interface needs to show a domain. Texts that the manifest
 * leaves out are made from names. Pure.
 *
 * @module
 */
import { coreReason, type Domain, type DomainGate, type ReasonText } from '@mandate/protocol'
import type { AttributeRule, Gate, Manifest } from './manifest.ts'
import type { Pack } from './pack.ts'

const spaced = (name: string): string => name.replaceAll(/[-_]/gu, ' ')
const capital = (text: string): string => text.replace(/^./u, (letter) => letter.toUpperCase())

/** Describes one pack for clients, without the relations of its model, which are internal to the PDP. */
export function describeDomain({ manifest, version }: Pack): Domain {
  const { domain, account } = manifest
  return {
    domain,
    version,
    label: manifest.label ?? capital(spaced(domain)),
    everything: manifest.everything ?? `everything of ${spaced(domain)}`,
    ...(account === undefined ? {} : { account }),
    resources: mapped(manifest.resources, ({ parent, called }, type) => ({
      ...(parent === undefined ? {} : { parent }),
      called: called ?? { one: spaced(type), many: spaced(type) },
    })),
    titles: mapped(manifest.titles, ({ assume, label, about }, name) => ({
      label: label ?? capital(spaced(name)),
      assume,
      ...(about === undefined ? {} : { about }),
    })),
    actions: mapped(manifest.actions, ({ on, implies, limited, relation, verb = '', label }, name) => {
      const said = verb === '' ? spaced(name) : verb
      return { verb: said, label: label ?? capital(said), on, implies, limited, grantable: relation === undefined }
    }),
    attributes: mapped(manifest.attributes, (rule, name) => ({
      type: rule.type,
      label: rule.label ?? spaced(name),
      ...unitOf(rule),
    })),
    gates: manifest.gates.map(describeGate),
    reasons: reasonsOf(manifest),
  }
}

function describeGate({ name, label, reason, actions, attribute, bound, form, consent }: Gate): DomainGate {
  return {
    name,
    label: label ?? spaced(name),
    reason,
    actions,
    ...(attribute === undefined ? {} : { attribute }),
    ...(bound === undefined ? {} : { bound }),
    ...(form === undefined ? {} : { form }),
    ...(consent === undefined ? {} : { consent }),
  }
}

function unitOf({ unit }: AttributeRule): { readonly unit?: { readonly one: string; readonly many: string } } {
  if (unit === undefined) return {}
  return { unit: typeof unit === 'string' ? { one: unit, many: unit } : unit }
}

function reasonsOf({ gates }: Manifest): Domain['reasons'] {
  const own = gates.filter(({ reason }) => !coreReason(reason))
  return Object.fromEntries(own.map((gate) => [gate.reason, gateTexts(gate)]))
}

/** Texts of a gate's reason code; generic ones when the manifest has none. */
export function gateTexts({ name, user, admin, cure, owner, owner_cure }: Gate): ReasonText {
  return {
    user: user ?? 'This is beyond what the owner lets an agent decide.',
    admin: admin ?? `The gate "${name}" denies: a value is outside the limit that the owner's persona sets.`,
    cure: cure ?? 'The owner changes the limit, or decides in person.',
    ...(owner === undefined ? {} : { owner }),
    ...(owner_cure === undefined ? {} : { owner_cure }),
  }
}

function mapped<T, U>(record: Readonly<Record<string, T>>, map: (value: T, name: string) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value, name)]))
}
