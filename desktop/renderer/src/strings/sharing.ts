/**
 * Texts of the screen Sharing and its dialogs.
 *
 * @module
 */
import { plural, times } from '@mandate/ui'

const joined = new Intl.ListFormat('en-GB', { type: 'conjunction' })

export interface GrantTold {
  /** Name in the middle of a sentence: `Yannick`, `you`. */
  readonly who: string
  readonly isYou: boolean
  /** `see and book Three days in Milan`. */
  readonly acts: string
  readonly until: string
  readonly redelegations: number
}

export const sharing = {
  title: 'Sharing',
  lead: 'Who may do what for you, until when. Every one of these you can end at once.',
  given: 'Given',
  received: 'Received',
  givenEmptyTitle: 'Nobody can act for you.',
  givenEmpty: 'Let a person or an agent do something in your name: you see what they could do before you give it.',
  receivedEmptyTitle: 'Nobody gave you anything.',
  receivedEmpty: 'When somebody lets you act for them, it is listed here.',
  new: 'Let somebody act',
  ended: 'Show what has ended',
  hideEnded: 'Hide what has ended',
  expiring: (count: number) => `${plural(count, 'grant ends', 'grants end')} within a day.`,
  revoke: 'Revoke',
  several: 'Revoke several…',
  giveBack: 'Give back',
  passOn: 'Pass on',
  status: {
    live: 'Live',
    expired: 'Expired',
    revoked: 'Revoked',
    cut: 'Cut off',
    pending: 'Pending',
  } as Readonly<Record<string, string>>,
  revokedBy: (who: string, when: string) => `Revoked by ${who} ${when}`,
  /** The giver's own words. */
  because: (end: string, reason: string) => `${end}: “${reason}”`,
  replaced: (when: string) => `Replaced by another grant ${when}`,
  erased: (when: string) => `Ended ${when}, when a person was erased`,
  expired: (when: string) => `Expired ${when}`,
  /** `end`: how the grant above ended. */
  cut: (whose: string, end: string) => `Ended with what was given to ${whose}. That grant: ${end}`,
  cutUnknown: 'Ended because a grant above it ended',
  pending: 'Not given: the decision point could not save it. It permits nothing and will be taken back',
  endsSoon: 'Ends within a day',
  /** Actions of a live grant that the PDP denies now. `verbs`: `book`; `undefined`: all of them. */
  withheld: (verbs: string | undefined, why: string) =>
    verbs === undefined ? `Cannot be used now. ${why}` : `Cannot ${verbs} now. ${why}`,
  /** Why, by reason code; any other code is that of a gate of consent. */
  withheldBy: {
    agent_suspended: 'An operator has suspended this agent.',
    agent_unknown: 'This agent is not registered.',
    chain_broken: 'A person or agent in between cannot pass it on at the moment.',
  } as Readonly<Record<string, string>>,
  ownPersonaUnusable: 'The persona that you gave it in is not active. Activate it again under Settings.',
  ownerPersonaUnusable: (whose: string) => `The persona that ${whose} gave it in is not active.`,
  noPersonaOfYours: 'You have no active persona that may use it.',
  noPersonaOf: (who: string) => `${who} has no active persona that may use it.`,
  noConsentOfYours: 'You do not allow agents to act for you here. Allow it within limits under Settings.',
  noConsentOf: (whose: string) => `Agents may not act for ${whose} here.`,
  neverUsed: 'Never used',
  lastUsed: (when: string) => `Last used ${when}`,
  notUsedSince: (when: string) => `Not used since ${when}`,
  givenBy: (who: string) => `given by ${who}`,
  sentence: ({ who, acts, until, redelegations }: GrantTold): string => {
    const passing = redelegations === 0 ? ', and may not pass it on' : `, and may pass it on ${times(redelegations)}`
    return `${who} may ${acts} until ${until}${passing}`
  },
  sentenceEnded: ({ who, isYou, acts, until }: GrantTold): string =>
    `${who} ${isYou ? 'were' : 'was'} allowed to ${acts} until ${until}`,
  givenWords: (acts: string) => `may ${acts}`,
  within: (limits: readonly string[]) => `Within limits: ${limits.join('; ')}`,
  unattended: 'Also on its own schedule, when nobody asks it to',
}

export const grant = {
  title: 'Let somebody act',
  titlePassOn: 'Pass on what you hold',
  who: 'Who?',
  nobody: 'You have named nobody yet. Invite somebody under People; agents are here already.',
  what: 'What may they do?',
  on: 'On what?',
  choose: 'Choose…',
  howLong: 'Until when?',
  spans: { day: 'For a day', week: 'For a week', month: 'For 30 days', own: 'Until…', mine: 'As long as you do' },
  date: 'Day and time',
  passing: 'May they pass it on?',
  passings: ['No', 'Once', 'Twice'] as readonly string[],
  noMorePassing: 'They cannot pass it on any further.',
  agentsPassNothing: 'An agent cannot pass it on.',
  more: 'More terms',
  price: 'At most, per item',
  priceHelp: 'Empty: no limit of this grant. Your own limits for agents hold in any case.',
  preview: 'What this means',
  previewMissing: 'Choose who, on what, and until when.',
  previewLoading: 'Working out what this means…',
  /** `owner`: whose settings apply; `undefined`: the signed-in person's. */
  gates: (gates: readonly string[], owner: string | undefined) =>
    `Checked at every use against ${owner === undefined ? 'your' : `${owner}’s`} settings: ${joined.format(gates)}.`,
  would: (acts: string) => `can ${acts}`,
  stop: 'You can take it back at any moment, under Sharing. It ends at once, with everything passed on from it.',
  refused: 'This cannot be given.',
  give: 'Give',
  given: (who: string) => `${who} can act for you now.`,
  passedOn: (who: string) => `Passed on to ${who}.`,
  holdOnly: (acts: string, until: string) => `You hold: ${acts}, until ${until}. No more than that can be passed on.`,
}

export const revoke = {
  title: (who: string) => `Take this back from ${who}?`,
  titleGiveBack: 'Give this back?',
  at: 'It ends the moment you say so. What is done already stays as it is.',
  below: (count: number) =>
    count === 0 ? 'Nothing else ends with it.' : `${plural(count, 'more grant ends', 'more grants end')} with it:`,
  belowLoading: 'Looking what else ends with it…',
  belowUnknown: 'What else ends with it could not be read. All that was passed on from it ends in any case.',
  reason: 'Why? (for them to read, if you like)',
  action: 'Revoke now',
  actionGiveBack: 'Give it back',
  done: (who: string) => `Done: ${who} can no longer do this.`,
  doneGiveBack: 'Given back.',
  severalTitle: 'Revoke several at once',
  severalLegend: 'Which?',
  all: 'All of them',
  severalAction: (count: number) => (count === 0 ? 'Revoke' : `Revoke ${count} now`),
  severalDone: (count: number) => `Done: ${plural(count, 'grant')} revoked.`,
  severalLeft: (count: number) => `${plural(count, 'grant')} could not be revoked.`,
  undo: 'Give it again',
  undone: (who: string) => `${who} has it again, as a new grant. What was passed on from it stays ended.`,
  notUndone: (problem: string) => `It was not given again. ${problem}`,
}
