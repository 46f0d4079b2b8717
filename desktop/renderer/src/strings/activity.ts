/**
 * The texts of the screen Activity.
 *
 * @module
 */
import { counted, plural } from '@mandate/ui'

/** Of `may`, `were permitted to`: what a domain's action does, in the middle of a sentence. */
const ACTS: Readonly<Record<string, string>> = {
  read: 'see',
  execute: 'book',
  update: 'change',
  create: 'create something in',
}
const act = (action: string): string => ACTS[action] ?? action.replaceAll('_', ' ')

/** What the entry says of somebody, from where the person at the screen stands. */
const KINDS: Readonly<Record<string, string>> = {
  evaluation: 'Decisions',
  search: 'Searches',
  grant_issued: 'Grants given',
  grant_revoked: 'Grants ended',
  invitation_changed: 'Invitations',
  persona_created: 'Personas taken',
  persona_changed: 'Personas changed',
  resource_registered: 'Things made',
  resource_removed: 'Things removed',
  person_erased: 'Erasures',
}

const WHY: Readonly<Record<string, { readonly said: string; readonly cure: string }>> = {
  owner: { said: 'It is yours, and you did it yourself.', cure: '' },
  delegated: { said: 'By the authority that you gave.', cure: '' },
  no_grant: { said: 'Nobody had given them the authority for this.', cure: 'If they shall do it: give them a grant.' },
  grant_expired: {
    said: 'The authority that they had been given had run out.',
    cure: 'If they shall do it: give it again.',
  },
  grant_revoked: {
    said: 'The authority that they had been given had been taken back.',
    cure: 'If they shall do it: give it again.',
  },
  grant_scope: {
    said: 'What they had been given is for something else.',
    cure: 'If they shall do it: give them a grant on this too.',
  },
  grant_action: {
    said: 'What they had been given does not include this.',
    cure: 'If they shall do it: give them a grant that includes it.',
  },
  grant_limit: {
    said: 'It went beyond the limit of what they had been given.',
    cure: 'Give a wider grant, or do it yourself.',
  },
  grant_persona: {
    said: 'What they had been given is for another role of theirs.',
    cure: 'They act in the role that the grant names.',
  },
  chain_broken: { said: 'Somebody between you and them can no longer pass it on.', cure: 'Give it to them directly.' },
  not_on_behalf: {
    said: 'The agent may not act for whoever asked it to.',
    cure: 'Whoever asks it gives it the authority themself.',
  },
  owner_persona_unusable: {
    said: 'The persona of yours that this belongs to was not usable.',
    cure: 'Take it up again under Settings.',
  },
  no_consent: {
    said: 'You had not consented to agents booking for you.',
    cure: 'Allow it within limits under Settings.',
  },
  price_above_limit: {
    said: 'It cost more than you let an agent spend.',
    cure: 'Raise the limit under Settings, or book it yourself.',
  },
  lead_time_too_short: {
    said: 'It was sooner than you let an agent book.',
    cure: 'Shorten the time ahead under Settings, or book it yourself.',
  },
  risk_above_limit: {
    said: 'It was riskier than you let an agent decide.',
    cure: 'Raise the limit under Settings, or decide yourself.',
  },
  resource_unknown: { said: 'Nobody had given them the authority for this.', cure: '' },
  session_ended: { said: 'Their session had ended.', cure: 'They sign in again.' },
}

