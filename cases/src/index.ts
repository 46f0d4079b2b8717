/**
 * The notation of `cases.yaml`: parser, checks together with model and manifest, and a player over HTTP.
 *
 * @module
 */
export type { Advice } from './advice.ts'
export { ASK_FORM, type AskWords, readAsk } from './ask.ts'
export { type CaseFile, type CaseQuestion, type CaseStep, type PackCase, parsePackCases } from './cases.ts'
export type { PlayedDecision } from './compare.ts'
export { type PlayIssuer, startPlayIssuer } from './issuer.ts'
export {
  type CasedPack,
  type Checked,
  type CheckedTexts,
  type CheckOptions,
  checkPacks,
  checkTexts,
  type PackTexts,
  type Places,
  PlacesError,
  readPackSources,
  readTexts,
} from './packs.ts'
export { type PartyClaims, type PlayedAnswer, type PlayedPdp, SERVICE_CLIENT, typesOf } from './played-pdp.ts'
export { type PlayedOptions, type RunningPlayed, startPlayed } from './start.ts'
export { StepFailed } from './step-failed.ts'
export { type PlayedCase, type PlayedGrant, playCase, playQuestions, World } from './world.ts'
