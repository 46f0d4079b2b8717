/**
 * Reason codes of decisions that every domain has, and their texts: each text is in this table only. Codes of a domain's own gates, with their
 * texts, are in its manifest and come by `GET /v1/domains`. A test compares `docs/reasons.md` with both.
 *
 * @module
 */
import { z } from 'zod'

/** Reason codes of permits; every other code is a denial. */
export const PERMIT_REASONS = ['owner', 'delegated', 'related'] as const

/** Texts of one reason, in English. */
export interface ReasonText {
  /** For the person whose request it was. */
  readonly user: string
  /** For administrators and auditors. */
  readonly admin: string
  /** What would change the answer. */
  readonly cure: string
  /** For the owner of the resource, who reads the entry later. Absent: `user` fits. */
  readonly owner?: string
  /** What the owner can change. Absent beside an `owner` text: nothing. */
  readonly owner_cure?: string
}

/** Reasons that every domain has, permits first. */
export const REASONS = {
  owner: {
    user: 'This is yours.',
    admin: 'The subject owns the resource and acts in person in the persona it was created under.',
    cure: 'Nothing to do.',
    owner: 'It is yours, and you did it yourself.',
  },
  delegated: {
    user: 'You were given the authority for this.',
    admin: 'A good chain of grants runs from the owner to the actor.',
    cure: 'Nothing to do.',
    owner: 'By the authority that you gave.',
  },
  related: {
    user: 'The rules of this domain let you do this.',
    admin: "The subject is in the relation to the resource that the domain's own model asks for.",
    cure: 'Nothing to do.',
  },
  no_grant: {
    user: 'Nobody gave you the authority for this.',
    admin: 'No grant, live or ended, runs from the owner of the resource to the actor.',
    cure: 'Ask the owner for a grant.',
    owner: 'Nobody had given them the authority for this.',
    owner_cure: 'To allow it, give them a grant.',
  },
  grant_expired: {
    user: 'The authority you were given has run out.',
    admin: 'A link of the nearest chain is past its expires_at.',
    cure: 'Ask whoever gave it to renew it.',
    owner: 'The authority that they had been given had run out.',
    owner_cure: 'To allow it, give it again.',
  },
  grant_revoked: {
    user: 'The authority you were given was taken back.',
    admin: 'A link of the nearest chain was revoked, renounced, or ended by a transfer.',
    cure: 'Ask whoever gave it for a new grant.',
    owner: 'The authority that they had been given had been taken back.',
    owner_cure: 'To allow it, give it again.',
  },
  grant_scope: {
    user: 'The authority you were given is for something else.',
    admin: 'A live grant of this owner reaches the actor, but its scope does not cover the resource.',
    cure: 'Ask for a grant on this resource.',
    owner: 'What they had been given is for something else.',
    owner_cure: 'To allow it, give them a grant on this too.',
  },
  grant_action: {
    user: 'The authority you were given does not include this action.',
    admin: 'A link of the nearest chain does not list the action.',
    cure: 'Ask for a grant that includes the action.',
    owner: 'What they had been given does not include this action.',
    owner_cure: 'To allow it, give them a grant that includes it.',
  },
  grant_limit: {
    user: 'This goes beyond the limit of the authority you were given.',
    admin: 'An attribute lies outside a limit of a link of the chain.',
    cure: 'Stay within the limit, or ask for a wider grant.',
    owner: 'It went beyond the limit of what they had been given.',
    owner_cure: 'Give a wider grant, or do it yourself.',
  },
  grant_persona: {
    user: 'The authority you were given is for another persona of yours.',
    admin: 'The nearest chain must be used in another persona than the one the request acts in.',
    cure: 'Switch to the persona that the grant names.',
    owner: 'What they had been given is for another persona of theirs.',
    owner_cure: 'They act in the persona that the grant names.',
  },
  chain_broken: {
    user: 'Somebody between the owner and you can no longer pass this authority on.',
    admin: 'A giver in the middle of the nearest chain is not usable, or a link does not attenuate its parent.',
    cure: 'Ask the owner for a grant, or wait until the giver is usable again.',
    owner: 'A person between you and them can no longer pass it on.',
    owner_cure: 'Give it to them directly.',
  },
  not_on_behalf: {
    user: 'The agent may not act for you here.',
    admin: 'The actor holds a good chain, but not from this subject (or not for use on its own schedule).',
    cure: 'Grant the agent this authority yourself, or mark its grant unattended.',
    owner: 'The agent may not act for the person who asked it to.',
    owner_cure: 'That person gives the agent the authority themself.',
  },
  owner_persona_unusable: {
    user: "The owner's persona is not usable at the moment.",
    admin: 'The persona the resource was created under is not active or outside its dates.',
    cure: 'The owner reactivates the persona.',
    owner: 'The persona of yours that this belongs to was not usable.',
    owner_cure: 'Activate the persona again under Settings.',
  },
  persona_unknown: {
    user: 'You do not have this persona.',
    admin: 'The subject holds no persona with the title and circle that the request names, or names none.',
    cure: 'Choose a persona that you hold.',
  },
  persona_unusable: {
    user: 'Your persona is not usable at the moment.',
    admin: "The subject's persona is pending, inactive, suspended, revoked or outside its dates.",
    cure: 'Reactivate the persona, or ask a persona administrator.',
  },
  persona_mismatch: {
    user: 'This belongs to another persona of yours.',
    admin: 'The owner acts in another persona than the one the resource was created under.',
    cure: 'Switch to the persona the resource was created under.',
  },
  persona_action: {
    user: 'Your persona may not do this.',
    admin: "The domain does not allow the action to the persona's title (in its own right, or by grant).",
    cure: 'Use a persona whose title allows it.',
  },
  agent_unknown: {
    user: 'This agent is not registered.',
    admin: 'No agent is registered under this id.',
    cure: 'An operator registers the agent.',
  },
  agent_suspended: {
    user: 'This agent is suspended.',
    admin: 'An operator suspended the agent.',
    cure: 'An operator resumes the agent.',
  },
  not_related: {
    user: 'The rules of this domain do not let you do this.',
    admin: "The subject is not in the relation to the resource that the domain's own model asks for, as things are.",
    cure: 'Ask whoever runs the domain.',
  },
  session_ended: {
    user: 'You have signed out.',
    admin: "The subject's session ended at the identity provider.",
    cure: 'Sign in again.',
    owner: 'Their session had ended.',
    owner_cure: 'They sign in again.',
  },
  no_consent: {
    user: 'The owner has not consented to agents acting here.',
    admin: "The owner's persona has no autonomy settings, or consent is withdrawn.",
    cure: 'The owner consents and sets every limit.',
    owner: 'You had not consented to agents acting for you here.',
    owner_cure: 'Allow it within limits under Settings.',
  },
  attribute_invalid: {
    user: 'Something about this item is missing or malformed.',
    admin: 'An attribute that a gate needs is missing, null, of the wrong type, negative, or in another currency.',
    cure: 'The service sends the attribute as the manifest declares it.',
  },
  resource_unknown: {
    user: 'Nobody gave you the authority for this.',
    admin: 'The resource, or its type, is not registered.',
    cure: 'The service registers the resource first.',
    owner: 'Nobody had given them the authority for this.',
  },
  action_unknown: {
    user: 'There is no such action here.',
    admin: "The domain's manifest does not know the action.",
    cure: 'Use an action that the manifest lists.',
  },
  subject_invalid: {
    user: 'It is unclear who is asking.',
    admin:
      "The subject's type is neither user, agent nor a word of the domain for people; or a batch item's subject is malformed.",
    cure: 'Send a subject with a type that the domain knows, and an id.',
  },
} as const satisfies Record<string, ReasonText>

