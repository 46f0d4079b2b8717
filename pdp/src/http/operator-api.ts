/**
 * Operator API: administrative functions for the command line, without a token, since whoever runs the process controls its data and policies. Every
 * call is recorded in the log.
 *
 * @module
 */
import { type FactRequest, Fault, type KeyRequest, MAX_FACTS } from '@mandate/protocol'
import { changeFacts } from '../pap/facts.ts'
import { createKey } from '../pap/keys.ts'
import type { PapDeps, Principal } from '../pap/pap.ts'
import type { PolicyControl } from '../pap/policies.ts'
import type { ReadBarrier } from '../ports/invalidations.ts'
import { toInternalFact } from './pap/facts.ts'
import type { Pseudonymizer } from './pseudonymizer.ts'

/** Operations of the operator that need no HTTP call: the process that started the PDP (`npm run serve`, tests) calls them directly. */
export interface OperatorApi {
  /** Creates an API key for every resource type of the policies in force. @returns The key's secret. */
  createKey(request: Omit<KeyRequest, 'types'>): Promise<string>
  /** Writes any number of facts, in batches of what one request may change. @throws Fault whose detail begins with `facts.N` when it concerns one fact. */
  writeFacts(domain: string, facts: readonly FactRequest[]): Promise<void>
  /** Loads the policies from their folder. @returns The version in force now. */
  loadPolicies(): Promise<string>
}

/** Each operation passes the read barrier first, as each request does: other PDPs may have changed policies or erased people. */
export function createOperatorApi(
  pap: PapDeps,
  pseudonymizer: Pseudonymizer,
  policies: PolicyControl,
  barrier: Pick<ReadBarrier, 'pass'>,
): OperatorApi {
  const types = (): string[] => [...pap.policies().byType.keys()]
  const by = (): Principal => ({
    party: 'user:console',
    name: 'service:console',
    inPerson: true,
    types: types(),
    actor: undefined,
    roles: ['operator'],
    origin: {},
  })
  return {
    createKey: async (request) => {
      await barrier.pass()
      return (await createKey(pap, { ...request, types: types() }, by())).key
    },
    writeFacts: async (domain, facts) => {
      await barrier.pass()
      const write = await Promise.all(facts.map((fact) => toInternalFact(pseudonymizer, domain, fact, by())))
      for (let start = 0; start < write.length; start += MAX_FACTS)
        await changeFacts(pap, { domain, write: write.slice(start, start + MAX_FACTS), remove: [] }, by()).catch(
          (error: unknown) => {
            throw inTheWhole(error, start)
          },
        )
    },
    loadPolicies: async () => {
      await barrier.pass()
      return (await policies.load(by())).version
    },
  }
}

/** Rewrites `facts.N` in a batch's error to the index among all facts. */
function inTheWhole(error: unknown, start: number): unknown {
  const [prefix = '', at] = error instanceof Fault ? (/^write\.(\d+)/u.exec(error.detail ?? '') ?? []) : []
  if (!(error instanceof Fault) || at === undefined) return error
  const detail = `facts.${start + Number(at)}${error.detail?.slice(prefix.length) ?? ''}`
  return new Fault(error.code, error.message, { cause: error, detail })
}
