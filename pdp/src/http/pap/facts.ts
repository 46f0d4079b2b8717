/**
 * `/v1/facts` (PAP): relationship facts, written by the services of a domain with its own model.
 *
 * @module
 */
import { type FactRequest, factsRequestSchema, splitRef } from '@mandate/protocol'
import { changeFacts } from '../../pap/facts.ts'
import type { Principal } from '../../pap/pap.ts'
import type { Fact } from '../../ports/domain-facts.ts'
import { principalOf } from '../exchange.ts'
import type { OperationHandlers } from '../handlers.ts'
import { parse } from '../parse.ts'
import type { Pseudonymizer } from '../pseudonymizer.ts'
import { type PapRouteDeps, refuseSubs } from './common.ts'

export function factHandlers(deps: PapRouteDeps): OperationHandlers<'changeFacts'> {
  return {
    changeFacts: async (req, res) => {
      const { domain, write, remove } = parse(factsRequestSchema, req.body)
      const toInternal = (facts: readonly FactRequest[]): Promise<readonly Fact[]> =>
        Promise.all(facts.map((fact) => toInternalFact(deps.pseudonymizer, domain, fact, principalOf(res))))
      const change = { domain, write: await toInternal(write), remove: await toInternal(remove) }
      for (const [index, fact] of change.write.entries())
        await refuseSubs(deps.pseudonymizer, idsIn(fact, `write.${index}`))
      res.json(await changeFacts(deps, change, principalOf(res)))
    },
  }
}

/** Checks the facts after translation: people are pseudonyms then, so only other ids can equal a person's sub. */
const idsIn = (fact: Fact, at: string): Readonly<Record<string, string>> =>
  'of' in fact
    ? { [at]: splitRef(fact.of).id }
    : { [`${at}.subject.id`]: splitRef(fact.subject).id, [`${at}.resource.id`]: splitRef(fact.resource).id }

/** Translates a fact to internal references. */
export async function toInternalFact(
  pseudonymizer: Pseudonymizer,
  domain: string,
  fact: FactRequest,
  by: Pick<Principal, 'types'>,
): Promise<Fact> {
  if ('attributes' in fact) {
    const of =
      'subject' in fact
        ? await pseudonymizer.toInternalSubject(fact.subject.type, fact.subject.id, domain, by)
        : await pseudonymizer.toInternalResource(fact.resource.type, fact.resource.id, by)
    return { domain, of, attributes: fact.attributes }
  }
  const { subject, relation, resource, condition } = fact
  return {
    domain,
    subject: await pseudonymizer.toInternalFactSubject(subject.type, subject.id, domain, by),
    subjectRelation: subject.relation,
    relation,
    resource: await pseudonymizer.toInternalResource(resource.type, resource.id, by),
    condition,
  }
}