/** A reason code that every domain has. */
export type ReasonCode = keyof typeof REASONS

/** The reason code of a gate, as a domain's manifest declares it: snake case. */
export const gateCodeSchema = z
  .string()
  .regex(/^[a-z][a-z0-9_]*$/u)
  .brand<'GateCode'>()
/** Made only by parsing a manifest, or a message or log entry that quotes one: a literal in code is no `GateCode`, so a misspelled code does not compile. */
export type GateCode = z.infer<typeof gateCodeSchema>

/** The reason code of a decision. */
export type DecisionCode = ReasonCode | GateCode

/**
 * A reason code in a message or an entry of the log. Accepts any text: the reader may have neither the manifest nor the version of the table that the
 * code is from.
 */
export const decisionCodeSchema = z.string() as unknown as z.ZodType<DecisionCode, string>

/**
 * Whether a reason has one of these codes. Compare with this instead of `===`, which accepts a misspelled literal beside a {@link GateCode}.
 */
export const hasCode = ({ code }: { readonly code: string }, ...codes: readonly ReasonCode[]): boolean =>
  (codes as readonly string[]).includes(code)

/** Every code of {@link REASONS}, in its order. */
export const REASON_CODES = Object.keys(REASONS) as readonly ReasonCode[]

/** The texts of a code of {@link REASONS}; `undefined` for a code of a domain's own gate. */
export function coreReason(code: string): ReasonText | undefined {
  return Object.hasOwn(REASONS, code) ? REASONS[code as ReasonCode] : undefined
}
