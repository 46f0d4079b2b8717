/**
 * All texts of the window. Another language would be another object of type {@link Strings}. Texts of reasons, problems and domains come from the
 * services.
 *
 * @module
 */
import { plural } from '@mandate/ui'
import { account, forget } from './strings/account.ts'
import { activity } from './strings/activity.ts'
import { amountWrong, instant } from './strings/amounts.ts'
import { confirmation, contacts, invite, redeem } from './strings/contacts.ts'
import { autonomy, settings, taking } from './strings/settings.ts'

const joined = new Intl.ListFormat('en-GB', { type: 'conjunction' })

const times = (count: number): string => (count === 1 ? 'once' : count === 2 ? 'twice' : `${count} times`)

export interface GrantTold {
  /** Name in the middle of a sentence: `Yannick`, `you`. */
  readonly who: string
  /** `see and book`. */
  readonly acts: string
  readonly thing: string
  readonly until: string
  readonly redelegations: number
}

const english = {
  brand: 'Mandate',
  skip: 'Skip to the page',
  actingAs: ([title = '', circle = '']: readonly string[]) => `Acting as ${title.replaceAll('-', ' ')}, ${circle}`,
  nav: {
    label: 'Main',
    trips: 'Trips',
    sharing: 'Sharing',
    people: 'People',
    settings: 'Settings',
    activity: 'Activity',
    account: 'Account',
  },
  loading: 'Loading…',
  close: 'Close',
  cancel: 'Cancel',
  done: 'Done',
  again: 'Try again',
  more: 'Show more',
  saving: 'Saving…',

  contacts,
  invite,
  redeem,
  confirmation,
  settings,
  taking,
  amountWrong,
  autonomy,
  instant,
  activity,
  account,
  forget,

  people: {
    you: 'you',
    unnamed: (id: string) => `somebody unnamed (${id})`,
    nameThem: 'Name them',
  },
  things: {
    all: (domain: string) => `everything of ${domain}`,
    madeOn: (title: string, when: string) => `${title} (made ${when})`,
    allOfYours: (thing: string) => `${thing} of yours`,
    ofOthers: (owner: string, thing: string) => `${owner}’s ${thing}`,
  },
  /** The beginning of a sentence. */
  capital: (text: string) => text.replace(/^./u, (letter) => letter.toUpperCase()),
  list: (items: readonly string[]) => joined.format(items),
  until: (when: string) => `until ${when}`,

  failure: {
    title: 'This could not be loaded.',
    offline: 'Mandate does not answer. Look at your connection, then try again.',
    signedOut: 'Your session has ended. Sign in again to go on.',
    retryAfter: (seconds: number) => `It is worth trying again in ${plural(seconds, 'second')}.`,
  },
  stale: {
    title: 'You are offline.',
    words: 'You see stored data. Nothing can be changed until Mandate answers again.',
    since: (when: string) => `Last known ${when}.`,
    notAgain: 'You see this as it was. It can no longer be read.',
  },

  standing: {
    title: 'Can act for you now',
    nobody: 'Nobody can act for you now.',
    count: (count: number) => `${plural(count, 'other')} can act for you`,
    through: (who: string) => `through ${who}`,
    review: 'Review and stop',
    loading: 'Looking who can act for you…',
    unknown: 'Who can act for you could not be read.',
  },

  signIn: {
    title: 'Decide who acts for you.',
    lead: 'Let a person or an agent act in your name, see what they do with it, and take it back at any moment.',
    action: 'Sign in',
    how: 'Your system’s browser opens for it. This app never sees your password, your name or your e‑mail address.',
    waiting: 'Go on in your browser.',
    waitingLead: 'Your browser shows the sign-in page. When you are done there, this window goes on by itself.',
    waitingAside: 'It waits five minutes, then it gives up.',
    cancel: 'Cancel the sign-in',
    ended: 'Your session ended. Sign in again to go on.',
    signedOut: 'You are signed out. Nothing of yours is kept in this window.',
    forgotten: 'You are forgotten: what was yours has been erased, and you are signed out.',
    problems: {
      cancelled: { title: 'The sign-in was cancelled.', words: 'Nothing has changed. Start again whenever you like.' },
      timed_out: { title: 'The sign-in took too long.', words: 'After five minutes it is given up. Start again.' },
      refused: {
        title: 'You were not signed in.',
        words: 'The identity provider refused, or you declined there. Try again, or ask the operator.',
      },
      identity_unavailable: {
        title: 'The identity provider does not answer.',
        words: 'Look at your connection, then try again.',
      },
      offline: {
        title: 'The identity provider does not answer.',
        words: 'Look at your connection, then try again.',
      },
      clock_wrong: {
        title: 'This computer’s clock is wrong.',
        words: 'The identity provider refuses what comes from another time. Set date and time, then start again.',
      },
      invalid_response: {
        title: 'The response was not valid.',
        words: 'The response did not belong to this sign-in and was discarded. Start again.',
      },
      other: {
        title: 'The sign-in did not succeed.',
        words: 'Start again. If it happens again, tell the operator.',
      },
    },
    keystore: {
      title: 'This system has no safe keystore.',
      words:
        'No safe keystore was found, so the app will not write your sign-in to disk. You can sign in for this once: when the app closes, you are signed out.',
      action: 'Sign in until the app closes',
      help: 'Unlock or install a keyring (such as GNOME Keyring or KWallet) to stay signed in.',
    },
  },

  trips: {
    title: 'Trips',
    lead: 'What is yours, and what others let you see.',
    create: 'New trip',
    mine: 'Yours',
    shared: 'Shared with you',
    emptyTitle: 'No trips yet.',
    empty: 'Make one from a template. Nothing is booked before you, or somebody you allow, books it.',
    sharedEmpty: 'Nobody shares a trip with you. When somebody does, it is listed here.',
    createdOn: (when: string) => `made ${when}`,
    owner: (who: string) => `${who}’s`,
    back: 'All trips',
    chooseTemplate: 'From which template?',
    departs: 'Departure',
    departsHelp: (days: number) => `When you leave it, in ${days} days.`,
    createAction: 'Create trip',
    created: (title: string) => `${title} is created. Only you can act on it.`,
    total: 'Planned in all',
    items: 'Items',
    one: 'Trip',
    yours: 'This is yours.',
    andOthers: (names: string) => `${names} may act on it too.`,
    onlyYou: 'Nobody else may act on it.',
    ownedBy: (who: string) => `This belongs to ${who}.`,
  },

  item: {
    risk: (risk: number) => `risk ${risk} of 5`,
    status: { planned: 'Planned', booked: 'Booked', rebooked: 'Booked again' } as Readonly<Record<string, string>>,
    waiting: 'Waiting',
    trying: 'Trying…',
    permitted: 'Permitted',
    denied: 'Denied',
    wouldPermit: 'Would be permitted',
    wouldDeny: 'Would be denied',
    failed: 'Not decided',
    unchanged: 'Already booked as it stands',
    undecided: 'No decision could be had, so nothing was done. Try again.',
    failure: (code: string) =>
      `It could not be carried out (${code.replaceAll('_', ' ')}). Nothing was booked twice; try again.`,
    never: 'Not tried yet',
    by: (who: string) => `by ${who}`,
    byFor: (who: string, whom: string) => `by ${who} for ${whom}`,
    chain: 'On whose authority',
    inPerson: 'In person: no grant was needed.',
    record: 'Open in activity',
    noChain: 'No grant leads from the owner to the person or agent that tried.',
    more: 'More',
    book: 'Book in person',
    move: 'Move to another time',
    actions: (name: string) => `More for ${name}`,
  },

  reason: {
    cure: 'What would change it:',
    limit: (actual: string, limit: string) => `It is ${actual}; the limit is ${limit}.`,
    toSettings: 'Change your limits',
    toSharing: 'See the grants',
  },

  run: {
    inPerson: 'Book all in person',
    dryRun: 'Check without booking',
    checkMe: 'What you could book yourself',
    agent: (title: string) => `Let ${title} book it`,
    agentDry: (title: string) => `What ${title} could book for you`,
    agentNeedsGrant: (title: string) =>
      `${title} has no authority here from you. It will be denied, item by item, until you give it some.`,
    agentForOthers: (title: string, whom: string) =>
      `${title} may act here for ${whom}, not for you. It will be denied, item by item, until you give it authority yourself.`,
    giveFirst: (title: string) => `Give ${title} authority`,
    running: (title: string) => `${title} is working…`,
    status: {
      running: 'Running',
      done: 'Done',
      denied: 'Denied: the trip may not even be read',
      failed: 'Failed: the service did not answer',
      stopped: 'Stopped: its authority ended',
      interrupted: 'Interrupted',
    } as Readonly<Record<string, string>>,
    dry: 'Checked only, nothing booked',
    sum: (permitted: number, denied: number, waiting: number) =>
      [
        plural(permitted, 'item permitted', 'items permitted'),
        `${denied} denied`,
        ...(waiting > 0 ? [`${waiting} to go`] : []),
      ].join(', '),
    resume: 'Take it up again',
    at: (when: string) => `at ${when}`,
    checkedTitle: 'Checked in person',
    bookedTitle: 'Booked in person',
  },

  move: {
    title: (name: string) => `Move ${name}`,
    when: 'New start',
    action: 'Move it',
    moved: (name: string) => `${name} is moved.`,
    conflict: 'It has changed since you saw it. The newest is shown now; look at it and choose again.',
    changes: (name: string) => `What was booked of ${name} is not changed until it is booked again.`,
  },

  access: {
    share: 'Who may act on this trip',
    yours: 'What you may do here',
    onlyYou: 'Only you. Nobody else may see it or act on it.',
    stop: 'You, and these. What you revoke ends at once.',
    let: 'Let',
    act: 'act',
    somebody: 'Somebody else…',
  },

  sharing: {
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
    expired: (when: string) => `Expired ${when}`,
    cut: 'Ended because a grant above it ended',
    pending: 'Not given: the decision point could not save it. It permits nothing and will be taken back',
    endsSoon: 'Ends within a day',
    givenBy: (who: string) => `given by ${who}`,
    sentence: ({ who, acts, thing, until, redelegations }: GrantTold): string => {
      const passing = redelegations === 0 ? ', and may not pass it on' : `, and may pass it on ${times(redelegations)}`
      return `${who} may ${acts} ${thing} until ${until}${passing}`
    },
    sentenceEnded: ({ who, acts, thing, until }: GrantTold): string => `${who} could ${acts} ${thing} until ${until}`,
    givenWords: (acts: string, thing: string) => `may ${acts} ${thing}`,
    within: (limits: readonly string[]) => `Within limits: ${limits.join('; ')}`,
    unattended: 'Also on its own schedule, when nobody asks it to',
  },

  grant: {
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
    implied: 'comes with booking',
    preview: 'What this means',
    previewMissing: 'Choose who, on what, and until when.',
    previewLoading: 'Working out what this means…',
    /** `owner`: whose settings apply; `undefined`: the signed-in person's. */
    gates: (gates: readonly string[], owner: string | undefined) =>
      `Checked at every use against ${owner === undefined ? 'your' : `${owner}’s`} settings: ${joined.format(gates)}.`,
    would: (acts: string, thing: string) => `can ${acts} ${thing}`,
    stop: 'You can take it back at any moment, under Sharing. It ends at once, with everything passed on from it.',
    refused: 'This cannot be given.',
    give: 'Give',
    given: (who: string) => `${who} can act for you now.`,
    passedOn: (who: string) => `Passed on to ${who}.`,
    holdOnly: (acts: string, until: string) => `You hold: ${acts}, until ${until}. No more than that can be passed on.`,
  },

  revoke: {
    title: (who: string) => `Take this back from ${who}?`,
    titleGiveBack: 'Give this back?',
    at: 'It ends the moment you say so. What is booked already stays booked.',
    below: (count: number) =>
      count === 0 ? 'Nothing else ends with it.' : `${plural(count, 'more grant ends', 'more grants end')} with it:`,
    belowLoading: 'Looking what else ends with it…',
    belowUnknown: 'What else ends with it could not be read. All that was passed on from it ends in any case.',
    reason: 'Why? (for them to read, if you like)',
    action: 'Revoke now',
    actionGiveBack: 'Give it back',
    done: (who: string) => `Done: ${who} can no longer do this.`,
    doneGiveBack: 'Given back.',
  },
}

export type Strings = typeof english

export const strings: Strings = english
