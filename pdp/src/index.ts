export { type Pdp, type StartOptions, startPdp } from './app.ts'
export { CachedRelations } from './cache/cached-relations.ts'
export { type Config, parseConfig } from './config.ts'
export {
  comparePolicies,
  countNotMadeAgain,
  type EvaluatedAgain,
  evaluateAgain,
  isSameOutcome,
  loggedOutcome,
  type PolicyComparisonResult,
  type PolicyJudge,
  type PolicyOutcome,
  policyJudge,
  type TurnedEntry,
} from './decide/compare-policies.ts'
export { decide } from './decide/decide.ts'
export type { DecideDeps } from './decide/deps.ts'
export { evaluationOf, looksAt, NOT_REPLAYABLE, type NotReplayable, type ReplayableEntry } from './decide/replay.ts'
export type { Verdict } from './decide/verdict.ts'
export { type RelationsOfTuples, relationsOfTuples } from './embedded/relations-of-tuples.ts'
export { loadProgram, Program } from './engine/engine.ts'
export { type NextCheckFinding, nextCheckFindings } from './engine/next-check.ts'
export { type Operation, problemsOf } from './http/openapi/operation.ts'
export { OPERATIONS } from './http/openapi/operations.ts'
export type { OperatorApi } from './http/operator-api.ts'
export { CLAIM_TYPE } from './openfga/claim.ts'
export { OpenFgaClient } from './openfga/client.ts'
export { compileModel } from './openfga/compile.ts'
export { OpenFgaRelations } from './openfga/relations.ts'
export { FgaStore } from './openfga/store.ts'
export { FencedWriter } from './openfga/writer.ts'
export { attributeObjection } from './policy/attribute-values.ts'
export { describeDomain } from './policy/describe.ts'
export type { Manifest } from './policy/manifest.ts'
export { type ModelLines, modelLines } from './policy/model-lines.ts'
export {
  compilePolicies,
  examinePolicies,
  type InForce,
  type Policies,
  type PolicySources,
  packFolders,
  readSources,
} from './policy/pack.ts'
export { contextObjection } from './policy/parameters.ts'
export { PolicyError, parseYaml, type Whereabouts } from './policy/yaml.ts'
export { suggestion, suggestionOrList } from './policy/yaml-message.ts'
export type { GrantRecord } from './ports/grants.ts'
export type { PastGrants } from './ports/register.ts'
export type { ChangeJournal, OpenChange } from './ports/stores.ts'
export { readEmbeddedTuples } from './store/read-tuples.ts'
export { bodyOf, readPage, type StoredTuple } from './tuples/stored.ts'
export type { Change } from './tuples/tuples.ts'