export const activity = {
  title: 'Activity',
  lead: 'Everything that was done, or tried, in your name. Nobody can alter it afterwards, and you can check that yourself.',
  somebody: (id: string) => `somebody (${id})`,
  verdict: { permit: 'Permitted', deny: 'Denied' } as const,
  emptyTitle: 'Nothing has been done in your name yet.',
  empty: 'As soon as you, or somebody for you, does something or tries to, it stands here.',
  noneTitle: 'Nothing has all of that.',
  none: 'Take a filter off, or look at a longer time.',
  clear: 'Clear all filters',
  found: (count: number) => `${counted(count)} ${count === 1 ? 'entry' : 'entries'}`,
  looking: 'Looking…',
  showLooks: (count: number) => `Also what you only looked at (${counted(count)})`,
  hideLooks: 'Leave out what you only looked at',
  list: 'Entries, newest first',
  columns: { when: 'When', verdict: 'Answer', what: 'Who did what', why: 'Why' } as const,
  live: 'Live',
  watching: 'new ones come in by themselves',
  paused: 'paused',
  arrived: (count: number) => plural(count, 'new entry', 'new entries'),
  older: 'Older entries…',
  all: 'That is all.',
  export: 'Export',
  formats: { jsonl: 'JSON Lines', csv: 'CSV, for a spreadsheet', ocsf: 'OCSF, for a security system' } as const,
  exported: (name: string) => `Saved as ${name}.`,

  filters: {
    label: 'Filter',
    show: 'Filter',
    count: (count: number) => `Filter (${count})`,
    who: 'Who acted',
    anybody: 'Anybody',
    me: 'You, and agents that you asked',
    decision: 'Answer',
    either: 'Either',
    permit: 'Permitted',
    deny: 'Denied',
    kind: 'What kind',
    anyKind: 'Everything',
    action: 'What was tried',
    anyAction: 'Anything',
    thing: 'On what',
    anyThing: 'Anything',
    from: 'From',
    to: 'Up to and including',
    grant: 'By which grant',
    anyGrant: 'Any, or none',
  },
  kinds: KINDS,
  actions: { read: 'See', execute: 'Book', update: 'Change', create: 'Create' } as Readonly<Record<string, string>>,

  /** The whole of an entry as one sentence, without its full stop. */
  did: (who: string, action: string, thing: string, isPermitted: boolean) =>
    isPermitted ? `${who} could ${act(action)} ${thing}` : `${who} could not ${act(action)} ${thing}`,
  searched: (who: string, type: string, action: string, found: number | undefined) => {
    const what = type === 'workflow' ? 'trips' : 'what there is'
    const sentence = `${who} looked for ${what}${action === '' ? '' : ` to ${act(action)}`}`
    return found === undefined ? sentence : `${sentence} (${found} found)`
  },
  forWhom: (sentence: string, whom: string) => `${sentence}, for ${whom}`,
  itemOf: (thing: string, price: string | undefined) =>
    price === undefined ? `an item of ${thing}` : `an item of ${thing} (${price})`,
  gave: (who: string, whom: string, acts: string, thing: string) => `${who} let ${whom} ${acts} ${thing}`,
  gaveBare: 'A grant was given',
  ended: (who: string) => `${who} ended a grant`,
  endedBare: 'A grant was ended',
  invitation: {
    open: 'You invited somebody',
    redeemed: 'An invitation was used',
    confirmed: 'An invitation was confirmed',
    withdrawn: 'An invitation was withdrawn',
  } as Readonly<Record<string, string>>,
  invitationBare: 'An invitation changed',
  persona: (name: string, status: string) => `Your persona ${name}: ${status}`,
  personaStatus: {
    pending: 'waits for an administrator',
    active: 'active',
    inactive: 'resting',
    suspended: 'suspended',
    revoked: 'given back',
  } as Readonly<Record<string, string>>,
  consent: { yes: 'agents may book within your limits', no: 'agents may not book' },
  registered: (thing: string) => `${thing} was made`,
  removed: (thing: string) => `${thing} was removed`,
  why: WHY,

  back: 'All activity',
  loading: 'Opening…',
  was: { permit: 'Permitted', deny: 'Denied', note: 'Recorded' } as const,
  authority: 'On whose authority',
  authorityLead: 'Who gave it to whom, how each link stood then and stands now.',
  inPerson: 'Nobody’s but their own: no grant was needed.',
  noChain: 'Nobody’s: no grant led from the owner to whoever tried.',
  broken: 'This grant no longer held, or did not reach far enough: the link that is marked broke it.',
  revoke: (who: string) => `Revoke what you gave ${who}`,
  over: 'None of the links that you gave is still live: this authority is over.',
  mine: 'A live link is yours to end at once:',
  notYours: 'None of these links is yours to end.',
  gates: 'What was checked',
  gatesLead: 'In order. What failed decided.',
  gate: { holds: 'passed: ', fails: 'failed: ', open: '' } as const,
  proof: 'Is this what was recorded?',
  proofLead: 'Checked in this window, on your device. No service is believed.',
  proving: 'Checking the proof…',
  proofs: {
    holds: 'Yes. It is in the log, unaltered.',
    partial: 'It is in the log, unaltered. You are not shown all of it.',
    fails: 'No. This is not what was recorded.',
    unpinned: 'It is in the log, but nobody vouches for the log.',
  } as const,
  proofAdvice: {
    holds: '',
    partial: 'What it cost and what the limit was is for the owner to know. They can compare all of it.',
    fails: 'Do not trust this entry. Export it, and tell whoever runs this.',
    unpinned: 'This app was set up without a key of the log. Ask whoever runs it for one.',
  } as const,
  checks: { leaf: 'Entry', inclusion: 'Inclusion', signature: 'Signature', memory: 'Memory' } as const,
  tookMs: (ms: number) => `Took ${ms} ms.`,
  replay: 'What would be answered now?',
  replayLead: 'The same question, with the grants and settings of this moment. Nothing is done by asking.',
  ask: 'Ask again now',
  asking: 'Asking…',
  before: 'Then',
  now: 'Now',
  same: 'The same would be answered now.',
  sameNewer: 'The same would be answered now, by newer rules.',
  differs: (what: string) => `Another answer would be given now. What differs: ${what}.`,
  differences: {
    decision: 'the answer',
    reasons: 'the reasons',
    chain: 'the grants it goes by',
    policy: 'the rules',
    model: 'the model of the rules',
  } as Readonly<Record<string, string>>,
  record: 'Everything that was recorded',
  recordLead: 'Your names for people stand nowhere in it.',
  fields: {
    id: 'Entry',
    at: 'When',
    subject: 'In the name of',
    actor: 'Acted',
    owner: 'Owner',
    caller: 'Asked by',
    persona: 'Persona',
    action: 'Action',
    resource: 'Thing',
    target: 'About',
    policy: 'Rules',
    index: 'Place in the log',
  } as Readonly<Record<string, string>>,
}
